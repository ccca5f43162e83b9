#!/bin/bash
# SPDX-License-Identifier: MIT
# A function library that two inputs hold alike is one; that it was left out is told to those who ask.
. "$(dirname "$0")/data.bash"
printf 'REDIS0010\xf5\x11#!lua name=l\nx=1\n\xff\0\0\0\0\0\0\0\0' >a.rdb
cp a.rdb b.rdb
"$RDBFERRY" convert a.rdb b.rdb -o out.aof --report report.json -q
grep -c 'FUNCTION' out.aof
grep '"notice": "same_function"' report.json
