#!/bin/bash
# SPDX-License-Identifier: MIT
# Differences from other data are told key by key.
. "$(dirname "$0")/verify.bash"
library='f5 11 23216c7561206e616d653d6c0a783d310a' other_library='f5 11 23216c7561206e616d653d6c0a783d320a'
make_rdb a.rdb REDIS0010 "$library" fe00 fb0500 "$a_is_1" "$b_is_2" "$hash" "$expiring"
make_rdb same.rdb VALKEY080 "$expiring" fe00 "$b_is_2" '10 0468617368 0d 0d000000 0200 816602 817602 ff' '00 0161 c001' "$library"
make_rdb part-1.rdb REDIS0010 "$library" "$expiring"
make_rdb part-2.rdb REDIS0010 "$library" fe00 "$a_is_1" "$b_is_2" "$hash"
make_rdb other.rdb REDIS0010 "$other_library" fe00 fb0500 '00 0161 0139' '01 0162 01 0132' "$list" fe01 'fc 0130d915bb030000' '00 0165 0176'
make_rdb twice.rdb REDIS0010 "$library" "$expiring" fe00 "$a_is_1" "$a_is_1" "$b_is_2" "$hash"
make_rdb later.rdb REDIS0010 "$library" fe00 "$a_is_1" "$b_is_2" "$hash" fe01 'fc c433d915bb030000' '00 0165 0176'
make_rdb damaged.rdb REDIS0010 fe00 "$a_is_1" '05 017a 01 0161 000000000000f87f'
make_rdb odd.rdb REDIS0010 fe00 '00 050a27c3a4ff 00'
set_command a 1 >in.aof
cut_rdb cut.rdb
aof_directory dir
kv_rdb kv.rdb
verify a.rdb --against a.rdb
verify a.rdb --against same.rdb
verify part-1.rdb part-2.rdb --against a.rdb
verify a.rdb --against other.rdb
verify other.rdb --against a.rdb -q
verify a.rdb --against other.rdb --memory 1 | LC_ALL=C sort
verify a.rdb --against odd.rdb | head -n 2
verify a.rdb --against - <other.rdb | tail -n 3
verify - --against other.rdb <a.rdb | tail -n 3
verify a.rdb --against later.rdb
verify a.rdb --against later.rdb --ttl-tolerance 1s
verify a.rdb --against later.rdb --ttl-tolerance 963ms
verify a.rdb --against other.rdb --digest
verify a.rdb --against twice.rdb
verify twice.rdb --against a.rdb
verify damaged.rdb --against a.rdb
echo 'what cannot be compared with'
verify a.rdb --against damaged.rdb
verify a.rdb --against cut.rdb
verify a.rdb --against nowhere.rdb
verify nowhere.rdb --against a.rdb
verify a.rdb --against in.aof
verify in.aof --against a.rdb
verify kv.rdb --against dir
"$RDBFERRY" convert a.rdb -o aof -q
verify a.rdb --against aof
verify aof --against a.rdb
