#!/bin/bash
# SPDX-License-Identifier: MIT
# On a terminal: drawn, wiped before other messages and at the end.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
mkfifo pipe
export RDBFERRY_TEST_TTY=1
"$RDBFERRY" convert pipe -o out.aof --threads 1 &
exec 3>pipe
head -c 19 in.rdb >&3
sleep 0.7
tail -c +20 in.rdb >&3
exec 3>&-
wait $!
