#!/bin/bash
# SPDX-License-Identifier: MIT
# What differs is said a line each; the exit status says whether anything does.
. "$(dirname "$0")/diff_data.bash"
before_and_after
diff_() {
    echo "$ diff $*"
    "$RDBFERRY" diff -q "$@"
    echo "status $?"
}
diff_ before.rdb after.rdb | sort
diff_ before.rdb before.rdb
diff_ before.rdb after.rdb --limit 2
diff_ before.rdb after.rdb --ttl-tolerance 100ms --limit 0 | grep -c soon
diff_ before.rdb after.rdb --ttl-tolerance 99ms --limit 0 | grep -c soon
diff_ before.rdb after.rdb --expired drop | grep soon
diff_ before.rdb after.rdb --expired only | sort
diff_ before.rdb after.rdb --jsonl | sort

# the summary is on stderr, after the list
"$RDBFERRY" diff before.rdb after.rdb --limit 2 2>&1 | tail -n 1
