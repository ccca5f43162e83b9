#!/bin/bash
# SPDX-License-Identifier: MIT
# For what is run at each start: with --if-missing a complete output is left alone, even if the input is gone by then.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
twice() {
    run "$@" --if-missing >first
    grep -v '^shard\|^$\|without a hash tag' first
    find out* -type f -exec cksum {} + | sort >before
    mv in.rdb away.rdb
    run "$@" --if-missing
    mv away.rdb in.rdb
    find out* -type f -exec cksum {} + | sort | cmp - before
}
twice convert in.rdb -o out.rdb
twice convert in.rdb -o out.aof --report report.json
twice convert in.rdb -o out-dir
twice split in.rdb --shards 2 -o out-split
twice split in.rdb --shards 2 --to aof-dir -o out-aofs
echo "# and if it is as a server has left it"
for dir in out-dir out-aofs/*/appendonlydir; do
    mv "$dir"/appendonly.aof.1.base.rdb "$dir"/appendonly.aof.2.base.rdb
    sed -i 's/[.]1[.]base.rdb seq 1/.2.base.rdb seq 2/' "$dir"/appendonly.aof.manifest
done
run convert in.rdb -o out-dir --if-missing
run split in.rdb --shards 2 --to aof-dir -o out-aofs/ --if-missing
run convert in.rdb -o out-dir --if-missing -q

echo "# not complete"
mkdir half
echo x >half/appendonly.aof.1.base.rdb
run convert in.rdb -o half --if-missing
rm out-dir/appendonly.aof.2.base.rdb
run convert in.rdb -o out-dir --if-missing
rm out-split/shard-1*
run split in.rdb --shards 2 -o out-split --if-missing
rm out-aofs/shard-1*/appendonlydir/*.2.base.rdb
run split in.rdb --shards 2 --to aof-dir -o out-aofs --if-missing
mkdir dir.rdb
run convert in.rdb -o dir.rdb --to rdb --if-missing

echo "# missing"
run convert gone.rdb -o new.rdb --if-missing

echo "# usage"
run convert -o out.rdb --if-missing
run convert in.rdb -o out.rdb --if-missing --force
run split in.rdb --shards 2 -o out-split --if-missing --force-unsafe
run split in.rdb --shards 2 -o out-split --if-missing --dry-run
run convert in.rdb -o - --to aof --if-missing
