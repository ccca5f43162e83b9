# SPDX-License-Identifier: MIT
"""Running rdbferry."""
import os
import subprocess

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
PROGRAM = os.path.abspath(os.environ.get("RDBFERRY") or os.path.join(ROOT, "build", "release", "rdbferry"))
SANITIZED = os.environ.get("BUILD") in ("asan", "tsan")  # it computes more, and keeps what is freed


class Failed(Exception):
    """rdbferry ended with another exit code than 0."""


def run(*arguments, stdin=None):
    """Runs it and returns the finished process with its stdout and stderr, whatever the exit code."""
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300, check=False)


def convert(*arguments, stdin=None):
    """Runs `rdbferry convert`, which has to succeed, and returns its stdout."""
    done = run("convert", *arguments, stdin=stdin)
    if done.returncode != 0:
        raise Failed(f"convert {arguments}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout
