#!/bin/bash
# SPDX-License-Identifier: MIT
# A run that ends at a collision tells how many names collide, and the option that decides.
. "$(dirname "$0")/split_data.bash"
rdb a.rdb "\xfe\x00$(record 0 k 1)$(record 0 l 1)$(record 0 m 1)$(record 0 a 1)"
rdb b.rdb "\xfe\x00$(record 0 k 2)$(record 0 l 2)$(record 0 b 2)$(record 0 k 3)"
rdb twice.rdb "\xfe\x00$(record 0 k 2)$(record 0 l 2)$(record 0 l 2)$(record 0 k 3)"
rdb dbs.rdb "\xfe\x00$(record 0 1:k v)$(record 0 1:l v)$(record 0 m v)\xfe\x01$(record 0 k v)$(record 0 l v)$(record 0 n v)"
rdb one.rdb "\xfe\x00$(record 0 k v)"
try() {
    echo "$ $*"
    "$RDBFERRY" "$@" 2>&1 | grep -v checksum
    ls out* 2>/dev/null
}
try convert a.rdb b.rdb -o out.rdb
try convert a.rdb b.rdb -o out.rdb --memory 1
try convert a.rdb one.rdb -o out.rdb
try convert b.rdb -o out.rdb --check
try convert b.rdb -o out.rdb --check --memory 1
try convert twice.rdb -o out.rdb --check
try split dbs.rdb --shards 2 -o out --flatten-dbs=%d:
try split dbs.rdb --shards 2 --dry-run --flatten-dbs=%d:
try convert dbs.rdb -o out.rdb --map-db 1=0 --rename 's/[kl]$/x/'
try convert a.rdb - -o out.rdb <b.rdb
