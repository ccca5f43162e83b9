#!/bin/bash
# SPDX-License-Identifier: MIT
# What would hurt a server, or would not be read by it, is refused even with --force.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb

# convert OPTIONS...: its exit status and what it says, without numbers of processes.
convert() {
    echo "\$ convert in.rdb $*"
    "$RDBFERRY" convert in.rdb "$@" 2>&1 | sed -E 's/process [0-9]+/process N/'
    echo "status ${PIPESTATUS[0]}"
}
mkdir data
convert -o data/appendonlydir
convert -o data
convert -o data --force
convert -o data/appendonly.aof
convert -o data/appendonlydir/appendonly.aof.1.base.rdb --force

exec 3> >(exec sleep 100 >>data/appendonlydir/appendonly.aof.1.incr.aof)
holder=$!
until [ data/appendonlydir/appendonly.aof.1.incr.aof -ef "/proc/$holder/fd/1" ] &&
    [ "$(cat /proc/$holder/comm)" = sleep ]; do sleep 0.01; done
convert -o data/appendonlydir --force
convert -o data/appendonlydir --force-unsafe
kill "$holder"
exec 3>&-

# The directory is locked by somebody who writes to it.
exec 4<data/appendonlydir
flock 4
convert -o data/appendonlydir --force
exec 4<&-
convert -o data/appendonlydir --force
ls data data/appendonlydir

# A link leads to what is replaced.
cp in.rdb file.rdb
ln -s file.rdb link.rdb
"$RDBFERRY" convert in.rdb -o out.aof -q
convert -o link.rdb --force --to aof
[ -L link.rdb ] && cmp file.rdb out.aof && echo "the link is one still"
