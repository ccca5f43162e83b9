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
ls
