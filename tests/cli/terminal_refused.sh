#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
RDBFERRY_TEST_TTY=1 NO_COLOR=1 "$RDBFERRY" convert in.rdb -o - --to rdb
