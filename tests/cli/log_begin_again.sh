#!/bin/bash
# SPDX-License-Identifier: MIT
# Logs are written as if they had no FLUSHDB and no SWAPDB, and everything begins again when one comes. Nothing may differ from
# a run that has looked for them in advance, as it does with --drop-command.
. "$(dirname "$0")/aof_data.bash"
shopt -s globstar nullglob

# run NAME ARGUMENT...: everything that it leaves and says.
run() {
    mkdir "$1"
    cd "$1" || exit
    "$RDBFERRY" "${@:2}" --report report.json >stdout 2>stderr
    echo "status $?" >status
    cd ..
}

# same ARGUMENT...: what differs in two reports anyway is left out of them.
same() {
    local files
    rm -rf now advance
    run now "$@"
    run advance "$@" --drop-command NOSUCH
    sed -i -E '/"(duration_seconds|started|finished|[a-z]*_?time|command_line)"/d; s/"bytes_(read|decoded)": [0-9]+//' ./*/report.json
    files=(now/**)
    diff -r now advance && echo "same: $(<now/status), ${#files[@]} names"
}

# Into one file, and into several.
two_ways() {
    same convert "$@" -o out.aof --flatten-dbs --hash-tag '{user:*}:*'
    same split "$@" -o out --shards 3 --to aof --flatten-dbs --hash-tag '{user:*}:*'
}

all_ways() {
    two_ways "$@"
    same convert "$@" -o out.aof -d 0,1 --threads 3
    same convert "$@" -o out --to aof-dir --map-db 1=0,2=0
}

# Keys of one prefix, more than one block of plain commands.
# shellcheck disable=SC2016 # RESP
printf '*3\r\n$3\r\nSET\r\n$11\r\nuser:%d:x\r\n$5\r\nvalue\r\n' {1000..3999} >many.aof
# log WAYS NAME COMMAND...
log() {
    echo "$2"
    { cat many.aof; resp "${@:3}"; cat many.aof; } >in.aof
    "$1" "$PWD/in.aof"
}

log all_ways 'none' 'SET a 1'
log all_ways 'FLUSHDB' 'SELECT 1' 'SET a 1' 'FLUSHDB' 'SET b 1' 'SELECT 0'
log two_ways 'in a transaction' 'MULTI' 'SET a 1' 'FLUSHDB' 'EXEC'
log all_ways 'SWAPDB' 'SET a 1' 'SWAPDB 0 1' 'SET b 1'
log two_ways 'a collision before it' 'SET db1:k 1' 'SELECT 1' 'SET k 2' 'FLUSHDB' 'SELECT 0'
log all_ways 'a collision' 'SET db1:k 1' 'SELECT 1' 'SET k 2'
log all_ways 'a command that is refused after it' 'FLUSHDB' 'SORT a BY w_* STORE b'
log two_ways 'an invalid command after it' 'SET a 1' 'FLUSHDB' 'SET a'

echo 'first and last'
{ resp FLUSHDB; cat many.aof; } >in.aof
two_ways "$PWD/in.aof"
{ cat many.aof; resp FLUSHDB; } >in.aof
two_ways "$PWD/in.aof"

echo 'damage'
# shellcheck disable=SC2016 # RESP
{ cat many.aof; resp FLUSHDB; printf '*3\r\n$3\r\nSET\r\nx'; } >in.aof
two_ways "$PWD/in.aof"

echo 'in the second increment'
mkdir aof
cp many.aof aof/a.aof.1.incr.aof
{ resp 'SELECT 1' 'SET a 1' FLUSHDB 'SELECT 0'; cat many.aof; } >aof/a.aof.2.incr.aof
printf 'file a.aof.%d.incr.aof seq %d type i\n' 1 1 2 2 >aof/a.aof.manifest
all_ways "$PWD/aof"

echo 'keys that have been counted'
cp "$TESTDATA/servers/redis-7.0.15.rdb" aof/a.aof.1.base.rdb
printf 'file a.aof.1.base.rdb seq 1 type b\n' >>aof/a.aof.manifest
two_ways "$PWD/aof"

echo 'what a pipe has received cannot be taken back'
{ cat many.aof; resp 'SET a 1' FLUSHDB 'SET b 1'; } >in.aof
mkfifo fifo
cat fifo >from-fifo &
timeout 30 "$RDBFERRY" convert in.aof -o fifo --to aof --flatten-dbs -q
wait
"$RDBFERRY" convert in.aof -o - --to aof --flatten-dbs -q >from-stdout
"$RDBFERRY" convert in.aof -o file.aof --flatten-dbs -q
cmp from-fifo file.aof && cmp from-stdout file.aof
commands_of file.aof

echo 'said once'
"$RDBFERRY" convert in.aof -o verbose.aof --flatten-dbs -v 2>&1 | grep -c 'in.aof: aof'

echo 'an output that exists'
"$RDBFERRY" convert in.aof -o file.aof --flatten-dbs
echo "status $?"
