#!/bin/bash
# SPDX-License-Identifier: MIT
# A directory with an output for each shard, and the plan of it on stdout and beside them.
. "$(dirname "$0")/split_data.bash"
umask 022
users_rdb in.rdb
"$RDBFERRY" split in.rdb --shards 3 --flatten-dbs --hash-tag '{user:*}:*' -o shards
stat -c '%A %n' shards/*
keys_of shards/*.rdb
sed 's/"rdbferry": ".*"/"rdbferry": "..."/' shards/plan.json
for file in shards/*.rdb; do
    redis-check-rdb "$file" | grep -c 'RDB looks OK'
done
