# SPDX-License-Identifier: MIT
"""What the tests of split, and of choosing and rewriting keys, have in common."""
import json
import os
import random
import re
import shutil
import subprocess
import tempfile

from lib import dataset, jsonlines
from lib.cases import Folder
from lib.program import PROGRAM, run
from lib.server import Server

ENDINGS = re.compile(r"\.(rdb|aof|jsonl)(\.gz|\.lz4|\.zst)?$")
DONE, NO, USAGE, INPUT, OUTPUT, UNAVAILABLE = range(6)


def text(argument):
    """An argument, which may be bytes, as subprocess takes it."""
    return os.fsdecode(argument) if isinstance(argument, bytes) else str(argument)


def ferry(*arguments, stdin=None, **options):
    """The finished process of rdbferry; options are those of subprocess.run()."""
    if not options:
        return run(*map(text, arguments), stdin=stdin)
    command = [PROGRAM, *map(text, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300, check=False, **options)


def printed_seed():
    """What the random tests of a module start from; RDBFERRY_SEED repeats a run."""
    seed = int(os.environ.get("RDBFERRY_SEED") or random.randrange(2**32))
    print(f"RDBFERRY_SEED={seed}", flush=True)
    return seed


class Record:
    """A key as JSON lines tell it."""

    def __init__(self, line):
        self.db, self.key = line["db"], jsonlines.decoded(line["key"])
        self.type, self.value, self.expire_ms = line["type"], line["value"], line["expire_ms"]
        self.place = self.db, self.key

    def string(self):
        return jsonlines.decoded(self.value)


class Splitting(Folder):
    @classmethod
    def class_folder(cls):
        """A folder that stays until the class is through."""
        folder = tempfile.mkdtemp(prefix="rdbferry-")
        cls.addClassCleanup(shutil.rmtree, folder)
        return folder

    def ferry(self, *arguments, expected=DONE, **options):
        done = ferry(*arguments, **options)
        self.said = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, expected, (arguments, done.stdout[-2000:], self.said[-2000:]))
        return done.stdout

    def split(self, *arguments, expected=DONE, **options):
        """Into a directory of its own, of which it returns the name."""
        out = os.path.join(self.fresh(), "shards")
        self.shown = self.ferry("split", *arguments, "-o", out, expected=expected, **options)
        return out

    def split_and_report(self, *arguments, expected=DONE, **options):
        """The directory, and the report."""
        path = os.path.join(self.fresh(), "report.json")
        out = self.split(*arguments, "--report", path, expected=expected, **options)
        with open(path, encoding="utf-8") as file:
            return out, json.load(file)

    @staticmethod
    def plan(out):
        with open(os.path.join(out, "plan.json"), encoding="utf-8") as file:
            return json.load(file)

    def shards(self, out, ending=""):
        """The path of each shard's output, or of what is in its directory, in the order of the plan."""
        found = []
        for shard in self.plan(out)["shards"]:
            first, last = shard["ranges"][0]
            more = "+" if len(shard["ranges"]) > 1 else ""
            begin = f"{shard['name']}_{first}-{last}{more}"
            (name,) = (name for name in os.listdir(out) if ENDINGS.sub("", name) == begin)
            found.append(os.path.join(out, name, ending) if ending else os.path.join(out, name))
        self.assertEqual(len(os.listdir(out)), len(found) + 1, os.listdir(out))
        return found

    def records(self, *arguments):
        """The keys that come out of a conversion, in their order."""
        lines = self.ferry("convert", *arguments, "-o", "-", "--to", "jsonl", "--binary", "base64", "-q")
        keys = (line for line in jsonlines.read(lines) if line["type"] != "function")
        return [Record(line) for line in keys]

    def places(self, *arguments):
        """Databases and names; none comes out twice."""
        found = [record.place for record in self.records(*arguments)]
        self.assertEqual(len(found), len(set(found)))
        return set(found)

    def digest(self, *arguments):
        """The digest and the number of keys, as they are printed."""
        return self.ferry("verify", *arguments, "--digest", "-q").decode().strip()

    def assert_adds_up(self, keys):
        """The object `keys` of a plan or a report."""
        parts = {name: count for name, count in keys.items() if name != "read"}
        self.assertEqual(parts.keys(), {"dropped", "collided", "unsupported", "empty", "written"})
        self.assertEqual(keys["read"], sum(parts.values()), keys)

    def assert_nothing_left(self, out):
        self.assertEqual(os.listdir(os.path.dirname(out)), [])

    def saved(self, server):
        """A copy of what a server saves."""
        server.call("SAVE")
        path = os.path.join(self.fresh(), "dump.rdb")
        shutil.copy(os.path.join(server.folder, "dump.rdb"), path)
        return path


class WithServer(Splitting):
    """A test class with a server, which is empty when a test begins."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls.class_folder())
        cls.addClassCleanup(cls.server.stop)
        cls.call = cls.server.call

    def setUp(self):
        super().setUp()
        self.call.pipeline([("FLUSHALL",), *dataset.NO_LIBRARIES, ("SELECT", 0)])

    def dump(self, databases):
        """A dump of strings, {db: {key: value}}; the server holds them afterwards."""
        commands = [("FLUSHALL",)]
        for db, keys in databases.items():
            commands += [("SELECT", db), *(("SET", key, value) for key, value in keys.items())]
        self.call.pipeline([*commands, ("SELECT", 0)])
        return self.saved(self.server)
