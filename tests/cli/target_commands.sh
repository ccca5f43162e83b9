#!/bin/bash
# SPDX-License-Identifier: MIT
# Commands of an AOF that the target version does not support are errors, or left out; unknown ones pass.
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
cp "$TESTDATA/faults/commands-newer.aof" in.aof
run convert in.aof -o out.aof
for version in 6.0 7.2 7.4 valkey-8.1 valkey-9.0; do
    run verify in.aof --target-version $version
    run convert in.aof -o out.aof --force --target-version $version
    run convert in.aof -o out.aof --force --target-version $version --drop-unsupported
    run verify out.aof --target-version $version
done
