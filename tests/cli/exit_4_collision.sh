#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/data.bash"
kv_rdb a.rdb
kv_rdb b.rdb
"$RDBFERRY" convert a.rdb b.rdb -o out.aof
code=$?
ls
exit $code
