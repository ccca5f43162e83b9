#!/bin/bash
# SPDX-License-Identifier: MIT
# Where nobody can tell where a value ends, that is where the reading ends.
. "$(dirname "$0")/verify.bash"
damaged_listpack='10 0168 0d 0d000000 0300 816602 817602 ff'
make_rdb string.rdb REDIS0010 "$a_is_1" '01 046c697374 02 0161 c4' "$b_is_2"
make_rdb then_lost.rdb REDIS0010 "$damaged_listpack" "$a_is_1" '1c 0161 01 02 00' "$b_is_2"
make_rdb opcode.rdb REDIS0010 "$a_is_1" 'f0 00' "$b_is_2"
make_rdb long.rdb REDIS0010 "$a_is_1" '00 016b 80ffffffff 00'
cut_rdb cut.rdb
kv_rdb no_end.rdb
truncate -s 19 no_end.rdb
kv_rdb no_checksum.rdb
truncate -s 24 no_checksum.rdb
head -c 7 no_end.rdb >magic.rdb
kv_rdb crc.rdb
printf '\1' | dd of=crc.rdb bs=1 seek=27 conv=notrunc status=none
make_rdb damaged_and_crc.rdb REDIS0010 "$damaged_listpack" "$a_is_1"
printf '\1' | dd of=damaged_and_crc.rdb bs=1 seek=$(($(stat -c %s damaged_and_crc.rdb) - 1)) conv=notrunc status=none
echo 'hello, world' >text
: >empty
gzip -c crc.rdb | head -c 30 >cut.rdb.gz
for file in string.rdb then_lost.rdb opcode.rdb long.rdb cut.rdb no_end.rdb no_checksum.rdb magic.rdb crc.rdb \
    damaged_and_crc.rdb text empty cut.rdb.gz; do
    verify $file
done
make_rdb refused.rdb REDIS0010 "$a_is_1" '06 016b'
verify refused.rdb
make_rdb newer.rdb REDIS0018
verify newer.rdb
