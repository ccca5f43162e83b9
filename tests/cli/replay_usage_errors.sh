#!/bin/bash
# SPDX-License-Identifier: MIT
# What makes no sense to replay is status 2, before a target is asked; passwords are not repeated.
try() {
    echo "$ replay $*"
    "$RDBFERRY" replay "$@" 2>&1 | sed '/^try /d'
    echo "${PIPESTATUS[0]}"
}
cp "$TESTDATA/servers/redis-7.0.15.rdb" in.rdb
mkfifo pipe
url=redis://127.0.0.1:1
try
try "$url"
try in.rdb
try "$url" in.rdb
try in.rdb reddis://user:secret@h
try in.rdb redis://user:sec ret@h
try in.rdb redis://user:secret@h/3
try in.rdb redis://:secret@h:x
try in.rdb "$url" -h 127.0.0.1
try in.rdb "$url" --sentinel-user someone
try in.rdb "$url" --sentinel-pass secret
for map in '' a a= =b a:0=b a=b:65536 ::1=b '[::1=b' '[::1]:70000=b'; do
    try in.rdb "$url" --map-address "$map"
done
try in.rdb "$url" --map-address a:1=b --map-address A:1=c
try in.rdb "$url" --on-exists overwrite
try in.rdb "$url" --mode pipe
try in.rdb "$url" --rate 0
try in.rdb "$url" --rate 50MB/m
try in.rdb "$url" --rate /s
try in.rdb "$url" --connections 65
try in.rdb "$url" --big-key 0
try in.rdb "$url" --retry-for soon
try in.rdb "$url" --resume
for option in --verify --checkpoint=job --dead-letter=job --metrics-file=job --rate=1M --fail-fast; do
    try in.rdb "$url" --dry-run "$option"
done
try in.rdb "$url" --checkpoint -
try in.rdb "$url" --dead-letter ''
try in.rdb "$url" --checkpoint in.rdb
try in.rdb "$url" --metrics-file ./in.rdb
try in.rdb "$url" --checkpoint job --dead-letter ./job
try in.rdb "$url" --report job --metrics-file job
try - "$url" --verify </dev/null
try pipe "$url" --verify
try in.rdb "$url" --explain-db 3
# Deletions.
try in.rdb "$url" --since first.rdb --retry-for 0
try in.rdb "$url" --since redis://:secret@h
try in.rdb "$url" --since -
try in.rdb "$url" --since pipe
try in.rdb "$url" --since in.rdb --checkpoint in.rdb
try pipe "$url" --since in.rdb
try pipe "$url" --delete-extra
try in.rdb "$url" --delete-extra --since in.rdb
try in.rdb "$url" --force-delete
try in.rdb "$url" --since in.rdb --on-exists skip
try in.rdb "$url" --delete-extra --on-exists fail
try in.rdb "$url" --since in.rdb --shift-expiry auto
try in.rdb "$url" --since in.rdb --expired only
try in.rdb "$url" --delete-extra -k 'a*' --rename 's/a/b/'
ls
# Shards by their index, and passwords from files.
try in.rdb "$url" --shard-index 0
try in.rdb "$url" --shards 4
try in.rdb "$url" --shard-index 4 --shards 4
try in.rdb "$url" --shard-index 0 --shards 4 --shard 1/4
try in.rdb "$url" --pass-file missing
try in.rdb "$url" --pass-file .
try in.rdb "$url" --pass-file /dev/null
try in.rdb "$url" --pass-file in.rdb -a secret
try in.rdb "$url" --sentinel-pass-file in.rdb
# Following needs a live source, and data that may go on changing.
try in.rdb "$url" --follow
for option in --scan --verify --dry-run --no-transactions '--since in.rdb' --delete-extra '--until-command 1'; do
    # shellcheck disable=SC2086 # words
    try "$url" "$url" --follow $option
done
try in.rdb "$url" --cutover 3s
try "$url" "$url" --follow --cutover 3s --exit-when-in-step 3s
try "$url" "$url" --follow --cutover-command true
