#!/bin/bash
# SPDX-License-Identifier: MIT
# Typical typos, misplaced arguments and words of other tools: each gets a hint, status 2 and nothing else.
. "$(dirname "$0")/data.bash"
kv_rdb dump.rdb
shopt -s extglob
try() {
    local shown="$*" said status line
    shown=${shown//*([A-Za-z]):SECRET@/...@}
    printf '$ %s\n' "${shown/SECRET/...}"
    said=$("$RDBFERRY" "$@" 2>&1)
    status=$?
    [[ $said != *SECRET* ]] || echo 'the password is shown'
    while IFS= read -r line; do
        [[ $line == 'try '* ]] || printf '%s\n' "$line"
    done <<<"$said"
    [ $status = 2 ] || echo "status $status"
}
echo '--- commands'
try convrt dump.rdb -o x
try inspct dump.rdb
try Convert dump.rdb -o x
try repaly dump.rdb redis://h
try restore dump.rdb redis://h
try help convrt
try --versoin
try -V
try frobnicate
try dump.rdb
try dump.rdb -o x
try dump.rdb redis://u:SECRET@h
try dump.rdb verify
try - x
try redis://u:SECRET@h
try --output x convert dump.rdb
try --output=SECRET
try -q inspect dump.rdb
echo '--- options'
for option in --ouput=x --outptu=x --Output=x --out_put=x --out=x -output=x --dryrun --hashtag=x --onexists=x \
    --format=aof --overwrite --compress=gzip --json --top=3 -n -u --url=redis://u:SECRET@h \
    --pipe --src=x -h -help -verbose --password=SECRET --version -p --frobnicate=SECRET -Z $'--\e[1mx'; do
    try convert dump.rdb "$option"
done
for option in --onexists=skip --dryrun --cluster -c -n -u --dst=x --target=x --in=x --threads=4 --overwrite \
    --password=SECRET --username=x --ssl --sentinel=x --resum --topology=nodes.conf --ouput=x -host=h -pass=SECRET; do
    try replay dump.rdb "$option"
done
try verify dump.rdb --max
try verify dump.rdb --url redis://h
try split dump.rdb --target x
try diff dump.rdb dump.rdb --json
echo '--- values'
for option in --to=AOF --to=aofdir --to=aof_dir --to=json --to=xml --target-version={5,redis7,valkey9,v7.2.4,99,new} \
    --memory=lots --shift-expiry=soon --explain-db=many --progress=sometimes --on-collision=replace; do
    try convert dump.rdb -o x "$option"
done
for option in --on-exists={replaced,overwrite,Skip} --rate=fast --connections=10k; do
    try replay dump.rdb redis://h "$option"
done
try verify dump.rdb --max-age yesterday
echo '--- positions'
try replay dump.rdb h:6379
try replay dump.rdb localhost
try replay dump.rdb 10.0.0.5
try replay dump.rdb '[::1]:7000'
try replay h:6379
try replay dump.rdb dump.rdb
try replay redis://u:SECRET@h dump.rdb
try replay dump.rdb redis://u:SECRET@127.0.0.1:1 redis://u:SECRET@127.0.0.1:2 --source-retry-for 1ms
try replay dump.rdb -h h:7000
try verify dump.rdb --against h:6379
try split dump.rdb --topology h:6379 -o x
try convert dump.rdb out.aof
try convert dump.rdb dump.rdb
try convert dump.rdb redis://u:SECRET@h
try convert dump.rdb rdis://u:SECRET@h
try convert dump.rdb u:SECRET@h
try verify dump.rdb redis://u:SECRET@h
try diff dump.rdb redis://u:SECRET@127.0.0.1:1 --source-retry-for 1ms
for scheme in redis-sentinel sentinel redis-cluster redis-socket redis+srv; do
    try replay dump.rdb "$scheme://u:SECRET@h"
done
echo '--- a live server as an input'
try convert redis://127.0.0.1:1 -o x --source-retry-for 1ms
try convert redis://u:SECRET@127.0.0.1:1/2 -o x
try inspect rediss://:SECRET@127.0.0.1:1 --source-retry-for 1ms
try verify unix:///nowhere/redis.sock --source-retry-for 1ms
try inspect 'redis+cluster://:SECRET@127.0.0.1:1,[::1]:2' --source-retry-for 1ms
try verify rediss+sentinel://u:SECRET@127.0.0.1:1/mymaster --source-retry-for 1ms
try replay redis://127.0.0.1:1 redis://127.0.0.1:2 --source-retry-for 1ms
try inspect redis://u:SECRET@h:x
echo '--- help'
for command in convert split replay verify diff inspect; do
    for argument in -h help; do
        "$RDBFERRY" $command $argument | cmp - <("$RDBFERRY" help $command)
    done
done
try replay dump.rdb -h
cp dump.rdb help
"$RDBFERRY" verify help
rm help
ls
