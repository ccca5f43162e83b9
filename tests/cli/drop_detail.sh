#!/bin/bash
# SPDX-License-Identifier: MIT
# Details that the target does not support: the key is refused, left out, or written without them.
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
cp "$TESTDATA/faults/hash-fields.rdb" hash.rdb
cp "$TESTDATA/faults/keydb-member-expiry.rdb" keydb.rdb
for options in "" --drop-unsupported --drop-detail; do
    for out in out.rdb out.aof; do
        run convert hash.rdb -o $out --force --target-version 7.2 $options
    done
    run convert keydb.rdb -o out.rdb --force $options
    rm -rf shards
    run split hash.rdb -o shards --shards 1 --target-version 7.2 $options
done
run convert hash.rdb -o out.rdb --force --target-version 7.2 --drop-detail -q
run convert out.rdb -o - --to jsonl
run convert keydb.rdb -o out.rdb --force -k k
run convert keydb.rdb -o - --to jsonl
run verify keydb.rdb
run convert hash.rdb -o out.jsonl --drop-detail
# Those of a key that is left out are not written without it.
run convert keydb.rdb keydb.rdb -o out.rdb --force --on-collision skip --drop-detail
run convert keydb.rdb keydb.rdb -o out.rdb --force --on-collision overwrite --drop-detail --no-type module
