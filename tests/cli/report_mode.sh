#!/bin/bash
# SPDX-License-Identifier: MIT
# The report's mode follows the umask; a link and a device stay what they are.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
umask 027
ln -s real.json link.json
touch real.json
"$RDBFERRY" convert in.rdb -o out.aof --report new.json
"$RDBFERRY" convert in.rdb -o out.aof --force --report link.json
"$RDBFERRY" convert in.rdb -o out.aof --force --report /dev/null
stat -c '%A %n' new.json link.json
[ -s real.json ] && [ -c /dev/null ] && ls
