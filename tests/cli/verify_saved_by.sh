#!/bin/bash
# SPDX-License-Identifier: MIT
# The vendor of a server is told by the AUX fields and records that only it writes, never by the magic.
. "$(dirname "$0")/verify.bash"
rdb()
{
    printf 'REDIS0009%b\xfe\0\0\x01k\x01v\xff\0\0\0\0\0\0\0\0' "$1" >dump.rdb
    verify dump.rdb
    "$RDBFERRY" inspect dump.rdb --json 2>/dev/null | grep -o '"saved_by": *"[^"]*"'
    true
}
rdb '\xfa\x0dali-local-seq\x015'
rdb '\xfa\x0cali-whatever\x015'
rdb '\xfa\x04ali-\x015'
rdb '\xfa\x03ali\x015'
rdb '\xfa\x0crepl-masters\x015'
rdb '\xfa\x0bmvcc-tstamp\x015'
rdb '\xfa\x06df-ver\x031.0'
rdb '\x79\x07'
rdb ''
