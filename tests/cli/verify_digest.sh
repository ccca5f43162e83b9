#!/bin/bash
# SPDX-License-Identifier: MIT
# A digest is that of the data: the same for a whole and its parts, in any order, form or encoding.
. "$(dirname "$0")/verify.bash"
library='f5 11 23216c7561206e616d653d6c0a783d310a'
make_rdb whole.rdb REDIS0010 "$library" fe00 fb0600 "$a_is_1" "$b_is_2" "$list" "$set" "$zset" "$hash" "$stream" "$expiring"
make_rdb shard-1.rdb REDIS0010 "$library" fe00 fb0300 "$zset" "$a_is_1" "$stream"
make_rdb shard-2.rdb REDIS0011 'fa 0161 0162' "$library" "$expiring" fe00 "$b_is_2" "$hash"
make_rdb shard-3.rdb VALKEY080 "$library" "$list" "$set"
make_rdb packed.rdb REDIS0011 fe01 'f8 05 fc 0030d915bb030000' '00 0165 0176' fe00 '00 0161 c001' '00 0162 c002' \
    '01 046c697374 02 c30201 0061 0162' '14 03736574 0d 0d000000 0200 816202 816102 ff' \
    '03 047a736574 01 0161 03312e35' '10 0468617368 0d 0d000000 0200 816602 817602 ff' \
    '15 0673747265616d 00 00 00 00 00 00 00 00 00 00' "$library"
make_rdb changed.rdb REDIS0010 "$library" fe00 fb0600 "$a_is_1" '00 0162 0133' "$list" "$set" "$zset" "$hash" "$stream" "$expiring"
empty_rdb empty.rdb
gzip -k whole.rdb
verify whole.rdb --digest
verify whole.rdb.gz --digest
verify shard-1.rdb shard-2.rdb shard-3.rdb --digest
verify shard-3.rdb shard-1.rdb shard-2.rdb --digest
verify packed.rdb --digest
verify packed.rdb --digest -q
verify shard-1.rdb shard-2.rdb --digest
verify changed.rdb --digest
verify empty.rdb --digest
verify empty.rdb whole.rdb --digest
verify - --digest <whole.rdb
"$RDBFERRY" convert whole.rdb -o dir -q
verify dir --digest
verify whole.rdb --digest --min-keys 9
verify whole.rdb whole.rdb --digest
make_rdb damaged.rdb REDIS0010 "$a_is_1" '05 017a 01 0161 000000000000f87f'
verify damaged.rdb --digest
set_command a 1 >in.aof
verify in.aof --digest
verify whole.rdb in.aof --digest
