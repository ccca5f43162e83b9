#!/bin/bash
# SPDX-License-Identifier: MIT
# What a dump has to be like: each expectation met, and missed by the least that there is.
. "$(dirname "$0")/verify.bash"
module='07 016d 81bde72da2bb1eb400 02 05 00'
make_rdb in.rdb REDIS0010 'fa 056374696d65 0a31373030303030303030' fe00 "$a_is_1" "$b_is_2" "$list" "$hash" "$module" "$expiring"
size=$(stat -c %s in.rdb)
# expect OPTION ARGUMENT...: tries each of the arguments, and shows what is said and the status.
expect() {
    local option=$1 argument

    shift
    for argument; do
        "$RDBFERRY" verify in.rdb -q "$option" "$argument" 2>/dev/null
        echo "$option $argument: $?"
    done
}
expect --min-keys 0 6 7
expect --max-keys 6 5
expect --expect-db 0=5 0=5.. 0=..5 0=4..6 0=6.. 0=..4 1=1 1=0 2=0 2=1.. 1023=0
expect --expect-type string=3 string=4.. list=1..1 zset=0 zset=1.. module=1 stream=0
expect --forbid-type set list module
expect --forbid-module ReJSON-RL vectorset vectorset2
expect --min-size 0 100 1K
expect --max-size 1K 100
expect --min-size "$size" $((size + 1)) 2>/dev/null | sed "s/$size/SIZE/g; s/$((size + 1))/SIZE + 1/g"
expect --max-size "$size" $((size - 1)) 2>/dev/null | sed "s/$size/SIZE/g; s/$((size - 1))/SIZE - 1/g"
expect --min-ttl-share 0 0.16 0.17 1
expect --max-ttl-share 1 0.17 0.16 0
expect --max-key-size 2 1 0
expect --max-elements 2 1 0
expect --max-age 1000000h
expect --max-age 10d | sed 's/saved [0-9]* h [0-9]* min ago/saved a long time ago/'

echo 'several of them'
verify in.rdb --min-keys 1 --max-keys 5 --expect-type string=9 --expect-db 0=5 --max-keys 6
for i in {1..64}; do
    many+=(--min-keys "$i")
done
"$RDBFERRY" verify in.rdb -q "${many[@]}" | wc -l

echo 'when it was saved'
empty_rdb unknown.rdb
verify unknown.rdb --max-age 1h
verify in.rdb unknown.rdb --max-age 1000000h
for ago in 7200 7000; do
    printf 'REDIS0010\xfa\x05ctime\x0a%s\xff\0\0\0\0\0\0\0\0' $(($(date +%s) - ago)) >recent.rdb
    verify recent.rdb --max-age 119m 2>/dev/null | sed 's/ [0-9]* min/ N min/'
done
set_command a 1 >in.aof
verify in.aof --max-age 1h
verify in.aof --min-keys 1
verify unknown.rdb --max-key-size 0 --max-elements 0 --max-ttl-share 0 --min-ttl-share 0

echo 'of a dump that is not sound'
make_rdb damaged.rdb REDIS0010 "$a_is_1" '05 017a 01 0161 000000000000f87f'
verify damaged.rdb --min-keys 3 --expect-type string=1
