#!/bin/bash
# SPDX-License-Identifier: MIT
# Every type in every form: where values differ, some element is named; where they are the same, none is.
rdbgen=${RDBGEN:-$(dirname "$RDBFERRY")/rdbgen}
changed_value="s/^~ db ([0-9]+) +([a-z]+) +'(.*)': value.*/\1 \3/p"
explained=0

# explain OPTIONS...: what rdbgen makes of these options, with two seeds.
explain() {
    local db key

    "$rdbgen" --kind types "$@" --seed 1 -o a.rdb
    "$rdbgen" --kind types "$@" --seed 2 -o b.rdb
    "$RDBFERRY" diff -q a.rdb b.rdb --limit 0 | sed -nE "$changed_value" >keys
    while IFS= read -r line; do
        db=${line%% *} key=${line#* }
        "$RDBFERRY" diff -q a.rdb b.rdb --explain-db "$db" --explain "$key" --limit 0 >explanation
        [ $? = 1 ] || echo "'$key' of $*: no difference"
        grep -q '^    [-+] ' explanation || echo "'$key' of $*: no element differs"
        explained=$((explained + 1))
        "$RDBFERRY" diff -q a.rdb a.rdb --explain-db "$db" --explain "$key" >explanation || echo "'$key' is not itself"
        [ ! -s explanation ] || echo "'$key' differs from itself"
    done <keys
}
explain
explain --dialect valkey
explain --rdb-version 6
[ $explained -gt 50 ] || echo "few keys: $explained"
