#!/bin/bash
# SPDX-License-Identifier: MIT
# A directory with several increments is one log: databases are swapped and flushed over all its files, while each file
# begins in database 0. From a pipe a log cannot be read beforehand.
. "$(dirname "$0")/aof_data.bash"
. "$(dirname "$0")/split_data.bash"
mkdir appendonlydir
rdb appendonlydir/appendonly.aof.1.base.rdb \
    "\xfe\x00$(record 0 a zero)\xfe\x01$(record 0 b one)\xfe\x02$(record 0 c two)"
resp 'SELECT 1' 'SET d 1' 'SWAPDB 0 1' 'MULTI' 'SET e 1' 'SELECT 2' 'SET f 1' 'EXEC' \
    >appendonlydir/appendonly.aof.1.incr.aof
resp 'SET g 0' 'SELECT 2' 'FLUSHDB' 'SET h 2' 'MULTI' 'SWAPDB 1 2' 'SET i 2' 'EXEC' \
    >appendonlydir/appendonly.aof.2.incr.aof
cat >appendonlydir/appendonly.aof.manifest <<'END'
file appendonly.aof.1.base.rdb seq 1 type b
file appendonly.aof.1.incr.aof seq 1 type i
file appendonly.aof.2.incr.aof seq 2 type i
END
try() {
    echo "$ $*"
    "$RDBFERRY" convert appendonlydir -o out.aof --force -q --report report.json "$@" 2>&1
    echo "status $?"
    [ ! -e out.aof ] || commands_of out.aof
    rm -f out.aof
}
try
try --flatten-dbs
try --map-db 0=1,1=0
try --map-db 1=0
try -d 1
try --key-regex '^[a-e]$'

# The base alone, and the increments alone, as one file.
cat appendonlydir/*.incr.aof >log.aof
for options in --flatten-dbs '--map-db 1=0' '-d 1' '--rename s/^/p:/' '-k [ah]'; do
    echo "$ $options, from a pipe"
    # shellcheck disable=SC2086,SC2002 # words; a pipe
    cat log.aof | "$RDBFERRY" convert - -o out.aof --force -q $options 2>&1
    echo "status $?"
    [ ! -e out.aof ] || commands_of out.aof
    rm -f out.aof
done

# A transaction ends in its file.
resp 'SET a 1' 'MULTI' 'SET b 1' 'SET c 1' >appendonlydir/appendonly.aof.1.incr.aof
resp 'SET d 1' 'EXEC' >appendonlydir/appendonly.aof.2.incr.aof
try --flatten-dbs
