#!/bin/bash
# SPDX-License-Identifier: MIT
# Under nohup a hang-up changes nothing.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
mkfifo pipe
env --ignore-signal=HUP "$RDBFERRY" convert pipe -o out.aof &
exec 3>pipe
head -c 19 in.rdb >&3
sleep 0.3
kill -s HUP $!
tail -c +20 in.rdb >&3
exec 3>&-
wait $! && ls ./*.aof
