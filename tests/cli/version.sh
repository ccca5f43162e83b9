#!/bin/bash
# SPDX-License-Identifier: MIT
"$RDBFERRY" version | cmp - <("$RDBFERRY" --version) && "$RDBFERRY" version && "$RDBFERRY" version | awk 'length > 80'
