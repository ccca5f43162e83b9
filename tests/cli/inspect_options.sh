#!/bin/bash
# SPDX-License-Identifier: MIT
# What options do, and what makes no sense.
. "$(dirname "$0")/data.bash"
exec 2>&1
kv_rdb in.rdb
cp "$TESTDATA/servers/redis-7.0.15.rdb" all.rdb
inspect() {
    echo "$ inspect $*"
    "$RDBFERRY" inspect "$@"
    echo "status $?"
}
inspect
inspect in.rdb --json --keys
inspect in.rdb --sort size
inspect in.rdb --limit 5
inspect in.rdb --keys --sort colour
inspect in.rdb --top -1
inspect in.rdb --top 1001
inspect in.rdb --depth 17
inspect in.rdb --delimiter ''
inspect in.rdb --report -
inspect in.rdb --report in.rdb
inspect - -
inspect nowhere.rdb
inspect in.rdb in.rdb --keys
inspect in.rdb --keys --sort size --limit 1 --quiet
inspect all.rdb --expired only --keys
inspect all.rdb --expired only
inspect all.rdb --delimiter 0 --top 2 | grep -A 3 '^Prefixes'
inspect all.rdb --depth 0 --top 0 | grep -c 'Prefixes\|Keys by'
inspect in.rdb --report report.json >/dev/null
grep -c '"command": "inspect"' report.json
