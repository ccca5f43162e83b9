#!/bin/bash
# SPDX-License-Identifier: MIT
# What is a warning otherwise, --strict makes count; it looks for what takes memory to find.
. "$(dirname "$0")/verify.bash"
printf 'REDIS0010\xfe\x00\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0' >no_checksum.rdb
make_rdb twice.rdb REDIS0010 fe00 fb0300 "$a_is_1" "$b_is_2" "$a_is_1"
make_rdb databases.rdb REDIS0010 fe00 fb0100 "$a_is_1" fe01 fb0100 "$a_is_1"
make_rdb module.rdb REDIS0010 '07 016d 81bde72da2bb1eb400 02 05 00'
make_rdb script.rdb REDIS0010 'fa 036c7561 0372203d' "$a_is_1"
kv_rdb trailing.rdb
printf 'x' >>trailing.rdb
kv_rdb in.rdb
for file in in no_checksum twice databases module script trailing; do
    verify $file.rdb
    verify $file.rdb --strict
done
verify no_checksum.rdb trailing.rdb --strict -q
echo '--- the end mark that redis-cli --rdb - leaves is no fault'
printf '64264ee33035dcabb09d2b03579410be6b935de8' | cat in.rdb - | verify - --strict
printf '64264ee33035dcabb09d2b03579410be6b935de' | cat in.rdb - | verify - --strict
