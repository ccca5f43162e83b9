#!/bin/bash
# SPDX-License-Identifier: MIT
# Values are copied unchecked because a checksum is over them. Where there is none, a file is looked into; a pipe says
# so only when its end is read, and then nothing is written.
. "$(dirname "$0")/verify.bash"
printf 'REDIS0009\xfe\x00\x02\x01s\x02\x01a\x01a\xff\0\0\0\0\0\0\0\0' >twice.rdb
printf 'REDIS0009\xfe\x00\x02\x01s\x02\x01a\x01b\xff\0\0\0\0\0\0\0\0' >sound.rdb
printf 'REDIS0003\xfe\x00\x02\x01s\x02\x01a\x01a\xff' >old.rdb
try() {
    echo "$ $*" | sed "s,$RDBFERRY,rdbferry,"
    "$@" 2>&1
    echo "status $?"
    ls out.rdb 2>/dev/null
    rm -f out.rdb
}
for input in twice sound old; do
    try "$RDBFERRY" convert $input.rdb -o out.rdb
done
for input in twice sound old; do
    try bash -c "cat $input.rdb | $RDBFERRY convert - -o out.rdb"
    try bash -c "cat $input.rdb | $RDBFERRY convert - -o out.rdb --check"
done
gzip -k sound.rdb
try "$RDBFERRY" convert sound.rdb.gz -o out.rdb
try "$RDBFERRY" convert sound.rdb.gz -o out.aof
# Nothing is to be looked into in strings; they are many, as they are read together then.
{
    printf 'REDIS0009\xfe\x00'
    for i in {100..299}; do printf '\0\x07key:%d\x05value' "$i"; done
    printf '\xff\0\0\0\0\0\0\0\0'
} >strings.rdb
try "$RDBFERRY" convert strings.rdb -o out.rdb
try "$RDBFERRY" convert strings.rdb -o out.rdb --flatten-dbs --hash-tag 'key:{*}'
try bash -c "cat strings.rdb | $RDBFERRY convert - -o out.rdb"
try bash -c "cat strings.rdb | $RDBFERRY convert - -o out.rdb --check"
