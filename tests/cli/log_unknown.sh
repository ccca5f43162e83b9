#!/bin/bash
# SPDX-License-Identifier: MIT
# Commands of modules in a log that is rewritten: refused, copied, dropped, or with their keys given.
command() {
    printf '*%d\r\n' $#
    for word in "$@"; do
        printf '$%d\r\n%s\r\n' ${#word} "$word"
    done
}
convert() {
    echo "$ convert $*"
    rm -f out.aof
    "$RDBFERRY" convert in.aof -o out.aof "$@" 2>&1
    echo "status $?"
    [ ! -e out.aof ] || tr '\r\n' '  ' <out.aof | sed 's/  */ /g; s/\$[0-9]* //g; s/$/\n/'
}
{
    command SET a 1
    command json.set doc . 1
    command JSON.MSET d1 . 1 x2 . 2
    command BF.ADD filter x
} >in.aof
convert --rename 's/^/p:/'
convert --rename 's/^/p:/' --unknown-commands copy
convert --rename 's/^/p:/' --unknown-commands drop
convert --rename 's/^/p:/' --command-keys JSON.SET=1,1,1 --command-keys JSON.MSET=1,-1,3 --command-keys bf.add=1,1,1
convert -k 'd*' --command-keys JSON.SET=1,1,1 --command-keys JSON.MSET=1,-1,3 --unknown-commands drop
convert -K 'd*' -K 'x*' --command-keys JSON.SET=1,1,1 --command-keys JSON.MSET=1,-1,3 --unknown-commands drop
convert
for keys in JSON.SET =1,1,1 JSON.SET=1 JSON.SET=0,1,1 JSON.SET=1,0,1 JSON.SET=1,1,0 JSON.SET=1,1,1x JSON.SET=99999,1,1; do
    convert --command-keys $keys
done
for how in fail copy drop; do
    echo "$ split --unknown-commands $how"
    { "$RDBFERRY" split in.aof --shards 2 --to aof -o shards.$how --unknown-commands $how >/dev/null; } 2>&1
    echo "status $?"
done
