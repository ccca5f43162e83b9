#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever makes no sense is told before anything is read.
. "$(dirname "$0")/data.bash"
exec 2>&1
kv_rdb a.rdb
diff_() {
    echo "$ diff $*"
    "$RDBFERRY" diff "$@"
    echo "status $?"
}
diff_
diff_ a.rdb
diff_ a.rdb a.rdb a.rdb
diff_ - -
diff_ a.rdb a.rdb --limit x
diff_ a.rdb a.rdb --limit -1
diff_ a.rdb a.rdb --memory 0
diff_ a.rdb a.rdb --memory 1X
diff_ a.rdb a.rdb --memory 99999999999999999999
diff_ a.rdb a.rdb --ttl-tolerance 5y
diff_ a.rdb a.rdb --ttl-tolerance ''
diff_ a.rdb a.rdb --explain-db 0
diff_ a.rdb a.rdb --explain k --explain-db 4294967296
diff_ a.rdb a.rdb --explain k --jsonl
diff_ a.rdb a.rdb --explain k --report r.json
diff_ a.rdb a.rdb --explain k --expired drop
diff_ a.rdb a.rdb --explain k --ttl-tolerance 1s
diff_ a.rdb a.rdb --report -
diff_ a.rdb a.rdb --report a.rdb
diff_ a.rdb a.rdb --memory 1k --ttl-tolerance 2d --limit 0
