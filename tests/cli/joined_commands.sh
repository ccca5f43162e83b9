#!/bin/bash
# SPDX-License-Identifier: MIT
# Commands of an AOF do things to keys: nobody can tell what comes out of them beside another input.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
# shellcheck disable=SC2016 # RESP has dollars
printf '*1\r\n$8\r\nFLUSHALL\r\n' >in.aof
"$RDBFERRY" convert in.aof -o alone.aof && ls
"$RDBFERRY" convert in.rdb in.aof -o out.aof
code=$?
ls
exit $code
