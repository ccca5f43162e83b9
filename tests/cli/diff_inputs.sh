#!/bin/bash
# SPDX-License-Identifier: MIT
# An input is whatever holds an RDB, in whatever form; commands are refused.
. "$(dirname "$0")/diff_data.bash"
exec 2>&1
before_and_after
diff_() {
    echo "$ diff $*"
    "$RDBFERRY" diff -q "$@"
    echo "status $?"
}
gzip -k before.rdb
"$RDBFERRY" convert before.rdb -o appendonlydir -q
diff_ before.rdb before.rdb.gz
diff_ appendonlydir before.rdb
diff_ before.rdb appendonlydir
diff_ - before.rdb.gz <before.rdb
diff_ before.rdb - <after.rdb | tail -n 1
printf '*1\r\n\x247\r\nFLUSHDB\r\n' >>appendonlydir/appendonly.aof.1.incr.aof
diff_ before.rdb appendonlydir
diff_ appendonlydir before.rdb --explain same
"$RDBFERRY" convert before.rdb -o before.aof -q
diff_ before.aof before.rdb
diff_ before.rdb missing.rdb
diff_ missing.rdb before.rdb
head -c 60 before.rdb >cut.rdb
diff_ cut.rdb before.rdb
