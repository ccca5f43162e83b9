#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command and prints what it took: wall seconds, CPU seconds, peak memory in KiB.

    tools/measure.py [--stdout FILE] COMMAND [ARGUMENT]...

The command's own output goes to FILE, or nowhere. Exits as the command did. The memory is at least what
this interpreter had when it started the command, about 10 MiB.
"""
import os
import sys
import time


def main(arguments):
    output = os.devnull
    if arguments[:1] == ["--stdout"]:
        output, arguments = arguments[1], arguments[2:]
    if not arguments:
        sys.exit(__doc__)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    to_output = [(os.POSIX_SPAWN_OPEN, 1, output, flags, 0o666)]
    start = time.monotonic()
    try:
        child = os.posix_spawnp(arguments[0], arguments, os.environ, file_actions=to_output)
    except OSError as error:
        sys.exit(f"measure: {arguments[0]}: {error.strerror}")
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - start
    print(f"{wall:.6f} {usage.ru_utime + usage.ru_stime:.6f} {usage.ru_maxrss}")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
