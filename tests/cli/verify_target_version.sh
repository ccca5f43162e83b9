#!/bin/bash
# SPDX-License-Identifier: MIT
# What a server could not load is a fault where it is asked for.
. "$(dirname "$0")/verify.bash"
make_rdb in.rdb REDIS0010 fe00 fb0200 "$a_is_1" '10 0168 0d 0d000000 0200 816602 817602 ff' "$hash"
make_rdb stream.rdb REDIS0011 '15 0173 00 00 05 00 00 00 00 00 00 00'
make_rdb valkey.rdb VALKEY080 '16 0168 01 0166 0176 ffffffffffffffff'
for version in 8.8 7.0 6.2 2.4 valkey-9.0; do
    verify in.rdb --target-version $version
done
verify stream.rdb --target-version 7.2
verify stream.rdb --target-version 7.0
verify valkey.rdb --target-version 8.10
verify valkey.rdb --target-version valkey-9.0
verify valkey.rdb --target-version valkey-8.1
verify in.rdb --target-version 0.5
verify in.rdb --target-version x
