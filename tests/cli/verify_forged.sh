#!/bin/bash
# SPDX-License-Identifier: MIT
# Values that were made to have one published digest differ in every comparison, and by --digest=sha256.
. "$(dirname "$0")/verify.bash"
declare -A forged=(
    [a]='b8fe6c3923a44bbe 2a00000000000000 7878787878787878 7878787878787878'
    [b]='66fdeb0c2c829ea1 7c01812cf721ad1c 7878787878787878 7878787878787878'
)
for side in a b; do
    bytes=${forged[$side]}
    make_rdb string-$side.rdb REDIS0010 fe00 "00 016b 20 $bytes"
    make_rdb list-$side.rdb REDIS0010 fe00 "01 016b 01 20 $bytes"
    make_rdb set-$side.rdb REDIS0010 fe00 "02 016b 01 20 $bytes"
    make_rdb key-$side.rdb REDIS0010 fe00 "00 20 $bytes 0176"
done
for kind in string list set key; do
    verify $kind-a.rdb --against $kind-b.rdb -q | cut -c 1-60
    "$RDBFERRY" diff $kind-a.rdb $kind-b.rdb -q | wc -l
    for digest in xxh3 sha256; do
        for side in a b; do
            verify $kind-$side.rdb --digest=$digest | sed -n 2p
        done | sort -u | wc -l
    done
done
verify string-a.rdb --digest=md5
verify string-a.rdb --digest=sha256 --report report.json
grep -o '"digest[a-z0-9_]*": "[0-9a-f]*"' report.json
