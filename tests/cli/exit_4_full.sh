#!/bin/bash
# SPDX-License-Identifier: MIT
# A write that fails is never lost, whatever it was.
[ -w /dev/full ] || { echo "no /dev/full" >&2; exit 77; }
. "$(dirname "$0")/data.bash"
exec 2>/dev/null
kv_rdb in.rdb
for arguments in help version 'convert --help' 'convert in.rdb -o - --to aof' 'convert in.rdb -o - --to rdb' \
    'convert in.rdb -o out.aof --force --report -' 'convert in.rdb -o out.aof --force --report /dev/full'; do
    # shellcheck disable=SC2086
    "$RDBFERRY" $arguments >/dev/full
    echo "$arguments: $?"
done
