#!/bin/bash
# SPDX-License-Identifier: MIT
"$RDBFERRY"
