#!/bin/bash
# SPDX-License-Identifier: MIT
exec 2>&1
for option in --frobnicate --frobnicate=1 -Z -vZ --force=1 --to --to=xml -o --target-version=new; do
    "$RDBFERRY" convert in.rdb $option
    echo "status $?"
done
