#!/bin/bash
# SPDX-License-Identifier: MIT
# A cluster has one database, and no commands can be split.
. "$(dirname "$0")/split_data.bash"
exec 2>&1
users_rdb in.rdb
# shellcheck disable=SC2016 # RESP has dollars
printf '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n' >in.aof
for input in in.rdb in.aof; do
    for how in '-o out' --dry-run; do
        # shellcheck disable=SC2086 # two words
        "$RDBFERRY" split $input --shards 3 $how
        echo "status $?"
    done
done
# Databases in arguments: a node of a cluster would refuse the command when it loads it, and go on.
command() {
    printf '*%d\r\n' $#
    for word in "$@"; do
        printf '$%d\r\n%s\r\n' ${#word} "$word"
    done
}
for words in 'SWAPDB 0 1' 'MOVE k 3' 'COPY k k DB 3' 'COPY k k DB 0 REPLACE'; do
    # shellcheck disable=SC2086 # several words
    { command SET k v; command $words; } >in.aof
    for options in '--to aof' '--to aof --threads 1' '--to aof --target-version valkey-9.0' '--to aof --flatten-dbs' --dry-run; do
        echo "$ split $options: $words"
        # shellcheck disable=SC2086
        "$RDBFERRY" split in.aof --shards 3 -o out $options
        echo "status $?"
        [ ! -d out ] || cat out/*.aof | tr '\r\n' '  ' | sed 's/  */ /g; s/\$[0-9]* //g; s/$/\n/'
        rm -rf out
    done
done
ls
