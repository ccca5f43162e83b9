#!/bin/bash
# SPDX-License-Identifier: MIT
# verify of logs: what is wrong, and what a server and redis-check-aof make of it.
command() {
    printf '*%d\r\n' $#
    for word in "$@"; do
        printf '$%d\r\n%s\r\n' ${#word} "$word"
    done
}
verify() {
    echo "$ verify $*"
    "$RDBFERRY" verify "$@" --report report.json 2>&1
    echo "status $?"
    python3 -c 'import json; print(json.load(open("report.json"))["logs"])'
}
many() {
    for i in 1 2 3 4 5 6 7 8; do
        command SET $i 1
    done
}
fault() {
    { command SET a 1; cat; many; } >"$1.aof"
    verify "$1.aof"
}
command SET a | fault arity
command INCRBY a x | fault integer
command ZUNIONSTORE d 3 a b | fault keys
command EXEC | fault exec
{ command MULTI; command SET b 1; command MULTI; command SET c 1; command EXEC; } | fault nested
command NOSUCH a | fault unknown
command SELECT x | fault select
printf '*0\r\n' | fault no_name
command SET b 1 | sed 's/^b\r/bx/' | tr -d '\n' | sed 's/bx/bxx/; s/\r/\r\n/g' | fault line_end
printf '#%2000s\r\n' '' | fault annotation
head -c 100 /dev/zero | fault zeros
command MSET a 1 b 2 | fault slots
(many; command SET a 1 | head -c 20) >torn.aof
verify torn.aof
(many; command MULTI; many) >open.aof
verify open.aof
(many; head -c 100 /dev/zero) >tail.aof
verify tail.aof --junit junit.xml
sed "s, time=\"[0-9.]*\",," junit.xml
verify unknown.aof --strict
verify torn.aof exec.aof
