#!/bin/bash
# SPDX-License-Identifier: MIT
# What each shard may become, and how it is named.
. "$(dirname "$0")/split_data.bash"
users_rdb in.rdb
split() {
    echo "$ split $*"
    "$RDBFERRY" split in.rdb -q "$@" || echo "status $?"
    [ ! -e out ] || (cd out && find . -type f | sort)
    rm -rf out
}
split --shards 2 --flatten-dbs -o out --to aof
split --shards 2 --flatten-dbs -o out --to aof-dir --appendfilename data.aof
split --shards 2 --flatten-dbs -o out --to aof-dir --base aof
split --shards 2 --flatten-dbs -o out --to jsonl --compress gzip
split --shards 2 --flatten-dbs -o out --compress lz4
split --slots 0-99+200-16383,100-199 --flatten-dbs -o out
split --shards 101 --flatten-dbs -o out | tail -n 3
# Database 1 stays where it is for a server that has several in a cluster.
split --shards 1 --target-version valkey-9.0 -o out
split --shards 1 -d 1 -o out
