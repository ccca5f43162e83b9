#!/bin/bash
# SPDX-License-Identifier: MIT
# Differences that cannot be printed are a failure, said once; so is a report that cannot be written.
. "$(dirname "$0")/diff_data.bash"
exec 2>&1
before_and_after
for options in '' --jsonl '--explain value'; do
    # shellcheck disable=SC2086 # several words
    "$RDBFERRY" diff -q before.rdb after.rdb $options >/dev/full
    echo "status $?"
done
"$RDBFERRY" diff -q before.rdb before.rdb --report missing/report.json
echo "status $?"
