#!/bin/bash
# SPDX-License-Identifier: MIT
# Fields of hashes that have expired go the way of keys that have; a hash of such fields alone is such a key.
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
cp "$TESTDATA/faults/hash-fields-expired.rdb" in.rdb
for policy in keep drop only; do
    run convert in.rdb -o - --to jsonl --expired $policy
    run convert in.rdb -o $policy.rdb --expired $policy
done
run diff in.rdb drop.rdb
run diff drop.rdb in.rdb
run verify in.rdb --against drop.rdb
run verify drop.rdb --against in.rdb
run diff drop.rdb only.rdb
run convert in.rdb -o drop.aof --expired drop
cat drop.aof
