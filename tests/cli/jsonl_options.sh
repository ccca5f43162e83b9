#!/bin/bash
# SPDX-License-Identifier: MIT
# What makes no sense with JSON lines, and --binary without them; and that nobody is named as their reader.
. "$(dirname "$0")/data.bash"
exec 2>&1
kv_rdb in.rdb
convert() {
    echo "$ convert $*"
    "$RDBFERRY" convert "$@"
    echo "status $?"
}
convert in.rdb -o out.jsonl --binary hex
convert in.rdb -o out.aof --binary base64
convert in.rdb -o dir --binary escape
convert in.rdb -o out.jsonl --base rdb
convert in.rdb -o out.jsonl --appendfilename x
convert in.rdb -o out.jsonl --preamble
convert in.rdb -o out.jsonl --target-version 7.0
convert in.rdb -o out.jsonl --restore
convert in.rdb -o out.jsonl --drop-unsupported
convert in.rdb -o - --to jsonl --report -
ls
convert in.rdb -o out.jsonl --verbose --report report.json
python3 -c 'import json; print(json.load(open("report.json"))["target"])'
