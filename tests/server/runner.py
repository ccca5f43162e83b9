# SPDX-License-Identifier: MIT
"""Runs suites of unittest modules and ends with the line the other suites end with."""
import os
import sys
import unittest

import program

SUITES = {
    "server": ["test_convert", "test_aofdir", "test_rewrite", "test_generated", "test_inspect", "test_diff", "test_jsonl", "test_verify",
               "test_digest", "test_faults"],
    "corpus": ["test_model", "test_corpus", "test_down", "test_verify_corpus"],
    "live": ["test_live"],
    "split": ["test_topology", "test_split", "test_split_output", "test_rules", "test_choose", "test_collide"],
    "replay": ["test_dry_run", "test_replay", "test_replay_failures", "test_replay_recovery", "test_replay_resume",
               "test_replay_sentinel", "test_replay_cluster", "test_replay_moves", "test_replay_commands", "test_replay_jobs", "test_replay_poor"],
}


class Result(unittest.TextTestResult):
    """Counts test methods; one whose subtests fail has failed once."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.failed = set()

    def addError(self, test, err):
        super().addError(test, err)
        self.failed.add(str(test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed.add(str(test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.failed.add(str(test))


def main(names):
    if not os.access(program.PROGRAM, os.X_OK):
        print(f"tests/server/run: no program at '{program.PROGRAM}'", file=sys.stderr)
        return 2
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    modules = [module for name in names or SUITES for module in SUITES[name]]
    tests = unittest.defaultTestLoader.loadTestsFromNames(modules)
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result).run(tests)
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    failed, skipped = len(result.failed), len(result.skipped)
    print(f"{max(0, result.testsRun - failed - skipped)} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or result.testsRun == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
