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
# What is told of keys concerns those that are chosen, and their databases where they go.
printf 'REDIS0009\xfa\x06df-ver\x031.0\xfe\0\xdc\1\0\0\0\0\1a\1v\xdc\3\0\0\0\0\0\0\0\0\1b\1v\xfe\x11\0\1c\1v\0\1d\1v\xff\0\0\0\0\0\0\0\0' >flags.rdb
set -- flags.rdb -o - --to jsonl
convert "$@"
convert "$@" -k '[bd]' --threads 1
convert "$@" -k d --map-db 17=1
convert "$@" -k a --map-db 0=20 -v
