#!/bin/bash
# SPDX-License-Identifier: MIT
# Several inputs are one data set: a key is in one of them, each is judged by itself.
. "$(dirname "$0")/verify.bash"
library='f5 11 23216c7561206e616d653d6c0a783d310a' other_library='f5 11 23216c7561206e616d653d6c0a783d320a'
make_rdb a.rdb REDIS0010 "$library" fe00 fb0100 "$a_is_1"
make_rdb b.rdb REDIS0010 "$library" fe00 fb0100 "$b_is_2"
make_rdb c.rdb REDIS0010 fe01 fb0100 "$a_is_1"
make_rdb other.rdb REDIS0010 "$other_library"
make_rdb again.rdb REDIS0010 fe00 fb0300 "$b_is_2" '00 0163 0133' "$a_is_1"
kv_rdb damaged.rdb
truncate -s 20 damaged.rdb
cp damaged.rdb likewise.rdb
verify a.rdb
verify a.rdb b.rdb
verify a.rdb b.rdb c.rdb
verify a.rdb b.rdb again.rdb
verify a.rdb a.rdb
verify a.rdb b.rdb --memory 1
verify a.rdb b.rdb again.rdb --memory 1 | LC_ALL=C sort
verify a.rdb other.rdb
verify damaged.rdb likewise.rdb
verify damaged.rdb a.rdb
verify a.rdb nowhere.rdb
verify nowhere.rdb a.rdb
verify damaged.rdb nowhere.rdb
verify a.rdb - <b.rdb
verify .
make_rdb many.rdb REDIS0010 fe00 fb0300 "$b_is_2" "$a_is_1"
verify many.rdb a.rdb
verify many.rdb a.rdb b.rdb
verify -q many.rdb a.rdb
