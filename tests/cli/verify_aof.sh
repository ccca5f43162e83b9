#!/bin/bash
# SPDX-License-Identifier: MIT
# Where an AOF is whole up to is told, and cutting it there makes it sound.
. "$(dirname "$0")/verify.bash"
{
    set_command a 1
    set_command b 2
} >whole.aof
whole=$(stat -c %s whole.aof)
# mended FILE: cuts it where the message says.
mended() {
    local offset

    offset=$("$RDBFERRY" verify "$1" | sed -n 's/.*; truncating to \([0-9]*\) bytes.*/\1/p')
    truncate -s "$offset" "$1"
    verify "$1"
}
cut() {
    { cat whole.aof && head -c "$1" whole.aof; } >cut.aof
    verify cut.aof
    mended cut.aof
}
cut 1
cut 26
# shellcheck disable=SC2016 # RESP has dollars
{ cat whole.aof && printf '*1\r\n$5\r\nMULTI\r\n' && cat whole.aof; } >multi.aof
verify multi.aof
mended multi.aof
{ kv_rdb in.rdb && cat in.rdb whole.aof && printf '*2\r\n'; } >preamble.aof
verify preamble.aof
mended preamble.aof
{ cat whole.aof && printf 'x' && cat whole.aof; } >damaged.aof
verify damaged.aof
mended damaged.aof
{ printf '#TS:1700000000\r\n' && cat whole.aof && printf '#TS:17'; } >annotated.aof
verify annotated.aof
mended annotated.aof
head -c $((whole - 1)) whole.aof | verify -
head -c $((whole - 1)) whole.aof | gzip -c >cut.aof.gz
verify cut.aof.gz
