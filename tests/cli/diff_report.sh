#!/bin/bash
# SPDX-License-Identifier: MIT
# The report has the counts; the summary says them too.
. "$(dirname "$0")/diff_data.bash"
before_and_after
"$RDBFERRY" diff before.rdb after.rdb --report report.json --limit 1 -v 2>messages >lines
echo $?
tail -n 1 messages
wc -l <lines
grep -E '"(command|result)"' report.json
sed -n '/"differences"/,$p' report.json
"$RDBFERRY" diff before.rdb before.rdb --report report.json -q
grep '"result"' report.json
