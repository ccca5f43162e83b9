#!/bin/bash
# SPDX-License-Identifier: MIT
# Keys are chosen by database, name, type and slot; how many were left out is counted by reason.
. "$(dirname "$0")/split_data.bash"
users_rdb in.rdb
choose() {
    echo "$ $*"
    "$RDBFERRY" convert in.rdb -o out.rdb --force -q --report report.json "$@"
    keys_of out.rdb | tail -n +2
    sed -n '/"dropped_by": {/,/}/p' report.json | tr -d ' \n'
    echo
}
choose -d 1
choose --no-db 1
choose -D 0-5,7
choose -k 'user:*'
choose -k 'user:*' -k news -K '*:2:*'
choose --key-regex '^\{?user:[23]\b'
choose --no-key-regex 'cart$'
choose -t list
choose -T str
choose --only-slots 0-8191
choose --shard 2/2
choose -d 0 -d 1 -k 'jobs' -k '{*' -t string,list
choose --expired only
choose -k '[' -k 'n[a-f]ws'
