# SPDX-License-Identifier: MIT
"""What a split says and leaves: a plan that adds up, outputs that are whole or not there at all, few open files."""
import gzip
import json
import os
import random
import re
import resource
import signal
import subprocess
import time
import unittest

from lib import dataset, jsonlines
from lib.aofmodel import Model
from lib.kinds import KIND, needs_version
from lib.program import PROGRAM, run
from lib.rules import equal_ranges, slot_of
from lib.server import Server
from lib.soaking import scaled
from lib.splitting import OUTPUT, Splitting, WithServer, printed_seed

RULES = ["--flatten-dbs", "--hash-tag", "{user:*}:*"]
SHARDS = 12  # of what is killed
FEW_FILES = 128


def setUpModule():
    global SEED
    SEED = printed_seed()


class Planned(WithServer):
    def contents(self, path):
        """Name and size of each file that is there."""
        found = {}
        for directory, _, names in os.walk(path):
            for name in names:
                whole = os.path.join(directory, name)
                found[os.path.relpath(whole, path)] = os.path.getsize(whole)
        return found

    def assert_plan_is_true(self, out, keys, ranges):
        """Each number of it, held against what the keys are."""
        plan = self.plan(out)
        self.assert_adds_up(plan["keys"])
        self.assertEqual(plan["keys"]["written"], len(keys))
        self.assertEqual(sum(shard["keys"] for shard in plan["shards"]), len(keys))
        self.assertEqual([shard["name"] for shard in plan["shards"]], [f"shard-{i}" for i in range(len(ranges))])
        self.assertEqual([shard["ranges"] for shard in plan["shards"]], [[list(r)] for r in ranges])
        self.assertEqual(sum(shard["slots"] for shard in plan["shards"]), 16384)
        self.assertEqual(plan["untagged"], sum(not re.search(rb"^[^{]*\{[^}]+\}", key) for key in keys))
        for shard, (first, last) in zip(plan["shards"], ranges):
            inside = [slot_of(key) for key in keys if first <= slot_of(key) <= last]
            self.assertEqual((shard["keys"], shard["slots"]), (len(inside), last - first + 1))
            heaviest = shard["largest_slot"]
            self.assertTrue(first <= heaviest["slot"] <= last)
            self.assertEqual(heaviest["keys"], inside.count(heaviest["slot"]))
            self.assertLessEqual(heaviest["bytes"], shard["bytes"])
        files = {file["name"]: file["bytes"] for file in plan["files"]}
        there = self.contents(out)
        there.pop("plan.json")
        self.assertEqual(files, there)

    def test_adds_up(self):
        make = random.Random(SEED)
        names = [make.choice([b"user:%d", b"{t}%d", b"{u%d}", b"{}%d"]) % i for i in range(800)]
        keys = {name: make.randbytes(make.randrange(60)) for name in names}
        path = self.dump({0: keys})
        for kind in ("rdb", "aof", "aof-dir", "jsonl"):
            for count in (1, 3, 8):
                with self.subTest(kind=kind, count=count):
                    out = self.split(path, "--shards", count, "--to", kind)
                    self.assert_plan_is_true(out, keys, equal_ranges(count))
        # Bytes are those of the records in the input: all of it but head and tail.
        total = sum(shard["bytes"] for shard in self.plan(out)["shards"])
        self.assertLess(total, os.path.getsize(path))
        self.assertGreater(total, os.path.getsize(path) - 300)

    def test_what_is_left_out_is_counted(self):
        users = {f"{{user:{i % 20}}}:{i}": "v" * i for i in range(100)}
        path = self.dump({0: users, 1: {"a": 1, "b": 2}, 2: {"db1:a": 3}})
        options = ["--shards", 3, "-K", "*}:?", "--map-db", "2=0", "--flatten-dbs", "--on-collision", "skip"]
        out, report = self.split_and_report(path, *options)
        keys = self.plan(out)["keys"]
        self.assert_adds_up(keys)
        self.assertEqual((keys["read"], keys["dropped"], keys["collided"], keys["written"]), (103, 10, 1, 92))
        self.assertEqual(report["keys"], keys)

    def test_dry_run_says_the_same_and_writes_nothing(self):
        make = random.Random(SEED)
        keys = {f"user:{i}:{make.randrange(999)}": "v" * make.randrange(90) for i in range(200)}
        path = self.dump({0: keys, 3: keys})
        self.split(path, "--shards", 5, *RULES)
        shown, said = self.shown, self.said
        self.assertRegex(shown, rb"shard-4")
        folder = self.fresh()
        options = ["--dry-run", "--report", self.path("report.json")]
        dry = self.ferry("split", path, "--shards", 5, *RULES, *options, cwd=folder)
        self.assertEqual(dry, shown)
        self.assertEqual(os.listdir(folder), [])
        with open(self.path("report.json"), encoding="utf-8") as file:
            self.assert_adds_up(json.load(file)["keys"])
        warnings = [line for line in said.splitlines() if "warning" in line]
        self.assertEqual([line for line in self.said.splitlines() if "warning" in line], warnings)

    def test_a_hot_tag_is_warned_of(self):
        make = random.Random(SEED)
        small, tag = {f"key:{i}": make.randbytes(100) for i in range(7000)}, "hot one"
        hot = {f"{{{tag}}}:{i}": make.randbytes(1000) for i in range(300)}
        for path, is_hot in ((self.dump({0: small}), False), (self.dump({0: {**small, **hot}}), True)):
            self.ferry("split", path, "--shards", 3, "--dry-run")
            self.assertEqual("warning" in self.said, is_hot, self.said)
        slot = slot_of(f"{{{tag}}}".encode())
        shard = next(i for i, (first, last) in enumerate(equal_ranges(3)) if first <= slot <= last)
        found = re.search(r"slot (\d+) holds (\d+)% of the bytes of (\S+), most of it in keys with hash tag \{(.*)\}", self.said)
        self.assertEqual((found[1], found[3], found[4]), (str(slot), f"shard-{shard}", tag))
        # Three tenths of the whole, and so 0.3 / (0.3 + 0.7 / 3) of its shard.
        self.assertAlmostEqual(int(found[2]), 56, delta=4)
        out = self.split(path, "--shards", 3)
        heaviest = self.plan(out)["shards"][shard]["largest_slot"]
        self.assertEqual((heaviest["slot"], heaviest["tag"], heaviest["oversized"]), (slot, tag, True))
        # The table has them too.
        self.assertRegex(self.shown.decode(), f"(?m)^ *shard-{shard} .*\\b{slot}\\b")

    def test_quiet(self):
        path = self.dump({0: {"a": 1}})
        self.split(path, "--shards", 2, "-q")
        self.assertEqual((self.shown, self.said), (b"", ""))


class Filled(Splitting):
    """The usual data set, under rules that let nothing collide."""

    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder()
        with Server(folder) as server:
            dataset.fill(server.call)
            server.call("SAVE")
        cls.dump = os.path.join(folder, "dump.rdb")
        with open(cls.dump, "rb") as file:
            cls.data = file.read()
        cls.whole = run("verify", cls.dump, *RULES, "--digest", "-q").stdout.decode().strip()  # as digest() has it


class OfEachKind(Filled):
    def assert_split_alike(self, *inputs, **options):
        out = self.split(*inputs, "--shards", 3, *RULES, **options)
        self.assertEqual(self.digest(*self.shards(out)), self.whole)

    def test_inputs(self):
        """A dump, packed or not, from a file or a pipe, AOF directories, and parts of one data set."""
        packed, directory = self.path("dump.bin"), self.path("appendonlydir")
        self.assert_split_alike("-", stdin=self.data)
        self.assert_split_alike("-", stdin=gzip.compress(self.data, 1))
        with gzip.open(packed, "wb", 1) as file:
            file.write(self.data)
        self.assert_split_alike(packed)
        self.ferry("convert", self.dump, "-o", directory)
        self.assert_split_alike(directory)
        self.ferry("convert", self.dump, "-o", self.path("preamble.aof"), "--preamble")
        self.assert_split_alike(self.path("preamble.aof"))
        parts = [self.path(f"{db}.rdb") for db in (0, 3, 9)]
        for db, path in zip((0, 3, 9), parts):
            self.ferry("convert", self.dump, "-o", path, "-d", db)
        self.assert_split_alike(*parts)
        self.assert_split_alike(*parts, "--on-collision", "overwrite")
        with open(parts[1], "rb") as file:
            self.assert_split_alike(parts[0], "-", parts[2], stdin=file.read())

    @needs_version(redis=(7, 0))
    def test_outputs(self):
        for how, magic in (("gzip", b"\x1f\x8b"), ("lz4", b"\x04\x22\x4d\x18"), ("zstd", b"\x28\xb5\x2f\xfd")):
            out = self.split(self.dump, "--shards", 3, *RULES, "--compress", how, "--check")
            self.assertEqual(self.digest(*self.shards(out)), self.whole)
            for path in self.shards(out):
                with open(path, "rb") as file:
                    self.assertEqual(file.read(len(magic)), magic)
        keys = self.places(self.dump, *RULES)
        found = []
        for path in self.shards(self.split(self.dump, "--shards", 3, *RULES, "--to", "jsonl", "--binary", "base64")):
            with open(path, "rb") as file:
                lines = jsonlines.Lines(file.read())
            self.assertEqual(len(lines.functions), len(dataset.LIBRARIES))
            found += lines.keys
        self.assertEqual((len(found), set(found)), (len(keys), keys))
        found = []
        for path in self.shards(self.split(self.dump, "--shards", 3, *RULES, "--to", "aof")):
            with open(path, "rb") as file:
                model = Model(file.read())
            self.assertEqual((len(model.functions), model.refused), (len(dataset.LIBRARIES), []))
            found += model.keys
        self.assertEqual((len(found), set(found)), (len(keys), keys))


class ManyShards(Filled):
    """Three hundred shards, and not so many files that may be open."""

    def limited(self, *arguments):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))

        return self.split(self.dump, "--shards", 300, *RULES, *arguments, preexec_fn=limit)

    def assert_whole(self, out, ending=""):
        shards = self.shards(out, ending)
        self.assertEqual(len(shards), 300)
        plan = self.plan(out)
        self.assert_adds_up(plan["keys"])
        self.assertEqual(sum(shard["keys"] for shard in plan["shards"]), int(self.whole.split()[1]))
        self.assertEqual(self.digest(*shards), self.whole)
        return shards

    def test_snapshots(self):
        shards = self.assert_whole(self.limited())
        for path in random.Random(SEED).sample(shards, 5):
            done = KIND.check("rdb", path)
            self.assertIn(b"RDB looks OK", done.stdout)
            self.assertEqual(done.returncode, 0)
        self.ferry("verify", *shards, "--against", self.dump_under_rules(), "--strict")

    def dump_under_rules(self):
        path = self.path("rewritten.rdb")
        self.ferry("convert", self.dump, "-o", path, *RULES)
        return path

    def test_directories(self):
        shards = self.assert_whole(self.limited("--to", "aof-dir"), "appendonlydir")
        folder = os.path.dirname(random.Random(SEED).choice(shards))
        with Server(folder, appendonly="yes") as server:
            self.assertEqual(server.warnings(), [])

    def test_commands_compressed(self):
        out = self.limited("--to", "aof", "--compress", "gzip")
        shards = self.shards(out)
        path = random.Random(SEED).choice(shards)
        self.ferry("verify", path)
        self.assertTrue(path.endswith(".aof.gz"))
        self.assertEqual(sum(shard["keys"] for shard in self.plan(out)["shards"]), self.plan(out)["keys"]["written"])

    def test_as_with_many_files(self):
        """It is the same, byte by byte, as where all of them may be open."""
        few, many = self.limited(), self.split(self.dump, "--shards", 300, *RULES)
        self.assertEqual(sorted(os.listdir(few)), sorted(os.listdir(many)))
        for name in os.listdir(few):
            with open(os.path.join(few, name), "rb") as a, open(os.path.join(many, name), "rb") as b:
                self.assertEqual(a.read(), b.read(), name)


class AllOrNothing(Filled):
    def assert_whole_or_nothing(self, out, killed):
        """A name that is there is that of a whole directory. What was killed may leave a temporary one."""
        beside = os.listdir(os.path.dirname(out))
        if os.path.exists(out):
            self.assertEqual(self.digest(*self.shards(out)), self.whole)
            beside.remove(os.path.basename(out))
        if not killed:
            self.assertEqual(beside, [])
        self.assertTrue(all(name.startswith(".shards.") for name in beside), beside)
        self.assertLessEqual(len(beside), 1)
        return os.path.exists(out)

    def start(self, out, *arguments):
        process = subprocess.Popen(
            [PROGRAM, "split", "-", "--shards", str(SHARDS), *RULES, "-o", out, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.kill)
        return process

    def interrupt(self, number, share, delay):
        """Sends the signal a while after so much of the input has been taken. Whether it was in time."""
        out = os.path.join(self.fresh(), "shards")
        process = self.start(out)
        try:
            process.stdin.write(self.data[: int(len(self.data) * share)])
            process.stdin.flush()
            if share == 1:
                process.stdin.close()
        except BrokenPipeError:
            self.fail(process.stderr.read())
        time.sleep(delay)
        process.send_signal(number)
        status = process.wait(timeout=300)
        self.assertIn(status, (0, -number), (number, share, delay))
        there = self.assert_whole_or_nothing(out, number == signal.SIGKILL)
        if status == 0:
            self.assertTrue(there)
        return status != 0

    @scaled(test=2, soak=20)
    def test_signals(self, kills):
        began = time.monotonic()
        self.split(self.dump, "--shards", SHARDS, *RULES)
        duration = time.monotonic() - began
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            make = random.Random(SEED + number)
            in_time = 0
            for seed in range(kills):
                half_way = seed % 2 == 0
                share = make.random() if half_way else 1
                delay = make.random() * (0.05 if half_way else duration)
                with self.subTest(signal=number, share=share, delay=delay):
                    was = self.interrupt(number, share, delay)
                    in_time += was
                    self.assertTrue(was or not half_way)
            self.assertGreaterEqual(in_time, kills // 2)

    @scaled(test=2, soak=20)
    def test_killed_while_it_replaces(self, kills):
        """The one or the other is there, and whole."""
        make = random.Random(SEED)
        ends = set()
        began = time.monotonic()
        self.split(self.dump, "--shards", SHARDS, *RULES)
        duration = time.monotonic() - began
        for _ in range(kills):
            out = os.path.join(self.fresh(), "shards")
            self.ferry("split", self.dump, "--shards", 2, *RULES, "-o", out, "-q")
            process = self.start(out, "--force")
            process.stdin.write(self.data)
            process.stdin.close()
            time.sleep(make.uniform(0.3, 1.3) * duration)
            process.send_signal(signal.SIGKILL)
            ends.add(process.wait(timeout=300))
            self.assertEqual(self.digest(*self.shards(out)), self.whole)
            self.assertIn(len(self.shards(out)), (2, SHARDS))
        self.assertLessEqual(ends, {0, -signal.SIGKILL})

    def test_a_full_disk(self):
        make = random.Random(SEED)
        # ThreadSanitizer writes a file in $TMPDIR, if it can, before the program can ignore SIGXFSZ.
        nowhere = {**os.environ, "TMPDIR": self.path("none")}
        for kind, shards in (("rdb", 3), ("aof", 3), ("aof-dir", 3), ("jsonl", 3), ("rdb", 300)):
            largest = len(self.data) // shards
            for size in (0, 100, make.randrange(largest // 2), largest * 3 // 4):
                with self.subTest(kind=kind, shards=shards, size=size):

                    def limit(size=size):
                        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

                    arguments = [self.dump, "--shards", shards, "--to", kind, *RULES]
                    out = self.split(*arguments, expected=OUTPUT, preexec_fn=limit, env=nowhere)
                    self.assert_nothing_left(out)
                    self.assertIn("File too large", self.said)

    def test_what_is_there_stays(self):
        """Also where a run that would replace it fails, or is killed."""
        folder = self.fresh()
        out = os.path.join(folder, "shards")
        self.ferry("split", self.dump, "--shards", 2, *RULES, "-o", out)
        before = sorted(os.listdir(out)), self.digest(*self.shards(out))

        def stays():
            self.assertEqual((sorted(os.listdir(out)), self.digest(*self.shards(out))), before)

        self.ferry("split", self.dump, "--shards", 5, *RULES, "-o", out, expected=OUTPUT)
        stays()

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        self.ferry("split", self.dump, "--shards", 5, *RULES, "-o", out, "--force", expected=OUTPUT, preexec_fn=limit)
        self.assertEqual(os.listdir(folder), ["shards"])
        stays()
        process = self.start(out, "--force")
        process.stdin.write(self.data[: len(self.data) // 2])
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=300), -signal.SIGINT)
        self.assertEqual(os.listdir(folder), ["shards"])
        stays()
        self.ferry("split", self.dump, "--shards", 5, *RULES, "-o", out, "--force")
        self.assertEqual(os.listdir(folder), ["shards"])
        self.assertEqual(len(self.shards(out)), 5)

    def test_a_damaged_input_leaves_nothing(self):
        make = random.Random(SEED)
        for _ in range(5):
            length = make.randrange(9, len(self.data) - 9)
            with self.subTest(length=length):
                out = self.split("-", "--shards", 4, *RULES, expected=3, stdin=self.data[:length])
                self.assert_nothing_left(out)


if __name__ == "__main__":
    unittest.main()
