#!/bin/bash
# SPDX-License-Identifier: MIT
# The same choice in every command that reads.
. "$(dirname "$0")/split_data.bash"
users_rdb in.rdb
"$RDBFERRY" convert in.rdb -o part.rdb -q -k 'user:*' -d 0
"$RDBFERRY" verify in.rdb -k 'user:*' -d 0
"$RDBFERRY" verify in.rdb --against part.rdb -k 'user:*' -d 0
"$RDBFERRY" diff in.rdb part.rdb -k 'user:*'
"$RDBFERRY" inspect in.rdb -k 'user:*' -d 0 --keys
echo
# What is compared with is taken as it is where keys are rewritten.
"$RDBFERRY" convert in.rdb -o flat.rdb -q --flatten-dbs
"$RDBFERRY" verify in.rdb --flatten-dbs --against flat.rdb
"$RDBFERRY" diff in.rdb flat.rdb --flatten-dbs && echo same
"$RDBFERRY" verify flat.rdb --digest >one
"$RDBFERRY" verify in.rdb --flatten-dbs --digest | cmp - one && echo same
