#!/bin/bash
# SPDX-License-Identifier: MIT
# A key with a quote looks the same in an error, a notice, a collision, a difference and an explanation.
. "$(dirname "$0")/split_data.bash"
run() {
    echo "$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
rdb a.rdb "\xfe\x00$(record 0 "it's" one)$(record 0 other two)"
rdb b.rdb "\xfe\x00$(record 0 "it's" two)\xfe\x01$(record 0 "it's" three)"
rdb flat.rdb "\xfe\x00$(record 0 "db1:it's" one)\xfe\x01$(record 0 "it's" two)"
rdb empty.rdb "\xfe\x00\x04\x04it's\x00"
rdb damaged.rdb "\xfe\x00\x0b\x04it's\x08\x03\x00\x00\x00\x00\x00\x00\x00"
run verify damaged.rdb
run convert damaged.rdb -o out.rdb
run convert -v empty.rdb -o out.jsonl | grep "it"
run convert flat.rdb -o out.rdb --flatten-dbs
run convert flat.rdb -o out.rdb --flatten-dbs --on-collision skip
run diff a.rdb b.rdb
run diff a.rdb b.rdb --explain "it's"
run convert --explain-key "it's"
run convert --explain-key 'it\x27s'
