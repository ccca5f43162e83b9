#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
"$RDBFERRY" convert in.rdb -o out.aof --report - | python3 -m json.tool >/dev/null
exit "${PIPESTATUS[0]}"
