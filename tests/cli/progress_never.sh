#!/bin/bash
# SPDX-License-Identifier: MIT
# On a terminal, but not wanted.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
export RDBFERRY_TEST_TTY=1
"$RDBFERRY" convert in.rdb -o out.aof --progress never
"$RDBFERRY" convert in.rdb -o out.aof --force --quiet
