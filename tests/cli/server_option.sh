#!/bin/bash
# SPDX-License-Identifier: MIT
# --server: which programs are accepted, what it cannot be combined with, and what is printed when a server fails.
. "$(dirname "$0")/aof_data.bash"
try() {
    echo "$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
# program NAME TEXT: one that has the version of a server, and is none.
program() {
    # shellcheck disable=SC2016 # the script's own
    printf '#!/bin/sh\n[ "$1" = --version ] && echo "Redis server v=%s sha=0" && exit\n%s\n' "${3:-7.0.15}" "$2" >"$1"
    chmod 700 "$1"
}
export TMPDIR=$PWD/tmp
mkdir tmp directory
resp 'SET a 1' 'SET b 2' >in.aof
resp 'HPEXPIREAT h 4102444800000 FIELDS 1 f' >new.aof
"$RDBFERRY" convert in.aof -o base -q --base aof
"$RDBFERRY" convert "$TESTDATA/empty_v10.rdb" -o dump.rdb -q 2>/dev/null || printf 'REDIS0010\377\0\0\0\0\0\0\0\0' >dump.rdb
touch no_program

try convert in.aof -o out.rdb --server no-such-server
try convert in.aof -o out.rdb --server ./no_program
try convert in.aof -o out.rdb --server directory/
try convert in.aof -o out.rdb --server ''
try convert in.aof -o out.rdb --server
PATH=$PWD:$PATH try convert in.aof -o out.rdb --server no_program

program fails 'echo "1:M 01 Dec 2026 08:00:00.000 # WARNING Memory overcommit must be enabled"
    echo "1:M 01 Dec 2026 08:00:00.000 * Ready"
    printf "1:M 01 Dec 2026 08:00:00.000 # Bad file format reading the append only file \033[31mX\n" >&2; exit 1'
program dies 'kill -ABRT $$'
program silent 'exit 3'
program old 'exit 3' 2.8.24
printf '#!/nowhere/sh\n' >broken
chmod 700 broken
for server in ./fails ./dies ./silent ./broken /bin/echo; do
    try convert in.aof -o out.rdb --server "$server"
done
try convert new.aof -o out.rdb --server ./silent
try verify in.aof --server ./fails
try diff in.aof in.aof --server ./fails
try inspect in.aof --server ./fails
try split in.aof --shards 2 -o shards --server ./fails
try replay in.aof redis://127.0.0.1:1 --server ./silent --dry-run
PATH=$PWD:$PATH try convert in.aof -o out.rdb --server fails

# Where there is no command, there is no server.
try convert dump.rdb -o - --to jsonl --server ./silent

try convert in.aof -o out.rdb --server ./silent --shift-expiry auto
try convert in.aof in.aof -o out.rdb --server ./silent --until-command 1
try convert in.aof in.aof -o out.rdb --server ./silent --until-offset in.aof:0
try convert in.aof in.aof -o out.rdb --server ./silent --drop-at in.aof:0
try verify in.aof --server ./silent --min-keys 1 --max-age 1h
try verify in.aof --server ./silent --max-size 1M
try inspect in.aof --server ./silent --commands '*'
try replay in.aof redis://127.0.0.1:1 --server ./silent --checkpoint job
ls tmp shards out.rdb 2>&1
