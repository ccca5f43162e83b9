#!/bin/bash
# SPDX-License-Identifier: MIT
# In a cgroup that allows little memory, a comparison uses a quarter of it without being told.
parent=/sys/fs/cgroup
limit=memory.max
if [ -d $parent/memory ]; then
    parent=$parent/memory limit=memory.limit_in_bytes
fi
group=$parent/rdbferry-test-$$
if ! mkdir "$group" 2>/dev/null; then
    echo "no cgroup can be made here" >&2
    exit 77
fi
trap 'rmdir "$group"' EXIT
if ! echo 100M 2>/dev/null >"$group/$limit"; then
    echo "the cgroup has no $limit" >&2
    exit 77
fi

# 1.2 million keys without a checksum
awk 'BEGIN {
    printf "REDIS0009\376%c", 0
    for (i = 0; i < 1200000; i++)
        printf "%c%ck%08d%cv", 0, 9, i, 1
    printf "\377%c%c%c%c%c%c%c%c", 0, 0, 0, 0, 0, 0, 0, 0
}' >many.rdb
# AddressSanitizer would keep what is freed.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:quarantine_size_mb=4"
(echo $BASHPID >"$group/cgroup.procs" && exec "$RDBFERRY" diff many.rdb many.rdb -v --progress never)
echo "status $?"
