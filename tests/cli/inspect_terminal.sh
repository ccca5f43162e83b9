#!/bin/bash
# SPDX-License-Identifier: MIT
# On a terminal there are colours and blocks; no colours where they are not wanted, no blocks where the locale
# has none; and keys cannot do anything to it.
. "$(dirname "$0")/data.bash"
exec 2>/dev/null
export RDBFERRY_TEST_TTY=1
kv_rdb in.rdb
# The keys 'a:\e[2J\\', 'a:\xc2\x9b' and 'a:\xff\xc3\xa9', without a checksum.
printf 'REDIS0009\x00\x07a:\x1b[2J\\\x01x\x00\x04a:\xc2\x9b\x01x\x00\x05a:\xff\xc3\xa9\x01x\xff%b' '\0\0\0\0\0\0\0\0' >odd.rdb
for locale in C C.UTF-8; do
    for no_color in '' 1; do
        echo "$locale $no_color"
        LC_ALL=$locale NO_COLOR=$no_color "$RDBFERRY" inspect in.rdb | grep -A 1 '^[^ ]*Types'
    done
done
LC_ALL=C.UTF-8 "$RDBFERRY" inspect odd.rdb | grep -A 4 'Keys by memory'
