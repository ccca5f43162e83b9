#!/bin/bash
# SPDX-License-Identifier: MIT
# Control characters in names do not reach the terminal.
"$RDBFERRY" convert $'no\nwhere\e[31m.rdb' -o out.aof
