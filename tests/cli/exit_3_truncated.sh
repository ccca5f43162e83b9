#!/bin/bash
# SPDX-License-Identifier: MIT
# An input that ends too early leaves no output, and no temporary file.
. "$(dirname "$0")/data.bash"
cut_rdb in.rdb
"$RDBFERRY" convert in.rdb -o out.aof
code=$?
ls
exit $code
