#!/bin/bash
# SPDX-License-Identifier: MIT
# The commands of an AOF directory one by one, and where it was flushed.
command() {
    printf '*%d\r\n' $#
    for word in "$@"; do
        printf '$%d\r\n%s\r\n' ${#word} "$word"
    done
}
inspect() {
    echo "$ inspect $*"
    "$RDBFERRY" inspect "$@" 2>&1
    echo "status $?"
}
mkdir dir
printf 'file a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n' >dir/a.manifest
{
    command SET a $'line\nbreak \x1b[31m'
    printf '#TS:1700000000\r\n'
    command SELECT 3
    command flushdb
    command DEL "it's" b
} >dir/a.1.incr.aof
{
    printf '#TS:1700000060\r\n'
    command SELECT 1
    command RPUSH l {1..20}
    command SET long "$(printf 'x%.0s' {1..100})"
    command FLUSHALL ASYNC
} >dir/a.2.incr.aof
inspect dir --commands '*'
inspect dir --commands 'Flush*,d?l'
inspect dir --commands '*' --limit 2
inspect dir --commands nothing
inspect dir --commands '*' -k x
inspect dir | sed -n '/^Flushes/,$p'
"$RDBFERRY" inspect dir --json | python3 -c '
import json, sys
commands = json.load(sys.stdin)["commands"]
print({name: commands[name] for name in ("first_time", "last_time", "flush_count", "flushes")})'
inspect dir --commands '*' --json
inspect dir --commands '*' --keys
