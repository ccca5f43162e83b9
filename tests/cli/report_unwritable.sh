#!/bin/bash
# SPDX-License-Identifier: MIT
# A report that cannot be written: where that is known, it ends the run before anything is read; otherwise a message
# names it, and the exit status is that of the run.
[ -w /dev/full ] || { echo "no /dev/full" >&2; exit 77; }
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
mkdir folder
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
run convert in.rdb -o out.aof --report missing/report.json
run convert in.rdb -o out.aof --report folder
run convert in.rdb -o out.aof --report in.rdb/report.json
run split in.rdb --shards 2 -o out --report missing/report.json
run verify nowhere.rdb --report missing/report.json
run verify in.rdb --junit missing/report.xml
run inspect in.rdb --report missing/report.json
run diff in.rdb in.rdb --report missing/report.json
run replay in.rdb redis://127.0.0.1:1 --report missing/report.json
run replay in.rdb redis://127.0.0.1:1 --dry-run --report missing/report.json
run replay in.rdb redis://127.0.0.1:1 --metrics-file missing/metrics.prom
ls
run convert in.rdb -o out.aof --report /dev/full
run verify in.rdb --report /dev/full -q
run verify in.rdb --min-keys 2 --report /dev/full --junit /dev/full
run diff in.rdb in.rdb --report /dev/full
run diff in.rdb in.rdb --report /dev/full
ls
