#!/bin/bash
# SPDX-License-Identifier: MIT
# Reports onto a file that cannot be replaced: its directory is not writable.
. "$(dirname "$0")/data.bash"
as_nobody() {
    setpriv --reuid 65534 --regid 65534 --clear-groups "$@" || echo "exit status $?"
}
[ "$(as_nobody true 2>&1)" = "" ] || { echo "no setpriv, or not run by root" >&2; exit 77; }
kv_rdb in.rdb
mkdir theirs
printf '%2000s' '' >theirs/log
touch theirs/shut
chmod 666 theirs/log
chmod 600 theirs/shut
chmod 755 . theirs
as_nobody "$RDBFERRY" verify in.rdb --report theirs/log
python3 -c 'import json; print(json.load(open("theirs/log"))["result"])'
as_nobody "$RDBFERRY" verify in.rdb --report theirs/new
as_nobody "$RDBFERRY" verify in.rdb --junit theirs/shut
ls -A theirs
