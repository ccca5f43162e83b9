#!/bin/bash
# SPDX-License-Identifier: MIT
# An AOF into which nothing has been written is sound, also one that the program has written; what may be a
# lost backup is not.
. "$(dirname "$0")/verify.bash"
kv_rdb in.rdb
empty_rdb empty.rdb
"$RDBFERRY" split in.rdb --shards 3 --to aof -o shards -q
verify shards/*.aof
"$RDBFERRY" convert empty.rdb -o dir --base aof
verify dir
verify dir --strict
"$RDBFERRY" convert dir -o out.rdb && verify out.rdb
"$RDBFERRY" inspect dir | head -n 3
"$RDBFERRY" diff dir empty.rdb
: >lost.rdb
: >lost.aof.gz
verify lost.rdb
verify lost.aof.gz
"$RDBFERRY" convert lost.rdb -o lost.aof
echo "status $?"
