#!/bin/bash
# SPDX-License-Identifier: MIT
# Expiries that are as far apart as the tolerance are equal, in each unit; one millisecond more is too much.
. "$(dirname "$0")/diff_data.bash"

# apart MS FILE: a key that expires MS after 2030 began.
apart() {
    local hex bytes='' i

    printf -v hex %016x $((1893456000000 + $1))
    for ((i = 14; i >= 0; i -= 2)); do
        bytes+="\x${hex:i:2}"
    done
    rdb "$2" "\xfe\x00\xfc$bytes\x00\x01k\x01v"
}
apart 0 a.rdb
while read -r tolerance ms; do
    apart "$ms" equal.rdb
    apart $((ms + 1)) far.rdb
    "$RDBFERRY" diff -q a.rdb equal.rdb --ttl-tolerance "$tolerance"
    first=$?
    "$RDBFERRY" diff -q far.rdb a.rdb --ttl-tolerance "$tolerance" >far
    echo "$tolerance: $first $?"
done <<'END'
0 0
7 7000
1500ms 1500
90s 90000
2m 120000
26H 93600000
2d 172800000
END
cat far
