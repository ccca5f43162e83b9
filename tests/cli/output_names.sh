#!/bin/bash
# SPDX-License-Identifier: MIT
# OUT's name tells what is written, --to overrules it.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
mkdir there.d
head_of() {
    echo "$1: $(head -c 5 "$1" | tr -c '[:print:]' .)"
}
for out in a.aof b.rdb; do
    "$RDBFERRY" convert in.rdb -o $out && head_of $out
done
"$RDBFERRY" convert in.rdb -o c.bin --to rdb && head_of c.bin
"$RDBFERRY" convert in.rdb -o d.aof.gz && gzip -dc d.aof.gz | cmp - a.aof
"$RDBFERRY" convert in.rdb -o e.rdb.gz --to aof && gzip -dc e.rdb.gz | cmp - a.aof
"$RDBFERRY" convert in.rdb -o f.aof --preamble && head_of f.aof
for out in dir new.d/ there.d; do
    "$RDBFERRY" convert in.rdb -o $out && ls $out
done
