#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever makes no sense is told before anything is read or written.
. "$(dirname "$0")/data.bash"
exec 2>&1
kv_rdb in.rdb
ln in.rdb same.rdb
convert() {
    echo "$ convert $*"
    "$RDBFERRY" convert "$@"
    echo "status $?"
}
convert
convert in.rdb
convert -o out.aof
convert in.rdb -o ''
convert in.rdb -o out.xml
convert in.rdb -o -
convert in.rdb -o - --to aof-dir
convert in.rdb -o out.aof --base rdb
convert in.rdb -o out.rdb --appendfilename x
convert in.rdb -o out.rdb --preamble
convert in.rdb -o dir --preamble
convert in.rdb -o dir --target-version 6.2
convert in.rdb -o out.aof --preamble --target-version 3.2
convert - - -o out.aof
convert in.rdb -o same.rdb --force
convert in.rdb -o out.aof --report same.rdb
convert in.rdb -o out.aof --report out.aof
convert in.rdb -o out.aof --report ./out.aof
mkdir dir
mv same.rdb dir
convert dir/same.rdb -o dir --force
convert in.rdb -o out.aof --target-version 0.5
convert in.rdb -o - --to aof --report -
convert -- --force -o
ls
