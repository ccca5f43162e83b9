#!/bin/bash
# SPDX-License-Identifier: MIT
# An input that cannot be read does not end the verification of the others: each has its fault, its test case and
# its time.
. "$(dirname "$0")/verify.bash"
kv_rdb good.rdb
mkdir broken empty
: >broken/a.manifest
verify broken good.rdb
verify good.rdb broken empty nowhere.rdb
verify empty nowhere.rdb
verify broken
verify broken/a.manifest good.rdb
verify good.rdb nowhere.rdb --against good.rdb
"$RDBFERRY" verify broken good.rdb nowhere.rdb --against good.rdb -q --junit junit.xml --report report.json >/dev/null 2>&1
python3 - <<'END'
import json
from xml.etree import ElementTree

suite = ElementTree.parse("junit.xml").getroot()
print(suite.get("tests"), suite.get("failures"), suite.get("errors"))
for case in suite.findall("testcase"):
    assert 0 <= float(case.get("time")) < 100
    print(case.get("name"), [problem.tag for problem in case])
report = json.load(open("report.json"))
assert 0 <= report["duration_seconds"] < 100
print(report["result"], report["fault_count"], [fault["input"] for fault in report["faults"]], report["error"]["input"])
END
