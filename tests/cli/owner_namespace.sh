#!/bin/bash
# SPDX-License-Identifier: MIT
# Root of a user namespace cannot give files to a user that does not exist there.
. "$(dirname "$0")/data.bash"
if [ "$(id -u)" != 0 ] || ! unshare -r true 2>/dev/null; then
    echo "no user namespaces, or not run by root" >&2
    exit 77
fi
umask 022
kv_rdb in.rdb
mkdir data
chown 12345:12345 data
chmod 777 . data
unshare -r "$RDBFERRY" convert in.rdb -o data/appendonlydir 2>&1
echo "status $?"
unshare -r "$RDBFERRY" convert in.rdb -o data/dump.rdb --force-unsafe --report data/report.json 2>&1
echo "status $?"
unshare -r "$RDBFERRY" split in.rdb --shards 1 -o data/shards 2>&1
echo "status $?"
find data -mindepth 1 -printf '%U:%G %p\n' | sort
