#!/bin/bash
# SPDX-License-Identifier: MIT
# Elements of Dragonfly expire in whole seconds, in a range. A shifted expiry that is none is never lost without a word.
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" -q 2>&1 | tr -d '\r'
    echo "status ${PIPESTATUS[0]}"
}
printf 'REDIS0009\xfa\x06df-ver\x031.0\xfe\0\x1f\1h\2\1f\1v\xc0\7\1g\1w\xc0\xff\x20\1s\2\1a\xc0\7\1b\xc0\xff\x20\1t\1\1a\xc0\xff\xff\0\0\0\0\0\0\0\0' >in.rdb
for shift in 2s 1500ms -8s 400000d; do
    for key in h s t; do
        run convert in.rdb -o out.rdb -k $key --shift-expiry=$shift --force
        run convert in.rdb -o out.aof -k $key --shift-expiry=$shift --restore --force
    done
done
run convert in.rdb -o - --to aof --shift-expiry 1500ms --restore --drop-detail
run convert in.rdb -o - --to aof -k s --shift-expiry 1500ms --restore --target-version 8.12
run convert in.rdb -o - --to aof -k s --shift-expiry 2s
run convert in.rdb -o out.rdb --force --shift-expiry 2s
run convert out.rdb -o - --to jsonl
run convert in.rdb -o out.rdb --force --shift-expiry 1500ms --target-version 8.12
run convert out.rdb -o - --to jsonl
