#!/bin/bash
# SPDX-License-Identifier: MIT
# Help goes to stdout, however it is asked for.
"$RDBFERRY" help
"$RDBFERRY" --help | cmp - <("$RDBFERRY" help) || exit
"$RDBFERRY" help convert | cmp - <("$RDBFERRY" convert --help) || exit
for command in convert verify diff inspect; do
    "$RDBFERRY" $command --help
done
