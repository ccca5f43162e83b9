#!/bin/bash
# SPDX-License-Identifier: MIT
# Run by root, outputs belong to whoever the directory belongs to that they are in.
. "$(dirname "$0")/data.bash"
[ "$(id -u)" = 0 ] || { echo "not run by root" >&2; exit 77; }
kv_rdb in.rdb
mkdir own data data/replaced
chown 0:0 . own
chown 12345:54321 data || exit 77
chown 12346:0 data/replaced
show() {
    find "$@" -printf '%U:%G %M %p\n' | LC_ALL=C sort -k3
}
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
umask 022
run convert in.rdb -o own/dump.rdb --report own/report.json
run convert in.rdb -o data/dump.rdb --report data/report.json
touch data/old.rdb
run convert in.rdb -o data/old.rdb --force
run convert in.rdb -o data/appendonlydir
run convert in.rdb -o data/appendonlydir --force --report own/report.json
run split in.rdb --shards 2 --to aof-dir -o data/shards -q
run split in.rdb --shards 1 -o data/replaced -q
ln -s ../own/dump.rdb data/link.rdb
run convert in.rdb -o data/link.rdb --force
show own data
