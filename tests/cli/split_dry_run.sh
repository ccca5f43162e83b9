#!/bin/bash
# SPDX-License-Identifier: MIT
# What would go where, and what is too heavy, without a file written. A report has it too.
. "$(dirname "$0")/split_data.bash"
many() {
    local i

    for i in {1..40}; do
        record 0 "key:$i" "$i"
        record 0 "{hot}:$i" "$i$i$i$i"
    done
}
rdb in.rdb "\xfe\x00$(many)"
"$RDBFERRY" split in.rdb --shards 3 --dry-run --report report.json
ls
sed -n '/"keys": {/,/}/p' report.json
