#!/bin/bash
# SPDX-License-Identifier: MIT
# What the rules do to one key, without an input.
explain() {
    echo "$ $*"
    "$RDBFERRY" "$@"
    echo "status $?"
}
rules=(--hash-tag '{user:*}:*' --hash-tag '{u*}' --rename 's/^old:/user:/' --flatten-dbs --map-db '5=0')
explain split --shards 3 "${rules[@]}" --explain-key old:123:cart --explain-db 1
explain split --shards 3 "${rules[@]}" --explain-key '{user:1}:x' --explain-db 5
explain convert "${rules[@]}" --explain-key 'caf\xc3\xa9' -d 3
explain convert --explain-key plain --only-slots 0-1
explain split --slots 0-99+200-16383,100-199 --explain-key foo
