#!/bin/bash
# SPDX-License-Identifier: MIT
# Rules pass in their own order, whatever that of the options, and are counted.
. "$(dirname "$0")/split_data.bash"
users_rdb in.rdb
rewrite() {
    echo "$ $*"
    "$RDBFERRY" convert in.rdb -o out.rdb --force -q --report report.json "$@" || return
    keys_of out.rdb | tail -n +2
    sed -n '/"rewritten": {/,/^  }/p' report.json | tr -d ' \n'
    echo
}
rewrite --flatten-dbs
rewrite --flatten-dbs=d%d. --prefix-db0
rewrite --flatten-dbs --hash-tag '{user:*}:*' --rename 's/^(\w+):1/\1:9/' --rename 's/user:9/user:1/g'
rewrite --rename 's,cart,<&>,' --map-db 1=7
rewrite --rename 's/\w+:(\d):cart/c:\1/'
rewrite --map-db 0=1,1=0
cat >rules.txt <<'END'
# what the new application expects
rename s/^user:/u:/

hash-tag {u:*}:*
  flatten-dbs
END
rewrite --rules rules.txt
"$RDBFERRY" help rules | head -n 3
