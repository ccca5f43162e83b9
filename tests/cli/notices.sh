#!/bin/bash
# SPDX-License-Identifier: MIT
# A notice is one line, however often it comes; -v tells the first of them; -q none.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
printf 'junk' >>in.rdb
printf 'REDIS0009\xff\0\0\0\0\0\0\0\0' >a.rdb
cp a.rdb b.rdb
convert() {
    echo "\$ convert $*" >&2
    "$RDBFERRY" convert "$@" --force
}
convert in.rdb -o out.aof
convert in.rdb -o out.aof -q
convert a.rdb b.rdb -o out.aof
convert a.rdb b.rdb -o out.aof -v
