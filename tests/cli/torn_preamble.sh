#!/bin/bash
# SPDX-License-Identifier: MIT
# What follows the preamble of an AOF are commands; anything else is damage, as after a loss of power.
. "$(dirname "$0")/data.bash"
printf 'REDIS0009\xfa\x0caof-preamble\xc0\x01\xfe\x00\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0' >in.aof
"$RDBFERRY" convert in.aof -o out.aof -q && ls
head -c 4096 /dev/zero >>in.aof
"$RDBFERRY" convert in.aof -o torn.aof -q
code=$?
ls
exit $code
