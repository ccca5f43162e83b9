# SPDX-License-Identifier: MIT
"""RDB files for older servers, from whatever wrote the input: a server that loads one holds what it would have of
the input, but for what the target's RDB has no type for."""
import copy
import itertools
import os
import re
import subprocess
import unittest

from lib import samples
from lib.answers import load
from lib.cases import Folder
from lib.kinds import KIND, needs_version
from lib.observe import differences, observe, put_lengths_right
from lib.program import convert, run
from lib.server import Server
from lib.soaking import part, scaled
from test_generated import DIALECTS, RDBGEN, negative_zeros

TARGETS = ("7.0", "6.2", "5.0", "4.0", "3.2", "2.8")
STREAMS_SINCE, FUNCTIONS_SINCE = (5, 0), (7, 0)

# What an RDB before Redis 7.0 does not tell of a stream, and what follows from it.
STREAM_COUNTERS = {b"entries-added", b"max-deleted-entry-id", b"recorded-first-entry-id"}
GROUP_COUNTERS = {b"entries-read", b"lag"}

# Public dumps that no server loads, or none without their modules.
BROKEN = {"valkey/corrupt_ziplist.rdb", "valkey/corrupt_empty_keys.rdb"}
NEED_MODULES = {"rdbtools/redis_40_with_module.rdb", "rdbtools/redis_60_with_module_aux.rdb"}


def version(target):
    return tuple(map(int, target.split(".")))


def keys(facts):
    """{(db, key): type}."""
    return {name[:2]: kind for name, kind in facts.items() if name[-1] == "type" and len(name) == 3}


def without(names, reply):
    return {name: value for name, value in reply.items() if name not in names}


def without_counters(facts):
    facts = copy.deepcopy(facts)
    for name, stream in facts.items():
        if name[-1] == "stream":
            facts[name] = without(STREAM_COUNTERS, stream)
            facts[name][b"groups"] = [without(GROUP_COUNTERS, group) for group in stream[b"groups"]]
    return facts


@needs_version(redis=(7, 0))
class Down(Folder):
    def made_for(self, path, target):
        """The RDB, of which the program itself finds that the target can load all of it."""
        made = os.path.join(self.fresh(), "dump.rdb")
        convert(path, "-o", made, "--target-version", target, "--drop-unsupported")
        done = run("verify", made, "--target-version", target)
        self.assertEqual(done.returncode, 0, done.stderr)
        return made

    def served(self, made):
        with Server(os.path.dirname(made), replicaof=["127.0.0.1", "1"]) as server:
            self.assertEqual(server.warnings(), [])
            self.assert_check_agrees(made, server.call("INFO", "keyspace").decode())
            return observe(server.call)

    def expected_of(self, path):
        """From the input, where the server reads that; else from the commands made of it."""
        if samples.rdb_version(path) <= samples.READABLE:
            return self.served_dump(path)
        return self.served_conversion(path, "appendonly.aof", "--drop-unsupported")

    def assert_check_agrees(self, made, keyspace):
        """redis-check-rdb reads it through and counts what the server has loaded."""
        done = KIND.check("rdb", made, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        counted = re.findall(r"\[info\] (\d+) (?:keys|expires)", done.stdout)
        loaded = [sum(map(int, re.findall(rf"\b{word}=(\d+)", keyspace))) for word in ("keys", "expires")]
        self.assertEqual([int(number) for number in counted], loaded)

    def assert_holds(self, target, expected, found):
        """What both hold is the same. Streams are missing before Redis 5.0; those with pending entries whose entry is
        gone cannot be expected where commands made what is expected."""
        expected, found = put_lengths_right(expected, found)
        has_streams = version(target) >= STREAMS_SINCE
        missing = {place for place, kind in keys(expected).items() if kind == b"stream" and not has_streams}
        more = {place for place in keys(found) if place not in keys(expected)}
        self.assertEqual(keys(expected).keys() - keys(found).keys(), missing)
        self.assertEqual({keys(found)[place] for place in more} - {b"stream"}, set())
        has_functions = version(target) >= FUNCTIONS_SINCE
        self.assertEqual(found["functions"], expected["functions"] if has_functions else [])
        if not has_functions or self.old_streams:
            expected, found = without_counters(expected), without_counters(found)
        ignored = self.leave_out | {"sizes", "functions"}
        expected, found = (
            {name: fact for name, fact in facts.items() if name not in ignored and name[:2] not in missing | more}
            for facts in (expected, found)
        )
        self.assertEqual(differences(expected, found), [])

    def compare(self, path, made):
        """The differences of their digests, as lines: "+" is only in what was made, "-" only in the input."""
        done = run("diff", path, made, "--limit", 0)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        lines = done.stdout.decode(errors="replace").splitlines()
        return [line for line in lines if line[:2] in ("+ ", "- ", "~ ", "= ")]

    def assert_same_data(self, path, made):
        """What there is is the same."""
        self.assertEqual([line for line in self.compare(path, made) if not line.startswith("-")], [])

    def assert_goes_down(self, path, targets=TARGETS):
        expected = self.expected_of(path)
        for target in targets:
            with self.subTest(target):
                made = self.made_for(path, target)
                found = self.served(made)
                self.assert_holds(target, expected, found)
                if version(target) >= FUNCTIONS_SINCE:
                    self.assert_same_data(path, made)

    def all_go_down(self, paths, count):
        """To so many targets each, of which all have their turn."""
        turns = itertools.cycle(TARGETS)
        for path in paths:
            with self.subTest(path):
                self.assert_goes_down(path, list(itertools.islice(turns, count)))


class SavedByServers(Down):
    # What Redis 7.0 has no types for.
    BEYOND_7_0 = {b"vectors", b"array", b"hfe:small", b"hfe:big", b"stream:idmp", b"stream:nack"}

    @scaled(test=1, soak=len(TARGETS))
    def test_go_down(self, count):
        self.all_go_down([path + ".rdb" for path in samples.saved_by_servers().values()], count)

    def test_nothing_else_is_left_out(self):
        def check(_, path):
            found = keys(self.served(self.made_for(path + ".rdb", "7.0")))
            self.assertLessEqual({key for _, key in load(path + ".json.gz").keys() - found.keys()}, self.BEYOND_7_0)

        self.each(samples.saved_by_servers(), check)

    @scaled(test=1, soak=3)
    def test_to_the_other_project(self, count):
        """Fields that expire go from the one to the other, whose types have nothing in common."""
        targets = itertools.cycle(("7.4", "8.10", "valkey-9.0"))

        def check(_, path):
            for target in itertools.islice(targets, count):
                with self.subTest(target):
                    made = self.made_for(path + ".rdb", target)
                    self.assert_same_data(path + ".rdb", made)
                    lines = self.compare(path + ".rdb", made)
                    self.assertEqual([line for line in lines if " hash " in line], [])

        self.each(samples.saved_by_servers(), check)


@unittest.skipUnless(samples.HAVE_CORPUS, "no folder of public dumps (RDBFERRY_CORPUS)")
class PublicDumps(Down):
    @scaled(test=1, soak=len(TARGETS))
    def test_go_down(self, count):
        dumps = part(samples.public_dumps(), 0, 2)
        wanted = (name for name in dumps if name not in BROKEN | NEED_MODULES and not name.endswith(".aof"))
        self.all_go_down([dumps[name] for name in wanted], count)


class Generated(Down):
    """Every type byte of every version."""

    old_streams = True

    def made(self):
        """The path of one after the other."""
        for dialect, versions in DIALECTS.items():
            for number in versions:
                path = self.path(f"{dialect}-{number}")
                command = [RDBGEN, "--kind", "types", "--dialect", dialect, "--rdb-version", str(number)]
                command += ["--no-modules", "-o", path + ".rdb", "--plain-json", path + ".json"]
                subprocess.run(command, check=True)
                self.leave_out = negative_zeros(load(path + ".json"))
                yield path + ".rdb"

    @scaled(test=1, soak=len(TARGETS))
    def test_go_down(self, count):
        self.all_go_down(self.made(), count)


if __name__ == "__main__":
    unittest.main()
