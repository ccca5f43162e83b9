#!/bin/bash
# SPDX-License-Identifier: MIT
# Left out, the target is the newest writer, Valkey where both are, and no older than the output allows.
. "$(dirname "$0")/data.bash"
kv_rdb v9.rdb
empty_rdb v10.rdb
printf 'VALKEY080\xff\0\0\0\0\0\0\0\0' >v80.rdb
target() {
    "$RDBFERRY" convert "$@" --force -q --report report.json || exit
    python3 -c 'import json; print(json.load(open("report.json"))["target"])'
}
target v9.rdb -o out.aof
target v9.rdb v10.rdb -o out.aof
target v10.rdb v80.rdb v9.rdb -o out.aof
target v9.rdb -o dir
target v9.rdb -o out.aof --target-version 7.2
target v9.rdb -o out.aof --target-version valkey-8.1
