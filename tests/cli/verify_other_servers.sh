#!/bin/bash
# SPDX-License-Identifier: MIT
# Versions and types of other servers are not damage: exit code 3, with the writer named.
. "$(dirname "$0")/verify.bash"
for magic in REDIS0018 REDIS0080 REDIS0099 VALKEY082 VALKEY987; do
    printf '%s\xfe\0' $magic >newer.rdb
    verify newer.rdb
done
printf 'REDIS0009\xfe\0\x1e\x01k\x02{}\xff\0\0\0\0\0\0\0\0' >json.rdb
verify json.rdb
printf 'REDIS0009\xfa\x06df-ver\x031.0\xfe\0\x14\x01j\x02{}\xff\0\0\0\0\0\0\0\0' >old.rdb
verify old.rdb
printf 'REDIS0013\xfe\0\x1d\x01k\0\xff\0\0\0\0\0\0\0\0' >array.rdb
verify array.rdb
# Its types of Redis 7 are read.
printf 'REDIS0009\xfa\x06df-ver\x031.0\xfe\0\x10\x01h\x0d\x0d\0\0\0\x02\0\x81f\x02\x81v\x02\xff\xff\0\0\0\0\0\0\0\0' >plain.rdb
verify plain.rdb
