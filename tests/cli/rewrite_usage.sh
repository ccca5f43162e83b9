#!/bin/bash
# SPDX-License-Identifier: MIT
# Rules that make no sense; those of a file with their line.
. "$(dirname "$0")/split_data.bash"
exec 2>&1
users_rdb in.rdb
convert() {
    echo "$ convert $*"
    "$RDBFERRY" convert in.rdb -o out.aof "$@"
    echo "status $?"
}
convert --rename foo
convert --rename 's/a/b'
convert --rename 's/(/b/'
convert --rename 's/a/b/x'
convert --rename 's/a/\1/'
convert --hash-tag 'user:*'
convert --hash-tag '{}:*'
convert --hash-tag '}*{'
convert --flatten-dbs=prefix:
convert --flatten-dbs=%d%d
convert --flatten-dbs --flatten-dbs
convert --map-db 1
convert --map-db 1=0,1=2
convert --map-db 0=99999999999
convert --rules missing.txt
printf 'hash-tag {a}*\nflatten-dbs x\n' >rules.txt
convert --rules rules.txt
printf '\n\nfrobnicate\n' >rules.txt
convert --rules rules.txt
convert --shift-expiry soon
convert --shift-expiry auto
ls
