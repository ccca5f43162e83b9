#!/bin/bash
# SPDX-License-Identifier: MIT
# What a killed run has left is removed by the next one with the same output; what belongs to a run that is
# stopped, to other outputs, or to nobody known, is not.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
mkdir out
mkfifo pipe

# begin ARGUMENT...: starts a run that waits for its input, once its temporary file is there.
begin() {
    "$RDBFERRY" "$@" -q <pipe 2>/dev/null &
    begun=$!
    exec 3>pipe
    printf 'REDIS0009\xfe\x00\x00\x01a\x01v' >&3
    for _ in {1..200}; do
        [[ $(readlink /proc/$begun/fd/*) == *.rdbferry-* ]] && return
        sleep 0.05
    done
    echo "no temporary file appears"
}
end() {
    kill -9 "$begun"
    wait "$begun" 2>/dev/null
    exec 3>&-
}
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
left() {
    find out -name '.*' -printf '%y %p\n' | sed 's/rdbferry-.*/rdbferry-XXXXXX/' | LC_ALL=C sort
}

begin convert - -o out/dump.rdb
end
begin convert - -o out/other.rdb
end
begin convert - -o out/dump.rdb
left

# That one is stopped, not killed; the others do not have the name or the type, or are of another owner.
kill -STOP "$begun"
touch out/.dump.rdb.rdbferry-{short,toolong,a.bcde} out/.xdump.rdb.rdbferry-strang
ln -s ../in.rdb out/.dump.rdb.rdbferry-linked
mkfifo out/.dump.rdb.rdbferry-a_fifo
run convert in.rdb -o out/dump.rdb
left
[ -e "$(readlink /proc/$begun/fd/* | grep rdbferry-)" ] && echo "the stopped one has its file"
kill -CONT "$begun"
end
rm out/.*rdbferry-{short,toolong,a.bcde,strang}
run convert in.rdb -o out/dump.rdb --force
left
rm out/.*rdbferry-{linked,a_fifo}
run convert in.rdb -o out/other.rdb

for kind in rdb aof-dir; do
    begin split - --shards 2 --to "$kind" -o out/shards --force
    end
    left
    run split in.rdb --shards 2 -o out/shards/ --force >log
    grep -v '^shard' log
    left
done

begin convert - -o out/appendonlydir
end
left
run convert in.rdb -o out/appendonlydir
left

# A complete directory may be the only one.
mv out/shards out/.shards.rdbferry-000000
run split in.rdb --shards 2 -o out/shards | grep -v "^shard"
left
run split in.rdb --shards 2 -o out/shards --force | grep -v "^shard"
left
# Reports
printf 12345 >out/.report.json.rdbferry-abcdef
run convert in.rdb -o out/dump.rdb --force --report out/report.json
left
