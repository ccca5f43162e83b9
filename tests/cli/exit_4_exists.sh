#!/bin/bash
# SPDX-License-Identifier: MIT
# What is there is kept, without --force.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
echo mine >out.aof
"$RDBFERRY" convert in.rdb -o out.aof
code=$?
cat out.aof
"$RDBFERRY" convert in.rdb -o out.aof --force && head -n 1 out.aof | tr -d "\r" && ls
exit $code
