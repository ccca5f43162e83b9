#!/bin/bash
# SPDX-License-Identifier: MIT
# In a log: a line from time to time, also with -q if it is asked for; nothing in a short run, with -q or with never.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
mkfifo pipe
slowly() {
    echo "$*"
    "$RDBFERRY" convert pipe -o out.aof --force "$@" 2>log &
    exec 3>pipe
    head -c 19 in.rdb >&3
    sleep 1
    tail -c +20 in.rdb >&3
    exec 3>&-
    wait $!
    sed -E 's/^(rdbferry: )[0-9]+ B  [0-9]+ keys?  [0-9.]+ B/\1N B  N keys  N B/' log | uniq | cat -v
}
slowly
export RDBFERRY_TEST_PROGRESS_MS=400
slowly
slowly --progress always -q
slowly -q
slowly --progress never
