#!/bin/bash
# SPDX-License-Identifier: MIT
# All faults and differences are counted; so many of them are shown.
. "$(dirname "$0")/verify.bash"
nan='05 01%02x 01 0161 000000000000f87f'
records=()
for i in {48..107}; do
    # shellcheck disable=SC2059 # the format is ours
    records+=("$(printf "$nan" "$i")")
done
make_rdb in.rdb REDIS0010 "${records[@]}"
empty_rdb empty.rdb
for limit in 0 1 59 60 61; do
    verify in.rdb --limit $limit | tail -n 3
    verify in.rdb --limit $limit --report report.json --junit report.xml | wc -l
    python3 - <<'END_OF_PYTHON'
import json
from xml.etree import ElementTree
report = json.load(open("report.json"))
suite = ElementTree.parse("report.xml").getroot()
print(report["fault_count"], len(report["faults"]), len(suite.findall("testcase/failure")))
END_OF_PYTHON
done
verify in.rdb | wc -l
make_rdb three.rdb REDIS0010 "$a_is_1" "$b_is_2" '00 0163 0133'
verify empty.rdb --against three.rdb --limit 1 | tail -n +3
verify empty.rdb --against three.rdb --limit 0 | LC_ALL=C sort
