#!/bin/bash
# SPDX-License-Identifier: MIT
# A member that occurs twice behind the first 1024 of a set: found by --check, where no checksum is over it, and by
# verify.
. "$(dirname "$0")/verify.bash"
numbers=
for i in {1000..2999} 2999; do
    printf -v hex '04%02x%02x%02x%02x' "'${i:0:1}" "'${i:1:1}" "'${i:2:1}" "'${i:3:1}"
    numbers+=$hex
done
make_rdb sealed.rdb REDIS0009 "fe00 02 0173 47d1 $numbers"
head -c -8 sealed.rdb >unsealed.rdb
head -c 8 /dev/zero >>unsealed.rdb
for output in out.aof out.rdb out.jsonl; do
    for arguments in "sealed.rdb" "sealed.rdb --check" "unsealed.rdb"; do
        read -ra words <<<"$arguments"
        echo "$ convert $arguments -o $output"
        "$RDBFERRY" convert "${words[@]}" -o "$output" --force 2>&1
        echo "status $?"
    done
done
verify sealed.rdb
