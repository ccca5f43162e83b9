#!/bin/bash
# SPDX-License-Identifier: MIT
# The summary of a snapshot stands for the files of all its shards.
. "$(dirname "$0")/verify.bash"
head='REDIS0009\xfa\x0bsnapshot-id\x03abc\xfa\x06df-ver\x07v1.36.0\xfa'
end='\xff\0\0\0\0\0\0\0\0'
shard() {
    printf '%b' "$head"'\x08shard-id\xc0'"\\x0$1"'\xfe\0\0\x02k'"$1"'\x01v'"$end" >"$2"
}
printf '%b' "$head"'\x0bshard-count\xc0\x02'"$end" >d-summary.dfs
shard 0 d-0000.dfs
shard 1 d-0001.dfs
verify d-summary.dfs
verify d-0000.dfs d-0001.dfs d-summary.dfs
verify d-summary.dfs d-0000.dfs d-0001.dfs
verify d-0001.dfs
verify d-0000.dfs
verify d-0000.dfs d-0001.dfs
verify d-summary.dfs --against d-summary.dfs
"$RDBFERRY" diff d-summary.dfs d-summary.dfs
"$RDBFERRY" diff d-summary.dfs d-0000.dfs
"$RDBFERRY" convert d-summary.dfs -q --to aof -o - | tr -d '\r' | tr '\n' ' '
echo
mv d-0001.dfs kept
verify d-summary.dfs
"$RDBFERRY" convert d-summary.dfs -o out.rdb
echo "status $?, $(ls)"
shard 0 d-0001.dfs
verify d-summary.dfs
sed 's/abc/abd/' kept >d-0001.dfs
verify d-summary.dfs
printf '%b' "$head"'\x0bshard-count\xc0\x00'"$end" >d-summary.dfs
verify d-summary.dfs
