#!/bin/bash
# SPDX-License-Identifier: MIT
# All help fits into 80 columns, and its examples work: those without a server are run here.
. "$(dirname "$0")/diff_data.bash"
rdbferry() { "$RDBFERRY" "$@" >/dev/null 2>err; }
commands=$("$RDBFERRY" help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
for command in $commands rules; do
    "$RDBFERRY" help "$command" | awk -v command="$command" 'length > 80 { print command ": " $0 }'
done
for name in yesterday today node1 node-3; do
    rdb $name.rdb "\xfe\x00\x00\x06user:1$(string $name)"
done
rdb node2.rdb '\xfe\x00\x00\x06user:2\x01v'
cp node2.rdb node-2.rdb
cp today.rdb dump.rdb
gzip -k dump.rdb
cp "$TESTDATA/topology/alone/nodes.conf" .
for command in $commands; do
    examples=$("$RDBFERRY" help "$command" | sed -n '/^Examples:/,/^$/s/^  //p')
    while read -r example; do
        [[ -z $example || $example == *://* ]] && continue
        echo "\$ $example"
        eval "$example"
        status=$?
        [ $status -le 1 ] || cat err
        echo $status
    done <<<"$examples"
done
