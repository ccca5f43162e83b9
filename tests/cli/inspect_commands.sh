#!/bin/bash
# SPDX-License-Identifier: MIT
# The commands of an AOF directory one by one, chosen by name, key and database; what there is in all; where it was flushed.
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
mkdir "it's of keys"
printf 'file a.1.incr.aof seq 1 type i\n' >"it's of keys/a.manifest"
{
    command SET user:1:name v
    command MULTI
    command mset user:1:mail a user:2:mail b
    command RENAME user:2:mail user:3:mail
    command EXEC
    command SELECT 2
    command JSON.SET user:1:doc '$' 1
    command SET $'\xff\x00"' 'é'
    command SWAPDB 2 3
    command FLUSHDB
    command MOVE user:4 5
} >"it's of keys/a.1.incr.aof"
inspect dir --commands '*'
inspect dir --commands 'Flush*,d?l'
inspect dir --commands '*' --limit 2
inspect dir --commands nothing
inspect dir --commands '*' -k x
inspect dir --commands '*' -d 1 --limit 3 --jsonl | cut -c 1-160
cd "it's of keys" || exit 1
inspect a.manifest --commands '*' -k 'user:1:*'
inspect a.manifest --commands 'set,swapdb' -d 2 --jsonl
inspect a.manifest --commands '*' --key-regex 'user:[13]:mail' -d 0 --jsonl --limit 2
inspect - --commands rename -k user:2:mail --jsonl <a.1.incr.aof
"$RDBFERRY" inspect a.manifest --commands '*' --jsonl -q | python3 -c '
import json, sys
for number, line in enumerate(sys.stdin, 1):
    row = json.loads(line)
    assert row["number"] == number, row
    print(row["command"], *row["arguments"][:1])' | cat -A
cd ..
inspect "it's of keys" --delimiter : --depth 1 | sed '1d;s/ *$//'
"$RDBFERRY" inspect "it's of keys" --delimiter : --depth 1 --json | python3 -c '
import json, sys
whole = json.load(sys.stdin)
commands = whole["commands"]
print([whole["inputs"][0][name] for name in ("commands", "first_time", "last_time")], commands["transactions"])
print([(row["db"], row["count"], row["bytes"]) for row in commands["databases"]])
print([(row["prefix"], row["count"]) for row in commands["by_prefix"]], [row["name"] for row in commands["unknown"]])
print(commands["last_flush"], commands["swap_count"], commands["swaps"])'
echo '--- the advice, followed'
rdbferry() { "$RDBFERRY" "$@" -q; }
"$RDBFERRY" inspect "it's of keys" | grep '^    rdbferry' >advice
# shellcheck disable=SC1091 # written above
. ./advice
for result in restored undone; do
    echo "$result: $("$RDBFERRY" inspect $result --commands '*' --jsonl | sed 's/.*"command":"//; s/".*//' | tr '\n' ' ')"
done
inspect "it's of keys" --commands '*' -t string
inspect "it's of keys" --jsonl
inspect dir | sed -n '/^Flushes/,$p'
"$RDBFERRY" inspect dir --json | python3 -c '
import json, sys
commands = json.load(sys.stdin)["commands"]
print({name: commands[name] for name in ("first_time", "last_time", "flush_count", "flushes")})'
inspect dir --commands '*' --json
inspect dir --commands '*' --keys
