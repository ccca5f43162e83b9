#!/bin/bash
# SPDX-License-Identifier: MIT
# The report is JSON, and says what was found.
. "$(dirname "$0")/verify.bash"
make_rdb sound.rdb REDIS0010 fe00 fb0200 "$a_is_1" "$b_is_2"
make_rdb other.rdb REDIS0010 fe00 fb0300 "$a_is_1" '00 0162 0133' "$hash" "$expiring"
make_rdb damaged.rdb REDIS0010 fe00 fb0200 '05 027a22 01 0161 000000000000f87f' "$a_is_1"
truncate -s -4 damaged.rdb
set_command a 1 >in.aof
run() {
    "$RDBFERRY" verify "${@:2}" -q --report "$1" >/dev/null 2>&1
    echo "$*: $?"
}
run sound.json sound.rdb
run met.json sound.rdb --min-keys 1 --max-keys 1
run damaged.json damaged.rdb
run against.json sound.rdb --against other.rdb --limit 1
run same.json sound.rdb --against sound.rdb
run missing.json sound.rdb nowhere.rdb
run commands.json sound.rdb in.aof
run strict.json other.rdb --strict
"$RDBFERRY" verify sound.rdb -q --report - | tail -n 1
digest=$("$RDBFERRY" verify sound.rdb --digest | cut -d ' ' -f 1)
DIGEST=$digest python3 - <<'END_OF_PYTHON'
import json, os

def read(name):
    with open(name + ".json") as file:
        return json.load(file)

sound = read("sound")
assert sound["command"] == "verify" and sound["result"] == "ok" and "error" not in sound
assert sound["digest"] == os.environ["DIGEST"] and len(sound["digest"]) == 32
assert sound["fault_count"] == 0 and sound["faults"] == [] and sound["expectations"] == [] and "against" not in sound
assert sound["read"]["keys"] == 2 and sound["inputs"][0]["path"] == "sound.rdb"

met, unmet = read("met")["expectations"]
assert met == {"expectation": "min-keys", "argument": "1", "met": True, "found": "2 keys"}
assert unmet == {"expectation": "max-keys", "argument": "1", "met": False, "found": "2 keys"}
assert read("met")["result"] == "failed" and read("met")["digest"] == sound["digest"]

damaged = read("damaged")
nan, cut = damaged["faults"]
assert damaged["result"] == "failed" and damaged["fault_count"] == 2 and damaged["digest"] is None
assert nan["code"] == "E_CORRUPT" and nan["offset"] == 29 and nan["input"] == "damaged.rdb"
assert nan["key"] == 'z"' and nan["db"] == 0 and "NaN" in nan["message"]
assert cut["code"] == "E_TRUNCATED" and cut["offset"] == 35 and "key" not in cut

against = read("against")
assert against["result"] == "failed" and against["digest"] == sound["digest"]
assert against["against"]["name"] == "other.rdb"
expected = {"added": 2, "changed": 1, "changed_value": 1, "shown": 1}
differences = against["against"]["differences"]
first, = differences.pop("list")
assert first["difference"] == "changed" and first["key"] == "b" and first["changes"] == ["value"]
assert {name: n for name, n in differences.items() if n} == expected
assert [i["path"] for i in against["inputs"]] == ["sound.rdb", "other.rdb"]
assert against["read"]["keys"] == 2, "what is compared with is not what is verified"
same = read("same")
assert same["against"]["differences"].pop("list") == []
assert same["result"] == "ok" and set(same["against"]["differences"].values()) == {0}

missing = read("missing")
assert missing["result"] == "error" and missing["error"]["code"] == "E_READ" and missing["digest"] is None

commands = read("commands")
assert commands["result"] == "ok" and commands["read"]["commands"] == 1 and commands["digest"] is None
assert read("strict")["result"] == "ok"
END_OF_PYTHON
