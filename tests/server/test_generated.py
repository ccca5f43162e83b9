# SPDX-License-Identifier: MIT
"""Files that rdbgen makes: every type byte and opcode of every version, also those that no server at hand
writes, with what is in them."""
import os
import subprocess
import unittest
from unittest import mock

from lib import program
from lib.answers import forget, load, load_all
from lib.aofmodel import Model
from lib.cases import STREAM_COUNTS_SINCE, Folder
from lib.program import convert
from lib.samples import READABLE, rdb_version
from lib.soaking import scaled

RDBGEN = os.environ.get("RDBGEN") or os.path.join(os.path.dirname(program.PROGRAM), "rdbgen")

SEED = int(os.environ.get("RDBFERRY_SEED", 1))  # the first one: a soak has others each time

DIALECTS = {"redis": range(1, 18), "valkey": (9, 10, 11, 80, 81)}


def negative_zeros(answers):
    """The digests that depend on the sign of a zero, which ZADD does not keep."""
    zsets = [place for place, answer in answers.items() if answer["type"] == "zset" and "-0" in answer["value"].values()]
    return {(*place, "digest") for place in zsets}


class Generated(Folder):
    old_streams = True

    def generate(self, *options):
        """Makes one file and returns its path without ending."""
        path = self.path("-".join(map(str, options)))
        command = [RDBGEN, "--kind", "types", "-o", path + ".rdb", "--plain-json", path + ".json", *map(str, options)]
        subprocess.run(command, check=True)
        return path

    def files(self, seeds, *options):
        """{name: path} of one file for each dialect, version and seed, of which there are so many."""
        files = {}
        for dialect, versions in DIALECTS.items():
            for version in versions:
                for seed in range(SEED, SEED + seeds):
                    name = f"{dialect} {version}, seed {seed}"
                    files[name] = self.generate("--dialect", dialect, "--rdb-version", version, "--seed", seed, *options)
        return files

    @scaled(test=1, soak=4)
    def test_commands_make_what_was_generated(self, seeds):
        def check(_, path):
            answers, functions = load_all(path + ".json")
            if rdb_version(path + ".rdb") < STREAM_COUNTS_SINCE:
                # The target's commands cannot say them.
                for answer in answers.values():
                    forget(answer, ("entries-added", "max-deleted-entry-id"))
            model = Model(convert(path + ".rdb", "-o", "-", "--to", "aof", "--drop-unsupported"))
            self.assertEqual(model.functions, functions)
            self.assertEqual(model.keys.keys(), answers.keys())
            self.assert_agrees(model, answers)

        self.each(self.files(seeds), check)

    @scaled(test=1, soak=10)
    def test_dragonfly(self, seeds):
        """What its keys hold, for Redis 8.12; and the same again from its own format and from blocks of one byte."""

        def lines(path):
            return convert(path, "-o", "-", "--to", "jsonl")

        def check(_, path):
            answers, functions = load_all(path + ".json")
            model = Model(convert(path + ".rdb", "-o", "-", "--to", "aof", "--target-version", "8.12", "--drop-unsupported"))
            self.assertEqual((model.functions, model.keys.keys()), (functions, answers.keys()))
            self.assert_agrees(model, answers)
            expected = lines(path + ".rdb")
            with mock.patch.dict(os.environ, RDBFERRY_TEST_BLOCK_SIZE="1"):
                self.assertEqual(lines(path + ".rdb"), expected)
            for options in [], ["--target-version", "8.12"]:
                again = self.path("again.rdb")
                convert(path + ".rdb", "-o", again, "--force", "--drop-unsupported", *options)
                self.assertEqual(lines(again), expected, options)

        numbers = range(SEED, SEED + seeds)
        self.each({f"seed {n}": self.generate("--dialect", "dragonfly", "--seed", n) for n in numbers}, check)

    def test_server_loads_what_it_can_read(self):
        for version in range(1, READABLE + 1):
            with self.subTest(version):
                path = self.generate("--rdb-version", version, "--no-modules")
                self.leave_out = negative_zeros(load(path + ".json"))
                self.assert_converts_each_way(path + ".rdb")


if __name__ == "__main__":
    unittest.main()
