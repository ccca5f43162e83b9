#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
"$RDBFERRY" convert in.rdb -o file.aof
"$RDBFERRY" convert -o - --to aof - <in.rdb | cmp - file.aof
