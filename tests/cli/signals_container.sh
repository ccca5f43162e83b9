#!/bin/bash
# SPDX-License-Identifier: MIT
# Process 1 of a container, which no default action of a signal kills: the exit status is 128 plus its number, and a
# line says what there is. The input comes over a FIFO that stays open.
. "$(dirname "$0")/data.bash"
unshare --fork --pid --map-root-user --user true 2>/dev/null || { echo "no namespaces" >&2; exit 77; }
kv_rdb in.rdb
mkfifo pipe
mkdir out

# stop SIGNAL COMMAND...: as process 1, when it has read a part of the input.
stop() {
    local outer inner name=$1

    shift
    echo "$name: ${*:1:2}" >&2
    env --default-signal="$name" unshare --fork --pid --map-root-user --user --kill-child -- "$RDBFERRY" "$@" &
    outer=$!
    exec 3>pipe
    head -c 19 in.rdb >&3
    sleep 0.3
    inner=$(pgrep -P $outer)
    grep -q "^NSpid:.*[^0-9]1$" "/proc/$inner/status" || echo "not process 1" >&2
    kill -s "$name" "$inner"
    wait $outer
    echo "$?: $(find out | wc -l)"
    exec 3>&-
}
stop TERM convert pipe -o out/x.aof
stop INT convert pipe -o out/x --to aof-dir
stop TERM convert pipe -o - --to aof >/dev/null
stop HUP split pipe --shards 2 -o out/shards
stop TERM split pipe --shards 2 --dry-run
stop TERM verify pipe
stop QUIT inspect pipe
stop USR1 diff in.rdb pipe
# Before anything is read.
stop TERM split in.rdb --topology pipe -o out/shards
