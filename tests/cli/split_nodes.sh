#!/bin/bash
# SPDX-License-Identifier: MIT
# A directory for each node of a new cluster, with its data and its nodes.conf.
. "$(dirname "$0")/split_data.bash"
exec 2>&1
umask 022
users_rdb in.rdb
split() {
    echo "$ split $*"
    "$RDBFERRY" split in.rdb --flatten-dbs "$@"
    echo "status $?"
}
# The ids of nodes are random: those of this file by their number.
conf() {
    echo "$1:"
    awk '{ n = split($0, word, /[ =]/)
           for (i = 1; i <= n; i++)
               if (length(word[i]) == 40) {
                   if (!(word[i] in ids)) ids[word[i]] = "<" ++count ">"
                   sub(word[i], ids[word[i]])
               }
           print }' "$1"
}
nodes=10.0.0.1:6379,10.0.0.2:6379,10.0.0.3:6379,10.0.0.2:7000,10.0.0.3:7000,10.0.0.1:7000
split --nodes $nodes --replicas 1 -o out
find out -type f | sort | xargs -d "\n" stat -c '%A %n'
keys_of out/*/dump.rdb
conf out/10.0.0.1-7000/nodes.conf
sed -n '/"nodes": \[/,$p' out/plan.json | sed 's/"bytes": .*/"bytes": .../'
split --nodes $nodes --replicas 1 -o out -q
rm out/10.0.0.2-6379/dump.rdb
split --nodes $nodes --replicas 1 -o out --if-missing -q
rm -r out
split --nodes node-0.redis,node-1.redis,node-2.redis --name 'redis-%d' --slots 0-99,100-199,200-16383 -o out -q --to aof-dir
find out -type f | sort
conf out/redis-1/nodes.conf
rm out/redis-1/appendonlydir/*.base.rdb
split --nodes node-0.redis,node-1.redis,node-2.redis --name 'redis-%d' -o out --to aof-dir --if-missing -q
rm -r out
split --nodes a,b --to aof -o out
find out -type f | sort
rm out/a-6379/appendonly.aof
split --nodes a,b --to aof -o out --if-missing
rm out/a-6379/nodes.conf
split --nodes a,b --to aof -o out --if-missing
rm -r out
split --shards 2 --name 'part-%d' -o out --compress gzip -q
ls out
rm -r out
split --shards 2 --name 'part-%d' -o out --to aof-dir -q
find out -type f | sort
split --nodes a:1,a:2,b:1,a:3,a:4,b:2 --replicas 1 --dry-run
