#!/bin/bash
# SPDX-License-Identifier: MIT
# A log that is damaged in its middle, or cut off at its end.
command() {
    printf '*%d\r\n' $#
    for word in "$@"; do
        printf '$%d\r\n%s\r\n' ${#word} "$word"
    done
}
run() {
    echo "$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
convert() {
    rm -rf out.aof out.aof.damaged
    run convert "$@" -o out.aof
    [ ! -e out.aof ] || tr '\r\n' '  ' <out.aof | sed 's/  */ /g; s/\$[0-9]* //g' && echo
    [ ! -e out.aof.damaged ] || { stat -c %a out.aof.damaged && tr '\r\0' ' 0' <out.aof.damaged; }
}
many() {
    for i in 1 2 3 4 5 6 7 8; do
        command INCR "$1$i"
    done
}
{ command SELECT 2; command SET a 1; } >first
{ many b; command FLUSHALL; command SELECT 3; command SET c 1; } >rest

# the database of what follows is unknown
(cat first; printf '\0\0\0\0'; cat rest) >zeros.aof
convert zeros.aof
convert zeros.aof --repair cut
convert zeros.aof --repair skip
convert zeros.aof --repair skip --unknown-database last --report report.json
python3 -m json.tool report.json | grep -A 15 '"damage"'
convert zeros.aof --repair skip --unknown-database drop
(cat first; printf '\0\0\0\0'; command SELECT 3; many d) >known.aof
convert known.aof --repair skip

# in a transaction, and more than one
(cat first; command MULTI; command SET m 1; printf 'x\r\n'; many b; command EXEC; printf 'y\r\n'; many d) >multi.aof
convert multi.aof --repair skip --unknown-database last
(cat first; command MULTI; command SET m 1; printf 'x\r\n'; command MULTI; many b; command EXEC; command MULTI; command SET n 1) >open.aof
convert open.aof --repair skip --unknown-database last --until-command 5

# the bytes are saved beside the output, never over a file
touch other.aof.damaged
run convert zeros.aof --repair skip --unknown-database last -o other.aof
ls other.aof*
run convert known.aof --repair skip -o - --to aof | tr '\r\n' '  '
echo
run split known.aof --repair skip --flatten-dbs --shards 2 --to aof -o shards/
ls shards.damaged

# a file that begins with damage
(printf 'x\r\n'; cat rest) >begin.aof
convert begin.aof --repair skip

# the end: of the last file only
(cat first; command SET torn 1 | head -c 20) >torn.aof
(cat first; command MULTI; command SET torn 1) >open.aof
(cat first; printf 'x\r\n') >bad.aof
for name in torn open bad zeros; do
    convert $name.aof --truncated drop
done
run verify torn.aof --truncated drop
run inspect torn.aof --truncated drop --quiet
run verify torn.aof --truncated fail
mkdir dir
cp torn.aof dir/a.1.incr.aof
cp first dir/a.2.incr.aof
printf 'file a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n' >dir/a.manifest
convert dir --truncated drop
cp first dir/a.1.incr.aof
cp torn.aof dir/a.2.incr.aof
convert dir --truncated drop
run convert torn.aof --repair skip --truncated maybe -o out.aof

# a manifest by hand that goes on from a base that a rewrite has replaced
printf 'file a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n' >dir/a.manifest
(cat first; command SET later 1) >dir/a.2.incr.aof
convert dir
# relative expiries of old servers
{ command SETEX a 5 x; command SET b 1 PX 100; command RESTORE c 0 x; command SET d 1; } >old.aof
convert old.aof

# a compressed log that ends early, behind damage: the second error is not taken for the first
(cat first; printf '\44x\r\n'; cat rest; many d; many e) | gzip -n | head -c -8 >early.aof.gz
early() {
    echo "$ $*"
    timeout 60 "$RDBFERRY" "$@" >told 2>&1
    echo "status $?, $(grep -c 'gzip: truncated' told) of the end"
}
early verify early.aof.gz
early convert early.aof.gz --repair skip --unknown-database last -o early.aof
