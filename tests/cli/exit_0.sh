#!/bin/bash
# SPDX-License-Identifier: MIT
# Done, and nothing to say.
. "$(dirname "$0")/data.bash"
empty_rdb in.rdb
"$RDBFERRY" convert in.rdb -o out.aof && ls
