#!/bin/bash
# SPDX-License-Identifier: MIT
# Keys whose time has come can be left out, or looked at alone; so can their faults.
. "$(dirname "$0")/verify.bash"
past='fc 0100000000000000 00 0170 0176' past_damaged='fc 0100000000000000 10 0171 0d 0d000000 0300 816602 817602 ff'
make_rdb in.rdb REDIS0010 fe00 fb0201 "$a_is_1" "$past" "$expiring"
make_rdb damaged.rdb REDIS0010 fe00 fb0201 "$a_is_1" "$past_damaged"
make_rdb a.rdb REDIS0010 fe00 fb0100 "$a_is_1"
for policy in keep drop only; do
    verify in.rdb --expired $policy
    "$RDBFERRY" verify in.rdb --expired $policy --digest | sed 's/.*  //'
    verify in.rdb --expired $policy --min-keys 2
    verify damaged.rdb --expired $policy
    verify a.rdb --expired $policy --against in.rdb --limit 0 | LC_ALL=C sort
    verify in.rdb --expired $policy --against in.rdb
done
