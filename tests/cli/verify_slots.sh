#!/bin/bash
# SPDX-License-Identifier: MIT
# The files of a cluster's nodes leave no slots without a file; where they do, one may be missing.
. "$(dirname "$0")/verify.bash"
"$RDBGEN" --kind strings --scale 0.001 --seed 1 -o all.rdb
"$RDBGEN" --kind strings --scale 0.000005 --seed 2 -o few.rdb
split() {
    "$RDBFERRY" split "$@" -q 2>/dev/null
}
split all.rdb --shards 5 --name '%d' -o five
split all.rdb --slots 0-2999+9000-9999,3000-8999+10000-15999,16000-16383 --name '%d' -o moved
split few.rdb --shards 3 --name '%d' -o few
verify five/*.rdb
verify five/[0134].rdb
verify five/[0134].rdb --strict --report report.json
sed -n '/"missing_slots"/,/\]$/p' report.json
verify five/[13].rdb -q
verify five/[13].rdb -k '*'
verify five/0.rdb
verify moved/*.rdb
verify moved/[12].rdb
verify few/[02].rdb
verify few/0.rdb five/4.rdb
verify five/0.rdb five/0.rdb --limit 1
