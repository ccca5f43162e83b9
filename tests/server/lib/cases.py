# SPDX-License-Identifier: MIT
"""What the tests of conversions have in common."""
import copy
import os
import shutil
import tempfile
import unittest

from lib.answers import disagreements
from lib.aofmodel import Restored
from lib.kinds import AOF_DIRECTORIES, KIND
from lib.observe import differences, observe
from lib.program import convert
from lib.samples import rdb_version
from lib.server import Server

# The type bytes that a key may have that came as RESTORE. Types not named are those of modules.
MODULE, METADATA = 7, 243
RESTORED_AS = {
    "string": {0},
    "list": {1, 10, 14, 18},
    "set": {2, 11, 20, 34, 35},
    "zset": {3, 5, 12, 17},
    "hash": {4, 9, 13, 16, 22, 23, 24, 25, 29, 31},
    "stream": {15, 19, 21, 26, 27},
    "array": {28},
    "path-hash": {23},
}

# Older files do not say how many entries a stream has seen and its groups have read. A server that loads the file
# guesses; commands can only say that it is unknown.
STREAM_COUNTS_SINCE = 10


def without_stream_counts(facts):
    """An observation without what is a guess."""
    facts = copy.deepcopy(facts)
    for name in facts:
        if name[-1] == "stream":
            for guess in (b"length", b"recorded-first-entry-id"):
                facts[name].pop(guess, None)
            for group in facts[name][b"groups"]:
                group.pop(b"entries-read", None)
    return facts


class Folder(unittest.TestCase):
    """A test with a folder of its own."""

    maxDiff = None
    leave_out = frozenset()  # facts that assert_same() does not compare
    old_streams = False  # the files hold streams as old servers wrote them, whatever their version says

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rdbferry-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def fresh(self):
        """A new empty folder in it."""
        return tempfile.mkdtemp(dir=self.folder)

    def each(self, samples, check):
        """Runs check(name, path) for each of them; one that fails does not keep the others from being tried."""
        self.assertTrue(samples)
        for name, path in samples.items():
            with self.subTest(name):
                check(name, path)

    # --- what servers say ---

    def served_dump(self, path):
        """What a server says that reads the dump itself. As a replica without its primary: it expires nothing."""
        folder = self.fresh()
        shutil.copy(path, os.path.join(folder, "dump.rdb"))
        with Server(folder, replicaof=["127.0.0.1", "1"]) as server:
            return observe(server.call)

    def served_aof(self, folder):
        """What a server says that starts from the AOF in `folder`, without complaint."""
        with Server(folder, replicaof=["127.0.0.1", "1"], appendonly="yes") as server:
            self.assertEqual(server.warnings(), [])
            return observe(server.call)

    def served_conversion(self, path, output, *options):
        folder = self.fresh()
        convert(path, "-o", os.path.join(folder, output), "--target-version", KIND.target, *options)
        return self.served_aof(folder)

    def assert_same(self, path, expected, found):
        """What a server says of the dump at `path`, and of what became of it."""
        if self.old_streams or rdb_version(path) < STREAM_COUNTS_SINCE:
            expected, found = without_stream_counts(expected), without_stream_counts(found)
        expected, found = ({n: v for n, v in facts.items() if n not in self.leave_out} for facts in (expected, found))
        self.assertEqual(differences(expected, found), [])

    def assert_converts_each_way(self, path):
        """A server reads from each conversion what it reads from the dump."""
        expected = self.served_dump(path)
        outputs = ["appendonly.aof"], ["appendonlydir"], ["appendonlydir", "--base", "aof"]
        for output, *options in outputs if KIND.knows(AOF_DIRECTORIES) else outputs[:1]:
            self.assert_same(path, expected, self.served_conversion(path, output, *options))

    # --- what the model says ---

    def assert_agrees(self, model, answers):
        """Every key of the model is what the answers say; of one that came as RESTORE the type."""
        self.assertEqual(model.refused, [])
        self.assertEqual(model.no_evict, {place for place, answer in answers.items() if answer.get("no_evict")})
        for place, value in model.keys.items():
            if isinstance(value, Restored):
                self.assertIn(value.type_byte, RESTORED_AS.get(answers[place]["type"], {MODULE}) | {METADATA}, place)
            else:
                lines = disagreements(answers[place], value, model.expiry.get(place))
                self.assertEqual(lines, [], place)
