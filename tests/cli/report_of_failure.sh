#!/bin/bash
# SPDX-License-Identifier: MIT
# A run that fails writes its report all the same.
. "$(dirname "$0")/data.bash"
cut_rdb in.rdb
"$RDBFERRY" convert in.rdb -o out.aof --report report.json
code=$?
python3 - <<'END'
import json
report = json.load(open("report.json"))
assert report["result"] == "error" and report["outputs"] == []
assert report["error"]["code"] == "E_TRUNCATED" and report["error"]["input"] == "in.rdb"
END
ls
exit $code
