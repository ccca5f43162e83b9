#!/bin/bash
# SPDX-License-Identifier: MIT
# A command that concerns all keys cannot be applied to one of two inputs.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
# shellcheck disable=SC2016 # RESP has dollars
printf '*1\r\n$8\r\nFLUSHALL\r\n' >in.aof
"$RDBFERRY" convert in.aof -o alone.aof && ls
"$RDBFERRY" convert in.rdb in.aof -o out.aof
code=$?
ls
exit $code
