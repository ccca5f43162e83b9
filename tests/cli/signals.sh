#!/bin/bash
# SPDX-License-Identifier: MIT
# A signal in mid-run kills the program as it should, and leaves no file. The input comes over a FIFO that
# stays open.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
mkfifo pipe
ulimit -c 0
for name in INT TERM HUP QUIT ALRM USR1; do
    mkdir out.$name
    env --default-signal=$name "$RDBFERRY" convert pipe -o out.$name/x.aof &
    exec 3>pipe
    head -c 19 in.rdb >&3
    await_file "out.$name"
    kill -s $name $!
    wait $! 2>/dev/null
    echo "$name: $(($? - 128)), $(find "out.$name" -type f | wc -l) files"
    exec 3>&-
done
