#!/bin/bash
# SPDX-License-Identifier: MIT
# What a module saved beside the keys is told, left out where modules are, and written once of several inputs.
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
cp "$TESTDATA"/faults/module-aux*.rdb .
cp module-aux.rdb again.rdb
for words in "" "-T module" "-t string" "--drop-unsupported"; do
    read -ra options <<<"$words"
    run convert module-aux.rdb -o out.rdb --force "${options[@]}"
    run verify out.rdb
    run convert module-aux.rdb -o dir --force --to aof-dir "${options[@]}"
    run verify dir
    run convert module-aux.rdb -o out.aof --force --preamble "${options[@]}"
    run verify out.aof
done
run split module-aux.rdb -o shards --shards 2 -T module
run verify shards/*.rdb
run convert module-aux.rdb again.rdb module-aux-other.rdb -o out.rdb --force --on-collision skip
run verify out.rdb
