#!/bin/bash
# SPDX-License-Identifier: MIT
# What Redis 8.12 adds: the no-evict attribute, members that expire; for itself, for others, renamed, filtered.
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1 | tr -d '\r'
    echo "status ${PIPESTATUS[0]}"
}
printf 'REDIS0017\xfe\x00\xf1\x00\x01k\x01v\x23\x01s\x05\0\0\0\0\0\0\0\x02\x01\x01a\x00\x01b\x00\x01x\x01y\xff\0\0\0\0\0\0\0\0' >in.rdb
run convert in.rdb -o - --to jsonl -q
run convert in.rdb -o - --to aof -k k -q
run convert in.rdb -o - --to aof --rename s/k/n:k/ --no-match s -q
run convert in.rdb -o - --to aof --no-match k
run convert in.rdb -o out.rdb --target-version 7.0
run convert in.rdb -o out.rdb --target-version 7.0 --drop-detail
run convert in.rdb -o same.rdb -q
run diff in.rdb same.rdb
head -c 9 same.rdb && echo
run verify in.rdb --target-version 8.10
# A shifted expiry of members is not written; RESTORE keeps it; members that have expired are left out.
run convert in.rdb -o shifted.rdb --shift-expiry 1s
run convert in.rdb -o - --to aof -k s -q --restore
run convert in.rdb -o - --to jsonl -k s -q --expired drop
