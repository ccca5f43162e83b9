#!/bin/bash
# SPDX-License-Identifier: MIT
# A stream that contradicts itself is put right where it is written; where it is asked for, it is a fault.
. "$(dirname "$0")/verify.bash"
cp "$TESTDATA"/faults/stream-*.rdb .
for name in stream-length stream-empty-node; do
    verify $name.rdb
    for target in 7.4 8.8 8.10 valkey-9.1; do
        verify $name.rdb --target-version $target
    done
    for target in 7.4 8.8; do
        "$RDBFERRY" convert $name.rdb -o out.rdb --target-version $target
        verify out.rdb --target-version $target
        rm out.rdb
    done
done
