#!/bin/bash
# SPDX-License-Identifier: MIT
"$RDBFERRY" convert nowhere.rdb -o out.aof
