#!/bin/bash
# SPDX-License-Identifier: MIT
# The JUnit report is XML whatever is in it; each input, each expectation and the comparison is a case.
. "$(dirname "$0")/verify.bash"
name=$'odd <&">\x01\xc3\xa4\xff \'\xef\xbf\xbe.rdb'
make_rdb sound.rdb REDIS0010 fe00 fb0200 "$a_is_1" "$b_is_2"
make_rdb other.rdb REDIS0010 fe00 fb0300 "$a_is_1"
make_rdb "$name" REDIS0010 fe00 fb0200 '05 053c26223e0a 01 0161 000000000000f87f' '10 0168 00'
printf 'REDIS0010\xff\0\0\0\0\0\0\0\0' >no_checksum.rdb
run() {
    "$RDBFERRY" verify "${@:2}" -q --junit "$1" >/dev/null 2>&1
    echo "$?"
}
run sound.xml sound.rdb
run odd.xml "$name"
run both.xml sound.rdb "$name" --min-keys 1 --max-keys 1 --against other.rdb
run same.xml sound.rdb --against sound.rdb
run missing.xml nowhere.rdb
run strict.xml no_checksum.rdb --strict
run limit.xml "$name" --limit 1
"$RDBFERRY" verify sound.rdb -q --junit - | head -n 1
"$RDBFERRY" verify sound.rdb --junit nowhere/report.xml
echo $?
python3 - <<'END_OF_PYTHON'
from xml.etree import ElementTree

def show(name):
    suite = ElementTree.parse(name + ".xml").getroot()
    assert suite.tag == "testsuite" and suite.get("name") == "rdbferry verify" and float(suite.get("time")) >= 0
    cases = suite.findall("testcase")
    assert int(suite.get("tests")) == len(cases)
    assert int(suite.get("failures")) == sum(case.find("failure") is not None for case in cases)
    assert int(suite.get("errors")) == sum(case.find("error") is not None for case in cases)
    print(f"{name}: {suite.get('tests')} tests, {suite.get('failures')} failures, {suite.get('errors')} errors")
    for case in cases:
        print(f"  {case.get('classname')} {ascii(case.get('name'))}")
        for problem in case:
            print(f"    {problem.tag}: {ascii(problem.get('message'))}")

for name in ("sound", "odd", "both", "same", "missing", "strict", "limit"):
    show(name)
END_OF_PYTHON
