#!/bin/bash
# SPDX-License-Identifier: MIT
# Data that is larger than --memory gives the same differences, by way of temporary files of which nothing is left.
export TMPDIR=$PWD/tmp
mkdir tmp
"${RDBGEN:-$(dirname "$RDBFERRY")/rdbgen}" --kind strings --scale 0.04 -o before.rdb

# The other file has other names and other values of the same length here and there, and no checksum. Behind a name
# stands the length of its value, which is no character of a value in these.
length='[\x14-\x2a]'
LC_ALL=C sed "s/session:\([0-9]*\)77\($length\)/session:\1X7\2/g; s/\(session:[0-9]*55$length\)./\1#/g" before.rdb |
    head -c -8 >after.rdb
printf '\0\0\0\0\0\0\0\0' >>after.rdb

for memory in 20k 1M 512M; do
    "$RDBFERRY" diff before.rdb after.rdb -q --limit 0 --memory $memory | sort >"lines.$memory"
    echo "$memory: ${PIPESTATUS[0]}, $(find tmp -type f | wc -l) files left"
done
cmp lines.20k lines.512M && cmp lines.1M lines.512M || exit
for sign in + - '~'; do
    [ "$(grep -c "^$sign" lines.512M)" -gt 1000 ] || echo "few '$sign'"
done
rmdir tmp
"$RDBFERRY" diff before.rdb after.rdb -q --limit 0 | sort | cmp - lines.512M
TMPDIR=tmp "$RDBFERRY" diff before.rdb after.rdb -q --memory 1M
