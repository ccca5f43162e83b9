#!/bin/bash
# SPDX-License-Identifier: MIT
# A choice that makes no sense.
. "$(dirname "$0")/split_data.bash"
exec 2>&1
users_rdb in.rdb
# shellcheck disable=SC2016 # RESP has dollars
printf '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n' >in.aof
convert() {
    echo "$ convert $*"
    "$RDBFERRY" convert -o out.aof "$@"
    echo "status $?"
}
convert in.rdb -d x
convert in.rdb -d 3-1
convert in.rdb -d 0,
convert in.rdb -t hashes
convert in.rdb --key-regex '('
convert in.rdb --only-slots 16384
convert in.rdb --shard 3
convert in.rdb --shard 0/2
convert in.rdb --shard 3/2
convert in.rdb --expired maybe
convert in.rdb --key user
convert in.rdb --key-regex '(a+)+$' --no-key-regex
convert in.aof -t string
convert in.aof --expired drop
ls
