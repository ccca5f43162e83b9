#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever makes no sense is told before anything is read or written.
. "$(dirname "$0")/split_data.bash"
exec 2>&1
users_rdb in.rdb
split() {
    echo "$ split $*"
    "$RDBFERRY" split "$@"
    echo "status $?"
}
split
split in.rdb -o out
split in.rdb --shards 3
split --shards 3 -o out
split in.rdb --shards 0 -o out
split in.rdb --shards 16385 -o out
split in.rdb --shards 3 --slots 0-16383 -o out
split in.rdb --slots 0-100 -o out
split in.rdb --slots 0-100,100-16383 -o out
split in.rdb --slots 0-100,x -o out
split in.rdb --topology in.rdb -o out
split in.rdb --topology missing.conf -o out
split in.rdb --topology redis://127.0.0.1:1 --retry-for 100ms -o out
split in.rdb --topology - - -o out
split in.rdb --shards 3 -p 6379 -o out
split in.rdb --shards 3 -o -
mkdir shards
cp in.rdb shards
split shards/in.rdb --shards 3 -o shards --force
split in.rdb shards --shards 3 -o shards --force
split in.rdb --shards 3 -o out --to aof-dir --compress gzip
split in.rdb --shards 3 -o out --base aof
split in.rdb --shards 3 -o out --to aof-dir --target-version 6.2
split in.rdb --shards 3 -o out --flatten-dbs=db:
split in.rdb --shards 3 -o out --prefix-db0
split in.rdb --shards 3 -o out --explain-db 1
split in.rdb --shards 3 -o in.rdb
split in.rdb --nodes a,b,c --topology nodes.conf -o out
split in.rdb --nodes a,b,c --shards 4 -o out
split in.rdb --nodes a,b,c --slots 0-16383 -o out
split in.rdb --nodes a,b,c --replicas 1 -o out
split in.rdb --nodes a,b,c --to jsonl -o out
split in.rdb --nodes a,b,c --compress lz4 -o out
split in.rdb --nodes a,b,c --target-version dragonfly -o out
split in.rdb --nodes a,b:60000,c -o out
split in.rdb --nodes a,b,c --name redis -o out
split in.rdb --shards 3 --replicas 1 -o out
split in.rdb --shards 3 --name 'a/%d' -o out
ls
