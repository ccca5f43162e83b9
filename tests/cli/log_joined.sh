#!/bin/bash
# SPDX-License-Identifier: MIT
# The AOFs of several nodes as one data set: no slot may be in two of them.
command() {
    printf '*%d\r\n' $#
    for word in "$@"; do
        printf '$%d\r\n%s\r\n' ${#word} "$word"
    done
}
node() {
    mkdir "$1"
    printf 'file n.1.base.rdb seq 1 type b\nfile n.1.incr.aof seq 1 type i\n' >"$1"/n.manifest
    printf 'REDIS0009\376\0\0\1%b\1v\377\0\0\0\0\0\0\0\0' "$2" >"$1"/n.1.base.rdb
    cat >"$1"/n.1.incr.aof
}
show() {
    tr '\r\n' '  ' <"$1" | sed 's/  */ /g; s/\$[0-9]* //g; s/$/\n/'
}
run() {
    echo "$ $*"
    "$RDBFERRY" "$@" 2>&1 | sed 's/([0-9.]* KB)/(N KB)/'
    echo "status ${PIPESTATUS[0]}"
}
# slots: a 15495, b 3300, c 7365
{ command FUNCTION LOAD code; command MULTI; command SET a 2; command INCR '{a}n'; command EXEC; } | node one a
{ command FUNCTION LOAD code; command SET b 2; command DEL b nothing; } | node two b
{ command SET c 3; } | node three c
run convert one two three -o all.aof
run convert one two three -o all
show all/*.incr.aof
run split one two three --shards 2 --to aof -o shards
for file in shards/*.aof; do show "$file"; done

{ command SET c 3; command SET '{a}x' 1; } | node again x
run convert one three again -o none
run convert one one -o none
{ command SET b 3; command FLUSHALL; } | node flushed b
run convert one flushed -o none
run convert one flushed -o with --drop-command FLUSHALL
{ command SET b 3; command FUNCTION LOAD other; } | node other b
run convert one other -o none
run convert one other -o some -k 'b*' --until-command 1000

# standard input may have commands, but not beside other inputs
{ command SET a 2; command FLUSHALL; } >log.aof
run convert two/n.1.base.rdb - -o none <log.aof
run convert two/n.1.base.rdb log.aof -o none
run convert one/n.1.base.rdb - -o piped.rdb --check <two/n.1.base.rdb
run convert - -o piped.aof <log.aof
