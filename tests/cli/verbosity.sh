#!/bin/bash
# SPDX-License-Identifier: MIT
# A closing line, all with -v, errors only with -q.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
convert() {
    echo "$ convert $*" >&2
    "$RDBFERRY" convert "$@"
}
convert in.rdb -o out.aof
convert in.rdb -o out.aof --force -v
convert in.rdb -o out.aof -q
convert nowhere.rdb -o out.aof -q
RDBFERRY_TEST_TTY=1 NO_COLOR=1 convert nowhere.rdb -o out.aof
RDBFERRY_TEST_TTY=1 convert nowhere.rdb -o out.aof
