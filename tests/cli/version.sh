#!/bin/bash
# SPDX-License-Identifier: MIT
"$RDBFERRY" version && "$RDBFERRY" --version
