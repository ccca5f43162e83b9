#!/bin/bash
# SPDX-License-Identifier: MIT
# The report is JSON, and says what was read and written.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
"$RDBFERRY" convert in.rdb -o out.aof --report report.json || exit
python3 - <<'END'
import json, os
report = json.load(open("report.json"))
assert report["result"] == "ok"
source, = report["inputs"]
assert source["path"] == "in.rdb" and source["rdb_version"] == 9
assert source["size"] == source["bytes_read"] == os.path.getsize("in.rdb")
assert report["read"]["keys"] == 1 and report["read"]["databases"][0]["keys"] == 1
assert report["read"]["types"][0]["type"] == "string"
output, = report["outputs"]
assert output["path"] == "out.aof" and output["bytes"] == os.path.getsize("out.aof")
assert len(output["xxh3"]) == 16
END
