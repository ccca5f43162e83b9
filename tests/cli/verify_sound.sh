#!/bin/bash
# SPDX-License-Identifier: MIT
# What is sound is said to be so in one line, however it arrives.
. "$(dirname "$0")/verify.bash"
kv_rdb in.rdb
empty_rdb empty.rdb
make_rdb all.rdb REDIS0010 fe00 "$a_is_1" "$list" "$set" "$zset" "$hash" "$stream" "$expiring"
gzip -k in.rdb
lz4 -q in.rdb in.rdb.lz4
zstd -q in.rdb
set_command a 1 >in.aof
cat in.rdb in.aof >preamble.aof
aof_directory dir
verify in.rdb
verify empty.rdb
verify all.rdb
verify in.rdb.gz
verify in.rdb.lz4
verify in.rdb.zst
verify in.aof
verify preamble.aof
verify dir
verify dir/appendonly.aof.manifest
verify - <in.rdb
gzip -c in.aof | verify -
verify -q in.rdb
verify -v in.rdb
