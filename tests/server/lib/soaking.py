# SPDX-License-Identifier: MIT
"""How much is tried: a test run has to end soon, and a soak may take its time."""
import functools
import os

SOAKING = os.environ.get("RDBFERRY_SOAK") == "1"


def soak(test):
    """Marks a test as one that takes long: a test run leaves it to the soak. Run by its name it always runs."""
    test.in_soak, test.in_test_run = True, False
    return test


def part(samples, number, count):
    """Each so many-th of the samples, from one of a number on; in a soak all of them. {name: path}, as in samples."""
    names = list(samples) if SOAKING else list(samples)[number::count]
    return {name: samples[name] for name in names}


def scaled(test, soak):
    """Marks a test that gets a number, of seeds or cases: `test` of them in a test run, `soak` in a soak."""

    def mark(function):
        @functools.wraps(function)
        def run(self):
            function(self, soak if SOAKING else test)

        run.in_soak, run.in_test_run = True, True
        return run

    return mark
