#!/bin/bash
# SPDX-License-Identifier: MIT
# JSON, of which the parts agree with each other.
in=$TESTDATA/servers/redis-8.8.rdb
"$RDBFERRY" inspect "$in" --json --top 5 >out.json || exit
python3 -m json.tool out.json >/dev/null || exit
python3 - <<'END'
import json

data = json.load(open("out.json"))
total = data["total"]
assert data["result"] == "ok" and total["keys"] == 192 and total["expiring"] == 9
for table in data["databases"], data["types"], data["encodings"]:
    for figure in "keys", "expiring", "elements", "bytes", "memory":
        assert sum(row[figure] for row in table) == total[figure], figure
    assert max(row["longest_element"] for row in table) == total["longest_element"]
memory = data["memory"]
assert memory["estimate"] is True and memory["keys"] == total["memory"]
assert memory["total"] == memory["keys"] + memory["hash_tables"]
time = data["time"]
assert time["estimate"] is True and 0 <= time["convert_ms"] <= time["replay_ms"] < 1000
source, = data["inputs"]
assert source["format"] == "rdb" and source["rdb_version"] == 14 and source["writer"] == "redis 8.8"
assert {"name": "redis-bits", "value": "64"} in source["aux"]
assert source["bytes_decoded"] - total["bytes"] < 1000

histograms = data["histograms"]
for name in "expiry", "memory_of_key", "longest_element_of_key":
    assert sum(row["keys"] for row in histograms[name]) == total["keys"], name
    assert sum(row["memory"] for row in histograms[name]) == total["memory"], name
collections = sum(row["keys"] for row in data["types"] if row["type"] not in ("string", "module"))
assert sum(row["keys"] for row in histograms["elements_of_collection"]) == collections

for order in "memory", "elements":
    figures = [row[order] for row in data["top"]["by_" + order]]
    assert len(figures) == 5 and figures == sorted(figures, reverse=True)
prefixes = data["prefixes"]
assert prefixes["delimiters"] == ":" and not prefixes["delimiters_given"]
first = prefixes["by_keys"][0]
assert first["prefix"] == "str:" and first["keys"] == 33 and first["estimate"] is False
assert first["persistent"] == 27 and first["expired"] == 0 and first["median_ttl"] > 50 * 365 * 86400
rest = prefixes["rest"]
assert rest["persistent"] == rest["keys"] > 0 and rest["median_ttl"] is None
assert total["persistent"] == total["keys"] - total["expiring"] and total["expired"] == total["dropped"] == 0
assert source["total"] == {name: total[name] for name in source["total"]}
slots = data["slots"]
assert slots["used"] == len(slots["all"]) and slots["tagged_keys"] == 3
assert sum(row[1] for row in slots["all"]) == total["keys"]
assert sum(row[2] for row in slots["all"]) == total["bytes"]
assert sum(row[3] for row in slots["all"]) == total["memory"]
assert slots["largest"] == sorted(slots["all"], key=lambda row: -row[3])[:5]
library, = data["functions"]["all"]
assert library["name"] == "mylib" and library["engine"] == "lua"
module, = data["modules"]
assert module["name"] == "vectorset" and module["keys"] == 3
assert data["commands"]["count"] == data["commands"]["flush_count"] == 0 and data["commands"]["by_name"] == []
END
