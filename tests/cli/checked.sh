#!/bin/bash
# SPDX-License-Identifier: MIT
# A key that one RDB holds twice is copied as it is; --check finds it.
. "$(dirname "$0")/data.bash"
printf 'REDIS0009\xfe\x00\x00\x01k\x01v\x00\x01k\x01w\xff\0\0\0\0\0\0\0\0' >in.rdb
"$RDBFERRY" convert in.rdb -o out.rdb -q && ls
"$RDBFERRY" convert in.rdb -o checked.rdb -q --check
code=$?
ls
exit $code
