#!/bin/bash
# SPDX-License-Identifier: MIT
# One key, element by element.
. "$(dirname "$0")/diff_data.bash"
exec 2>&1
text='the quick brown fox jumps over the lazy dog, again and again, until it'
half='\0\0\0\0\0\0\xe0\x3f' more='\x01\0\0\0\0\0\xe0\x3f'
rdb a.rdb "\xfe\x00\x00\x01s$(string "$text is tired")\x00\x04same\x01v\x00\x04gone\x01v\
\x01\x01l\x04\x01a\x01b\x01c\x01d\x01\x05short\x01\x01a\x01\x05apart\x02\x01a\x01b\
\x02\x03set\x02\x01a\x01b\x05\x01z\x02\x01m$half\x01n$half\x04\x01h\x02\x01f\x01v\x02\x00\xff\x01v\
\x00\x04kind\x01v\xfe\x05\x00\x00\x01v"
rdb b.rdb "\xfe\x00\x00\x01s$(string "$text Is tired")\x00\x04same\x01v\
\x01\x01l\x04\x01b\x01c\x01d\x01e\x01\x05short\x01\x01b\x01\x05apart\x03\x01a\x01x\x01b\
\x02\x03set\x02\x01b\x01c\x05\x01z\x02\x01m$more\x01n$half\x04\x01h\x02\x01f\x01w\x01g\x01v\
\x02\x04kind\x01\x01v\xfe\x05\x00\x00\x01w"
explain() {
    echo "$ explain $*"
    "$RDBFERRY" diff -q a.rdb b.rdb --explain "$@"
    echo "status $?"
}
for key in s same gone l short apart set z h kind; do
    explain $key
done
explain h --limit 1
explain '' --explain-db 5
explain '' --explain-db 4
explain '\x68'
explain nowhere
explain s --explain-db 7
