#!/bin/bash
# SPDX-License-Identifier: MIT
# Root that may not give files away (CAP_CHOWN) says so; all goes well otherwise.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
mkdir data
{ chown 12345:54321 data && setpriv --bounding-set -chown --inh-caps -chown true; } 2>/dev/null ||
    { echo "no setpriv, or not run by root" >&2; exit 77; }
umask 022
setpriv --bounding-set -chown --inh-caps -chown "$RDBFERRY" convert in.rdb -o data/appendonlydir 2>&1
echo "status $?"
setpriv --bounding-set -chown --inh-caps -chown "$RDBFERRY" split in.rdb --shards 1 -o data/shards -q
find data -mindepth 1 -printf '%U:%G %p\n' | sort
