#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever makes no sense is told before anything is read.
. "$(dirname "$0")/verify.bash"
kv_rdb in.rdb
verify
verify in.rdb --nothing
verify in.rdb --limit
verify - - <in.rdb
verify in.rdb --min-keys -1
verify in.rdb --min-keys 18446744073709551616
verify in.rdb --max-keys x
verify in.rdb --expect-db 0
verify in.rdb --expect-db =1
verify in.rdb --expect-db x=1
verify in.rdb --expect-db 1024=1
verify in.rdb --expect-db 0=2..1
verify in.rdb --expect-db 0=..
verify in.rdb --expect-type nothing=1
verify in.rdb --expect-type hash
verify in.rdb --forbid-type nothing
verify in.rdb --forbid-module ''
verify in.rdb --min-size 1x
verify in.rdb --max-size ''
verify in.rdb --max-age 1y
verify in.rdb --min-ttl-share 1.5
verify in.rdb --max-ttl-share nan
verify in.rdb --max-key-size -1
verify in.rdb --max-elements 1K
verify in.rdb --limit x
verify in.rdb --memory 0
verify in.rdb --expired never
verify in.rdb --target-version newest
verify in.rdb --ttl-tolerance 1s
verify in.rdb --against in.rdb --ttl-tolerance x
verify in.rdb --report - --junit -
verify in.rdb --report in.rdb
verify in.rdb --junit ./in.rdb
verify in.rdb --against other.rdb --junit in.rdb
ls
