#!/bin/bash
# SPDX-License-Identifier: MIT
# Commands of an AOF by their keys: what comes out, what is refused, and which message names command, offset and key.
. "$(dirname "$0")/aof_data.bash"
try() {
    echo "$ $*"
    "$RDBFERRY" convert in.aof -o out.aof --force -q --report report.json "$@" 2>&1
    echo "status $?"
    if [ -e out.aof ]; then
        sed -n '/"commands": {/,/^  }/p' report.json | tr -d ' \n'
        echo
        commands_of out.aof
    fi
    rm -f out.aof
}
log() {
    printf '\n%s\n' "$*"
    resp "$@" >in.aof
}
log 'SET user:1 a' 'SELECT 3' 'MULTI' 'SET user:1 b' 'DEL user:1 cart:1' 'EXEC' 'RENAME user:2 cart:2'
try -k 'user:*'
try -k 'cart:*'
try -d 0
try --rename 's/^user/u/'
try --flatten-dbs
try --only-slots 0
log 'SET k 1' 'SUNIONSTORE user:all user:1 cart:1'
try -k 'user:*'
try -K 'user:*'
log 'SORT user:1 BY w_* STORE user:2'
try -k 'user:*'
try --rename 's/^/x/'
try --flatten-dbs
log 'MULTI' 'SELECT 2' 'SET a 1' 'MOVE a 0' 'EXEC' 'FLUSHDB'
try --flatten-dbs
try --map-db 2=1,1=2
log 'EVAL return 1 user:1'
try -k 'user:*'
log 'NOSUCH user:1' 'SET a b'
try -k 'user:*'
try
log '\e[31mRED\a x'
try -k 'user:*'
log 'RENAME \e[31m\xff a\nb'
try -k 'a*'
log 'MSET a 1 b' 'ZUNIONSTORE d 9223372036854775807 a'
try -k 'a'
log 'SET a 1 PXAT 4102444800000'
try --type string
try -T hash
try --expired drop
try --shift-expiry 1d
try --shift-expiry auto
for command in inspect 'verify' 'diff in.aof'; do
    echo "$ rdbferry $command"
    # shellcheck disable=SC2086 # words
    "$RDBFERRY" $command in.aof -k 'user:*' 2>&1 | head -n 3
done
