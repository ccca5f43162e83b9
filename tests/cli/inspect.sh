#!/bin/bash
# SPDX-License-Identifier: MIT
# The page on what a server saved, away from a terminal; and of an AOF.
gzip -dc "$TESTDATA/servers/redis-7.0.15.aof.gz" >in.aof
# The years that are left until 2100.
"$RDBFERRY" inspect - --top 3 <"$TESTDATA/servers/redis-7.0.15.rdb" | sed 's/~[0-9]* y/~NN y/' &&
    "$RDBFERRY" inspect in.aof --top 3
