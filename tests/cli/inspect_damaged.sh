#!/bin/bash
# SPDX-License-Identifier: MIT
# What came before the damage is told, and that there is damage.
. "$(dirname "$0")/data.bash"
head -c 2000 "$TESTDATA/servers/redis-7.0.15.rdb" >in.rdb
"$RDBFERRY" inspect in.rdb --json >out.json
echo "json: $?"
python3 - <<'END'
import json
data = json.load(open("out.json"))
assert data["result"] == "error" and data["error"]["code"] == "E_TRUNCATED"
assert 0 < data["total"]["keys"] < 183
END
"$RDBFERRY" inspect in.rdb -q >page
head -4 page
"$RDBFERRY" inspect in.rdb --keys | tail -n 1
"$RDBFERRY" inspect in.rdb --keys --sort key --limit 1
echo "sorted: $?"
printf 'no data' >in.rdb
"$RDBFERRY" inspect in.rdb
echo "no data: $?"
[ -w /dev/full ] || exit
kv_rdb in.rdb
for option in --json --keys -q; do
    "$RDBFERRY" inspect in.rdb $option >/dev/full 2>/dev/null
    echo "$option, full: $?"
done
