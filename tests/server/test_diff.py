# SPDX-License-Identifier: MIT
"""A server saves, changes its data by known commands, and saves again: diff names exactly the keys that the commands
were about, and --explain the elements."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from lib import dataset
from lib.cases import Folder
from lib.kinds import FUNCTIONS, needs
from lib.program import run
from lib.server import Server
from lib.soaking import scaled
from test_generated import RDBGEN

SCORE, NEXT_SCORE = "0.1", "0.10000000000000002"
LATER = 4102444800000

# What is there before, beside the usual data set; what then is done to it; what is to be said of each key.
BEFORE = """
SET a-string:same v|SET a-string:set v|SET a-string:expire v|SET a-string:persist v|PEXPIREAT a-string:persist 4102444800000
SET a-string:gone v|SET a-string:rename v|SET a-string:type v|SET a-string:same-value v
HSET a-hash:changed a 1 b 2|HSET a-hash:same a 1|RPUSH a-list:push 1 2 3|RPUSH a-list:reordered 1 2
SADD a-set:member a b c|SADD a-set:intset 1 2 3|ZADD a-zset:bit 0.1 m 2 n
XADD a-stream:acked 1-1 f v|XADD a-stream:acked 2-1 f w|XGROUP CREATE a-stream:acked g 0
XREADGROUP GROUP g c COUNT 9 STREAMS a-stream:acked >
XADD a-stream:claimed 1-1 f v|XGROUP CREATE a-stream:claimed g 0|XREADGROUP GROUP g c STREAMS a-stream:claimed >
XADD a-stream:consumer 1-1 f v|XGROUP CREATE a-stream:consumer g 0
XADD a-stream:deleted 1-1 f v|XADD a-stream:deleted 2-1 f v|XADD a-stream:read 1-1 f v|XGROUP CREATE a-stream:read g 0
"""
CHANGES = """
SET a-string:set w|PEXPIREAT a-string:expire 4102444800000|PERSIST a-string:persist|DEL a-string:gone
RENAME a-string:rename a-string:renamed|DEL a-string:type|SADD a-string:type v|SET a-string:same-value w|SET a-string:same-value v
HSET a-hash:changed b 3 c 4|LPUSH a-list:push 0|DEL a-list:reordered|RPUSH a-list:reordered 2 1
SREM a-set:member c|SADD a-set:intset text|SREM a-set:intset text|ZADD a-zset:bit 0.10000000000000002 m
XACK a-stream:acked g 1-1|XCLAIM a-stream:claimed g other 0 1-1|XGROUP CREATECONSUMER a-stream:consumer g c
XDEL a-stream:deleted 1-1|XREADGROUP GROUP g c NOACK STREAMS a-stream:read >
"""
EXPECTED = {
    "a-string:set": ("changed", ["value"]),
    "a-string:expire": ("changed", ["expiry"]),
    "a-string:persist": ("changed", ["expiry"]),
    "a-string:gone": ("removed", None),
    "a-string:rename": ("removed", None),
    "a-string:renamed": ("added", None),
    "a-string:type": ("changed", ["type"]),
    "a-hash:changed": ("changed", ["value"]),
    "a-list:push": ("changed", ["value"]),
    "a-list:reordered": ("changed", ["value"]),
    "a-set:member": ("changed", ["value"]),
    "a-zset:bit": ("changed", ["value"]),
    "a-stream:acked": ("changed", ["value"]),
    "a-stream:claimed": ("changed", ["value"]),
    "a-stream:consumer": ("changed", ["value"]),
    "a-stream:deleted": ("changed", ["value"]),
    "a-stream:read": ("changed", ["value"]),
}
# Lines of --explain; "…" stands for a moment.
EXPLAINED = {
    "a-string:same": [],
    "a-string:set": ["1 -> 1 bytes, equal up to byte 0", "- 'v'", "+ 'w'"],
    "a-hash:changed": ["2 -> 3 elements", "- field 'b': '2'", "+ field 'b': '3'", "+ field 'c': '4'"],
    "a-list:push": ["3 -> 4 elements", "the same up to item 0", "- item 0: '1'", "+ item 0: '0'"],
    "a-list:reordered": ["the same up to item 0", "- item 0: '1'", "+ item 0: '2'"],
    "a-set:member": ["3 -> 2 elements", "- member 'c'"],
    "a-zset:bit": [f"- member 'm': {SCORE}", f"+ member 'm': {NEXT_SCORE}"],
    "a-stream:acked": ["- pending 1-1 of group 'g': of consumer 'c', delivered …, count 1"],
    "a-stream:claimed": [
        "- pending 1-1 of group 'g': of consumer 'c', delivered …, count 1",
        "+ pending 1-1 of group 'g': of consumer 'other', delivered …, count 2",
        "+ consumer 'other' of group 'g'",
    ],
    "a-stream:consumer": ["+ consumer 'c' of group 'g'"],
    "a-stream:deleted": [
        "2 -> 1 elements",
        "- entry 1-1: 'f' 'v'",
        "- max deleted id: 0-0",
        "+ max deleted id: 1-1",
    ],
    "a-stream:read": [
        "- group 'g': last id 0-0",
        "+ group 'g': last id 1-1, entries read 1",
        "+ consumer 'c' of group 'g'",
    ],
}


def perform(call, commands):
    for command in commands.replace("\n", "|").split("|"):
        if command:
            call(*command.split())


def setUpModule():
    global folder
    folder = tempfile.mkdtemp(prefix="rdbferry-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    with Server(folder) as server:
        dataset.fill(server.call)
        server.call("SELECT", "0")
        perform(server.call, BEFORE)
        server.call("SAVE")
        shutil.move(os.path.join(folder, "dump.rdb"), os.path.join(folder, "before.rdb"))
        perform(server.call, CHANGES)
        server.call("SAVE")
        shutil.move(os.path.join(folder, "dump.rdb"), os.path.join(folder, "after.rdb"))
        # The same data, its hashes and zsets in another encoding.
        server.call("CONFIG", "SET", "hash-max-listpack-entries", "0", "zset-max-listpack-entries", "0")
        server.call("DEBUG", "RELOAD")
        server.call("SAVE")
        shutil.move(os.path.join(folder, "dump.rdb"), os.path.join(folder, "reloaded.rdb"))


def path(name):
    return os.path.join(folder, name)


def lines(*arguments):
    done = run("diff", "-q", *arguments)  # without the closing line
    if done.stderr:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.returncode, done.stdout.decode().splitlines()


@needs(FUNCTIONS)
class Diff(unittest.TestCase):
    maxDiff = None

    def assert_expected(self, *options):
        status, found = lines(path("before.rdb"), path("after.rdb"), "--jsonl", *options)
        differences = {}
        for difference in map(json.loads, found):
            self.assertEqual(difference["db"], 0)
            self.assertNotIn(difference["key"], differences)
            differences[difference["key"]] = (difference["difference"], difference.get("changes"))
        self.assertEqual(status, 1)
        self.assertEqual(differences, EXPECTED)

    def test_what_commands_have_changed(self):
        self.assert_expected()

    def test_by_way_of_temporary_files(self):
        self.assert_expected("--memory", "8K")

    def test_expiries(self):
        _, found = lines(path("before.rdb"), path("after.rdb"), "--jsonl")
        by_key = {difference["key"]: difference for difference in map(json.loads, found)}
        self.assertIsNone(by_key["a-string:expire"]["before"]["expire_ms"])
        self.assertEqual(by_key["a-string:expire"]["after"]["expire_ms"], LATER)
        self.assertEqual(by_key["a-string:persist"]["before"]["expire_ms"], LATER)

    def test_the_other_way_round(self):
        swapped = {"added": "removed", "removed": "added"}
        _, found = lines(path("after.rdb"), path("before.rdb"), "--jsonl")
        self.assertEqual(
            {d["key"]: swapped.get(d["difference"], d["difference"]) for d in map(json.loads, found)},
            {key: kind for key, (kind, _) in EXPECTED.items()},
        )

    def test_a_reload_changes_nothing(self):
        self.assertEqual(lines(path("after.rdb"), path("reloaded.rdb")), (0, []))

    def test_a_conversion_changes_nothing(self):
        self.assertEqual(run("convert", path("after.rdb"), "-o", path("appendonlydir"), "-q").returncode, 0)
        self.assertEqual(lines(path("after.rdb"), path("appendonlydir")), (0, []))

    def test_explained(self):
        for key, expected in EXPLAINED.items():
            with self.subTest(key):
                status, found = lines(path("before.rdb"), path("after.rdb"), "--explain", key)
                self.assertEqual(status, 1 if expected else 0)
                found = [line.strip() for line in found[1:]]
                self.assertEqual([self.without_moments(line) for line in found], expected)

    @staticmethod
    def without_moments(line):
        head, delivered, rest = line.partition("delivered ")
        return head + delivered + "…" + rest[rest.index(",") :] if delivered else line


class Explained(Folder):
    """Every type in every form: where values differ, some element is named; where they are the same, none is."""

    CHANGED = re.compile(r"^~ db (\d+) +\w+ +'(.*)': value", re.MULTILINE)

    def generate(self, seed, *options):
        path = self.path(f"{seed}.rdb")
        subprocess.run([RDBGEN, "--kind", "types", *options, "--seed", str(seed), "-o", path], check=True)
        return path

    @scaled(test=4, soak=1)
    def test_elements(self, step):
        """Each fourth key, or all of them: keys of one form follow each other, at least four of them."""
        for options in [], ["--dialect", "valkey"], ["--rdb-version", "6"]:
            one, other = (self.generate(seed, *options) for seed in (1, 2))
            keys = self.CHANGED.findall(run("diff", "-q", one, other, "--limit", 0).stdout.decode())
            self.assertGreater(len(keys), 50)
            for db, key in keys[::step]:
                with self.subTest(db=db, key=key, options=options):
                    explain = "--explain-db", db, "--explain", key
                    status, found = lines(one, other, *explain, "--limit", 0)
                    self.assertEqual(status, 1)
                    self.assertTrue(any(line.startswith(("    - ", "    + ")) for line in found), found)
                    self.assertEqual(lines(one, one, *explain), (0, []))


if __name__ == "__main__":
    unittest.main()
