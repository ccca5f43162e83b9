#!/bin/bash
# SPDX-License-Identifier: MIT
# A directory that has something in it stays as it is, unless a split has made it and is allowed to replace it.
. "$(dirname "$0")/split_data.bash"
exec 2>&1
users_rdb in.rdb
split() {
    echo "$ split $*"
    "$RDBFERRY" split in.rdb --flatten-dbs -q -o out "$@"
    echo "status $?"
    ls -A . out
}
mkdir out
split --shards 2
split --shards 3
split --shards 3 --force
rm out/plan.json
split --shards 2 --force
rm -r out
: >out
split --shards 2
