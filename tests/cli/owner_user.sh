#!/bin/bash
# SPDX-License-Identifier: MIT
# A user other than root does not try to give files away.
. "$(dirname "$0")/data.bash"
cp "$RDBFERRY" rdbferry
as_user() {
    setpriv --reuid 1001 --regid 1001 --clear-groups "$@"
}
as_user ./rdbferry version >/dev/null 2>&1 || { echo "no setpriv, or not run by root" >&2; exit 77; }
umask 022
kv_rdb in.rdb
mkdir data
chown 12345:12345 data
chmod 777 data
as_user ./rdbferry convert in.rdb -o data/appendonlydir 2>&1
find data -printf '%U:%G %p\n' | sort
