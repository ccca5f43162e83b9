#!/bin/bash
# SPDX-License-Identifier: MIT
echo 'This is no data.' >in.txt
"$RDBFERRY" convert in.txt -o out.aof
