#!/bin/bash
# SPDX-License-Identifier: MIT
# A directory that is no AOF directory: the data in it is named.
. "$(dirname "$0")/verify.bash"
kv_rdb in.rdb
mkdir empty rdb both old many data
kv_rdb rdb/dump.rdb
kv_rdb rdb/temp-17.rdb
kv_rdb both/dump.rdb
aof_directory both/appendonlydir
kv_rdb old/dump.rdb
set_command k v >old/appendonly.aof
kv_rdb many/a.rdb
kv_rdb many/b.rdb
aof_directory data/appendonlydir
for kind in rdb aof aof-dir; do
    "$RDBFERRY" split in.rdb --shards 2 --to $kind -o "split-$kind" -q
done
aof_directory lost
rm lost/appendonly.aof.manifest
for directory in empty rdb both old many data/ lost split-*; do
    "$RDBFERRY" convert "$directory" -o out.aof
    echo "status $?"
done
verify split-aof-dir
verify split-aof-dir/*/appendonlydir
