#!/bin/bash
# SPDX-License-Identifier: MIT
# Names that meet: between the base and the commands, and within commands. A key that is in a thousand commands meets
# nobody.
. "$(dirname "$0")/aof_data.bash"
. "$(dirname "$0")/split_data.bash"
try() {
    echo "$ $*"
    "$RDBFERRY" convert in.aof -o out.aof --force -q --report report.json "$@" 2>&1
    echo "status $?"
    sed -n '/"collisions": {/,/^  }/p' report.json | tr -d ' \n'
    echo
    [ ! -e out.aof ] || commands_of out.aof | head -n 5
    rm -f out.aof report.json
}
log() {
    printf '\n%s\n' "$1 ..."
    rdb base.rdb "\xfa\x0caof-preamble\xc0\x01\xfe\x00$(record 0 foo zero)$(record 0 bar zero)\xfe\x01$(record 0 baz one)"
    { cat base.rdb && resp "$@"; } >in.aof
}
log 'SET foo 1' 'SELECT 1' 'SET baz 1' 'SET qux 1'
try --map-db 1=0
try --rename 's/ba./x/' -d 0
try --flatten-dbs
log 'SELECT 1' 'SET foo 1' 'SET foo 2' 'SELECT 0' 'INCR foo'
try --map-db 1=0
try --map-db 1=0 --on-collision skip
try --map-db 1=0 --on-collision overwrite
try --flatten-dbs
log 'SET a1 1' 'SET a2 2' 'SET a1 3' 'SET a2 4'
try --rename 's/\d//'
log 'DEL foo a1 a2' 'SUNIONSTORE d foo nokey'
try --rename 's/^a\d/a/'
try --rename 's/^nokey/bar/'
log 'RENAME a1 a2'
try --rename 's/\d//'
thousand=()
for _ in {1..500}; do
    thousand+=('INCR n' 'RENAME n m' 'RENAME m n')
done
log 'SET foo 1' "${thousand[@]}"
try --rename 's/[fm]/&&/g'
echo '$ from a pipe'
"$RDBFERRY" convert - -o out.aof -q --map-db 1=0 <in.aof
echo "status $?"
