#!/bin/bash
# SPDX-License-Identifier: MIT
# The same with a stdout that is closed or that nobody reads any more.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
exec 2>/dev/null
"$RDBFERRY" version >&-
echo "version: $?"
"$RDBFERRY" convert in.rdb -o - --to aof >&-
echo "convert: $?"
mkfifo pipe
true <pipe &
exec 3>pipe
wait
"$RDBFERRY" convert in.rdb -o - --to aof >&3
echo "pipe: $?"
