#!/bin/bash
# SPDX-License-Identifier: MIT
# Values that servers refuse, or that would silently lose something: commands and JSON lines are always looked into,
# copies with --check, and those of rare types, and of inputs without a checksum, always.
. "$(dirname "$0")/verify.bash"

# try FILE: verify, and each kind of output.
try() {
    local options

    cp "$TESTDATA/faults/$1.rdb" "$1.rdb"
    verify "$1.rdb"
    for options in '-o out.aof --target-version 8.8' '-o out.jsonl' '-o out.rdb --target-version 8.8 --check' \
        '-o out.rdb --target-version 8.8'; do
        echo "$ convert $1.rdb $options"
        # shellcheck disable=SC2086 # several words
        "$RDBFERRY" convert "$1.rdb" $options 2>&1
        echo "status $?"
        rm -f out.*
    done
}

for name in set-member-twice zset-member-twice hash-field-twice stream-consumer-twice zipmap-empty \
    zipmap-long-length zipmap-count hash-field-expiry hash-field-expiry-0; do
    try $name
done
