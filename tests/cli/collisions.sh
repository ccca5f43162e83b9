#!/bin/bash
# SPDX-License-Identifier: MIT
# Two keys with one name: the run stops and names both, or one of them is chosen and both are reported.
. "$(dirname "$0")/split_data.bash"
rdb flat.rdb "\xfe\x00$(record 0 db1:foo zero)$(record 0 bar zero)\xfe\x01$(record 0 foo one)$(record 0 bar one)"
rdb tags.rdb "\xfe\x00$(record 0 user:1:x plain)$(record 0 '{user:1}:x' tagged)$(record 0 user:2:x plain)"
rdb lib.rdb "\xf5\x15#!lua name=lib\nreturn\xfe\x00$(record 0 more v)"
rdb other.rdb "\xf5\x15#!lua name=lib\nRETURN\xfe\x00$(record 0 most v)"
values() {
    "$RDBFERRY" convert "$1" -o - --to jsonl | sed 's/^/  /'
}
try() {
    local policy

    echo "$ $*"
    for policy in fail skip overwrite; do
        [ "$1" != - ] || exec <flat.rdb
        "$RDBFERRY" convert "$@" -o out.rdb --on-collision $policy --report report.json 2>&1
        echo "$policy: status $?"
        sed -n '/"collisions": {/,/^  }/p' report.json | tr -d ' \n'
        echo
        [ ! -e out.rdb ] || values out.rdb
        rm -f out.rdb
    done
}
try flat.rdb --flatten-dbs
try flat.rdb --map-db 1=0
try tags.rdb --hash-tag '{user:*}:*'
try tags.rdb --rename 's/\d//'
try flat.rdb tags.rdb flat.rdb -d 0 -k '*r*'
try lib.rdb other.rdb
try - --flatten-dbs
echo '$ no collision'
"$RDBFERRY" convert flat.rdb --flatten-dbs -k foo -k bar -o out.rdb && values out.rdb
