#!/bin/bash
# SPDX-License-Identifier: MIT
# An RDB that is compressed as a whole, for Valkey 9.2: the envelope, and in it what lz4 and zstd decompress.
. "$(dirname "$0")/verify.bash"

# convert ARGUMENT...: shows the command, what it says, and its status.
convert() {
    echo "$ convert $*"
    "$RDBFERRY" convert "$@" 2>&1
    echo "status $?"
}

# unwrap COMMAND FILE: the envelope, and the RDB in it.
unwrap() {
    head -c 7 "$2" | od -An -tx1
    tail -c +8 "$2" | "$1" -dcq >plain.rdb
    head -c 9 plain.rdb
    echo
    tail -c 8 plain.rdb | od -An -tx1
    verify plain.rdb
}

make_rdb in.rdb REDIS0010 fe00 "$a_is_1" "$list" "$set" "$zset" "$hash" "$stream" "$expiring"
for codec in lz4 zstd; do
    convert in.rdb -o $codec.rdb --target-version valkey-9.2 --rdb-compression $codec
    unwrap $codec $codec.rdb
    verify $codec.rdb
    "$RDBFERRY" diff in.rdb $codec.rdb
    convert in.rdb -o $codec --target-version valkey-9.2 --rdb-compression $codec
    head -c 5 $codec/appendonly.aof.1.base.rdb | od -An -tx1
    verify $codec
    head -c -1 $codec.rdb >cut.rdb
    verify cut.rdb
    { cat $codec.rdb && echo more; } >trailing.rdb
    verify trailing.rdb
done
"$RDBFERRY" split in.rdb --shards 2 --flatten-dbs -o shards --target-version valkey-9.2 --rdb-compression lz4 2>&1
head -c 5 shards/shard-1*.rdb | od -An -tx1
printf 'VCS\1\3\0\1' >codec.rdb
verify codec.rdb

# only for servers that read it, and not what is compressed anyway
convert in.rdb -o no.rdb --target-version valkey-9.1 --rdb-compression lz4
convert in.rdb -o no.rdb --target-version 8.10 --rdb-compression lz4
convert in.rdb -o no.rdb.gz --target-version valkey-9.2 --rdb-compression lz4
convert in.rdb -o no.aof --target-version valkey-9.2 --rdb-compression lz4
convert in.rdb -o no --base aof --target-version valkey-9.2 --rdb-compression zstd
convert in.rdb -o no.rdb --target-version valkey-9.2 --rdb-compression gzip
find . -name 'no*'
