# SPDX-License-Identifier: MIT
"""What the tests share: servers and clusters to start, programs to run, proxies in between, data, expectations."""
