#!/bin/bash
# SPDX-License-Identifier: MIT
# The page on what a server saved, away from a terminal; and of an AOF.
gzip -dc "$TESTDATA/servers/redis-7.0.15.aof.gz" >in.aof
"$RDBFERRY" inspect - --top 3 <"$TESTDATA/servers/redis-7.0.15.rdb" && "$RDBFERRY" inspect in.aof --top 3
