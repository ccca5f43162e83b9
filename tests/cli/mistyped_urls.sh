#!/bin/bash
# SPDX-License-Identifier: MIT
# A URL that is mistyped, or stands where none is expected, is status 2, and its password is shown nowhere.
shopt -s extglob
try() {
    local shown="$*" said status line
    printf '$ %s\n' "${shown//*([A-Za-z]):SECRET@/...@}"
    said=$("$RDBFERRY" "$@" 2>&1)
    status=$?
    [[ $said != *SECRET* ]] || echo 'the password is shown'
    [ -z "$said" ] || while IFS= read -r line; do
        [[ $line == 'try '* ]] || printf '%s\n' "$line"
    done <<<"$said"
    echo "$status"
}
cp "$TESTDATA/servers/redis-7.0.15.rdb" in.rdb
for url in rediss//u:SECRET@h redis//u:SECRET@h:1/2 rdis://u:SECRET@h redis+tls://:SECRET@h http://u:SECRET@h \
    redis:u:SECRET@h //u:SECRET@h u:SECRET@h:6379 REDIS+CLUSTR://u:SECRET@a,b 'redi://u:p:SECRET@x@h?q=SECRET'; do
    try verify in.rdb --against "$url" --report report.json --junit report.xml
    try verify "$url"
    try replay in.rdb "$url" --checkpoint job --metrics-file metrics
    try replay "$url" redis://127.0.0.1:1
    try replay in.rdb -h "$url"
    try split in.rdb --topology "$url" -o shards
done
echo '--- a target where a file is expected'
url=redis://u:SECRET@h
for option in --report --checkpoint --dead-letter --metrics-file --cacert --key; do
    try replay in.rdb redis://127.0.0.1:1 "$option" "$url"
done
try replay in.rdb -s "$url"
try replay in.rdb -h "$url"
try replay in.rdb -p "$url"
try replay in.rdb --timeout "$url"
try verify in.rdb --junit "$url"
try convert in.rdb -o "$url"
try split in.rdb --shards 3 -o rediss//u:SECRET@h
try inspect rdis://u:SECRET@h
try "$url"
echo '--- a source that is not there'
url=redis://u:SECRET@127.0.0.1:1
try convert "$url" -o out.aof --source-retry-for 1ms
try diff in.rdb "$url" --source-retry-for 1ms
echo '--- a file where a target is expected'
try replay in.rdb ./in.rdb
try replay in.rdb file://in.rdb
echo '--- what is none'
mkdir -p 'dir//a@b' 'redis:u:p@h'
cp in.rdb 'dir/a@b/c:d@e'
try verify 'dir//a@b/c:d@e' -q
try verify 'a//b.rdb'
try verify 'redis/none@h'
ls
