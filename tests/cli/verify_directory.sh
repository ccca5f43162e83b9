#!/bin/bash
# SPDX-License-Identifier: MIT
# An AOF directory is one data set; a file that it lacks is a fault of it.
. "$(dirname "$0")/verify.bash"
aof_directory dir
verify dir -v
verify dir --strict

set_command c 3 | head -c 20 >>dir/appendonly.aof.1.incr.aof
verify dir
truncate -s 0 dir/appendonly.aof.1.incr.aof
verify dir
rm dir/appendonly.aof.1.incr.aof
verify dir
cut_rdb dir/appendonly.aof.1.base.rdb
verify dir

printf 'file appendonly.aof.1.base.rdb seq\n' >dir/appendonly.aof.manifest
verify dir
printf 'file ../in.rdb seq 1 type b\n' >dir/appendonly.aof.manifest
verify dir
rm dir/appendonly.aof.manifest
verify dir
