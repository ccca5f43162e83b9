#!/bin/bash
# SPDX-License-Identifier: MIT
# A log up to a time, a place, a number of commands or damage, and without some commands.
command() {
    printf '*%d\r\n' $#
    for word in "$@"; do
        printf '$%d\r\n%s\r\n' ${#word} "$word"
    done
}
log() {
    printf '#TS:1000\r\n'
    command SET a 1
    printf '#TS:2000\r\n'
    command MULTI
    command SET b 1
    command flushall
    command EXEC
    printf '#TS:1500\r\n#TS:3000\r\n'
    command SET c 1
    command FLUSHALL
}
convert() {
    echo "$ convert $*"
    rm -rf out.aof
    "$RDBFERRY" convert "$@" -o out.aof 2>&1
    echo "status $?"
    [ ! -e out.aof ] || tr '\r\n' '  ' <out.aof | sed 's/  */ /g; s/\$[0-9]* //g' && echo
}
log >in.aof
convert in.aof
convert in.aof --until 1
convert in.aof --until 1999
convert in.aof --until 2000
convert in.aof --until 1970-01-01T00:50:00Z
convert in.aof --until '1970-01-01 01:49:59+01:00'
convert in.aof --until-command 2
convert in.aof --until-command 3
convert in.aof --until-command 5
convert in.aof --until-offset 37
convert in.aof --until-offset in.aof:38
convert in.aof --until-offset 99999
convert in.aof --drop-command FlushAll --report report.json
python3 -c 'import json; print(json.load(open("report.json"))["commands"])'
convert in.aof --drop-at 89
convert in.aof --drop-at in.aof:0xa8
convert in.aof --drop-at 90
convert in.aof --drop-at 0x6b # EXEC
convert in.aof --drop-at in.aof:0x2f # MULTI
convert in.aof --until-command 4 --drop-command FLUSHALL --report report.json
python3 -c 'import json; print(json.load(open("report.json"))["commands"])'

# damage
head -c -1 in.aof >torn.aof
(cat in.aof; command MULTI; command SET d 1) >open.aof
(cat in.aof; head -c 4096 /dev/zero) >zeros.aof
(head -c 150 in.aof; printf 'x'; tail -c +151 in.aof) >middle.aof
for name in torn open zeros middle; do
    convert $name.aof
    convert $name.aof --repair cut
done
convert torn.aof --until 2000

# what cannot be
printf 'REDIS0009\377\0\0\0\0\0\0\0\0' >in.rdb
command SET a 1 >no-times.aof
convert in.rdb --until 5
convert no-times.aof --until 5
convert in.aof --until-offset other.aof:5
convert in.aof --until yesterday
convert in.aof --until-offset 0xg
convert in.aof --until-offset 5:
convert in.aof --drop-command SET,multi
convert in.aof --repair mend
convert - --until 5 --to aof <in.aof
