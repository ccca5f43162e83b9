# SPDX-License-Identifier: MIT
"""`rdbferry replay --checkpoint --resume`: after a kill or a SIGINT at any time, it goes on where it was."""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
import unittest
import zlib

from lib.kinds import needs_version
from lib.live_targets import wait_until
from lib.observe import differences, observe
from lib.replaying import (
    BIG,
    DONE,
    TARGET,
    USAGE,
    Running,
    WithTarget,
    WithTargets,
    counts,
    failures,
    fill_some,
    obstacles_for,
    places_of,
    url_of,
)
from lib.resp import encode
from lib.soaking import scaled
from lib.splitting import ferry

MODES = ("auto", "commands", "restore")
POLICIES = ("fail", "skip", "replace")


@needs_version(redis=(7, 0))
class Resuming(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some)
        cls.facts = cls.oracle.facts(cls.dump)
        cls.obstacles = list(obstacles_for(places_of(cls.facts), 9))
        cls.in_the_way = len(cls.obstacles) // 3
        cls.with_obstacles = cls.oracle.facts(cls.dump, cls.obstacles)

    def setUp(self):
        super().setUp()
        self.checkpoint = self.path("checkpoint")

    def job(self, *options, dump=None):
        return [dump or self.dump, self.url, "--checkpoint", self.checkpoint, *options]

    def interrupted(self, number, *options, dump=None, least=100):
        """A replay that gets a signal after it has written some keys. Returns its exit code."""
        running = self.begin(*self.job("--rate", "1MB/s", *options, dump=dump))
        self.begun(running, lambda: self.call("DBSIZE") > least)
        running.kill(number)
        running.wait()
        self.said = running.said()
        return running.process.returncode


@needs_version(redis=(7, 0))
class Kills(WithTargets):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some)
        cls.facts = cls.oracle.facts(cls.dump)
        cls.obstacles = list(obstacles_for(places_of(cls.facts), 9))
        cls.in_the_way = {key.decode() for _, key in cls.obstacles[1::3]}
        cls.with_obstacles = cls.oracle.facts(cls.dump, cls.obstacles)
        cls.obstacles_alone = cls.facts_of(cls.obstacles)

    def attempt(self, target, seed, folder):
        """Killed, perhaps more than once; then it goes on to the end."""
        make = random.Random(seed)
        on_exists, in_the_way, letters = POLICIES[seed // 3 % 3], seed % 2 == 1, seed // 9 % 2 == 0
        job = [self.dump, url_of(target), "--checkpoint", os.path.join(folder, "checkpoint")]
        job += ["--mode", MODES[seed % 3], "--connections", make.choice((1, 2, 3))]
        job += ["--big-key", make.choice(("2K", BIG, "1M"))]
        job += self.on_exists(on_exists) if letters else ["--on-exists", on_exists]
        target.call.pipeline(self.obstacles if in_the_way else [])
        for again in range(make.choice((1, 1, 2))):
            running = Running(folder, [*job, "--rate", "4MB/s", *["--resume"] * again])
            time.sleep(make.uniform(0, 0.5))
            running.end()
        done = ferry("replay", *job, "--resume")
        return job, in_the_way and on_exists, letters, done, observe(target.call)

    def check(self, job, policy, letters, done, facts):
        """None of what it has written itself is there already. Without dead letters `fail` writes nothing."""
        said = done.stderr.decode(errors="replace")
        with self.subTest(job=job, said=said[-999:]):
            expected = {"fail": self.with_obstacles if letters else self.obstacles_alone, "skip": self.with_obstacles}
            self.assertEqual(done.returncode, TARGET if policy == "fail" else DONE)
            self.assertEqual(differences(expected.get(policy, self.facts), facts), [])
            self.assertEqual("nothing written: " in said, policy == "fail" and not letters)
            named = set(re.findall("'((?:str|list|set|hash|zset|stream):[^']*)'", said))
            self.assertLessEqual(named, self.in_the_way if policy == "fail" else set())

    @scaled(test=2, soak=50)
    def test_seeds(self, count):
        self.try_seeds(count, self.attempt, self.check)


class GreatKeys(Resuming):
    """Of which but a part was written: nothing of it is left under another name."""

    @staticmethod
    def fill(call):
        for i in range(6):
            make = random.Random(i)
            call("RPUSH", f"list:{i}", *(make.randbytes(100) for _ in range(4000)))

    def test_killed(self):
        dump = self.dump_of(self.fill)
        for mode in MODES:
            with self.subcase(mode=mode):
                self.checkpoint = os.path.join(self.fresh(), "checkpoint")
                options = ["--mode", mode, "--big-key", "10K"]
                for least, again in ((1, []), (3, ["--resume"])):
                    code = self.interrupted(signal.SIGKILL, *options, *again, dump=dump, least=least)
                    self.assertEqual(code, -signal.SIGKILL)
                self.replay(*self.job(*options, "--resume", dump=dump))
                self.assert_holds(self.expected(dump), self.call)


class Interrupts(Resuming):
    def test_then_resumed(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for mode in MODES:
                with self.subcase(number=number, mode=mode):
                    code = self.interrupted(number, "--mode", mode, "--big-key", BIG)
                    self.assertEqual(code, -number, self.said)
                    self.assertIn("--resume", self.said)
                    self.assertTrue(os.path.exists(self.checkpoint))
                    there = self.call("DBSIZE")
                    self.assert_no_temporaries(self.call)
                    found = counts(self.replay(*self.job("--mode", mode, "--big-key", BIG, "--resume")))
                    self.assert_holds(self.facts, self.call)
                    # a clean end leaves nothing to be done twice
                    self.assertLessEqual(found["written"], sum(self.facts["sizes"].values()) - there)
                    os.remove(self.checkpoint)

    def test_resumed_with_obstacles(self):
        """Of both runs, each names those it meets."""
        self.call.pipeline(self.obstacles)
        letters = self.letters()
        self.interrupted(signal.SIGINT, *letters, "--report", self.path("first.json"), least=140)
        with open(self.path("first.json"), encoding="utf-8") as file:
            first = failures(json.load(file), "exists")
        then = failures(self.replay(*self.job("--resume", *letters), expected=TARGET), "exists")
        self.assertEqual(first + then, self.in_the_way)
        self.assert_holds(self.with_obstacles, self.call)

    def test_packed(self):
        for command in ("gzip", "lz4"):
            with self.subcase(command=command):
                packed = self.packed(command, self.dump)
                self.interrupted(signal.SIGINT, dump=packed)
                self.replay(*self.job("--resume", dump=packed))
                self.assert_holds(self.facts, self.call)
                os.remove(self.checkpoint)

    def test_several_inputs(self):
        parts = [os.path.join(self.folder, f"{db}.rdb") for db in (0, 1, 5)]
        for db, part in zip((0, 1, 5), parts):
            self.ferry("convert", self.dump, "-d", db, "-o", part)
        job = [*parts, self.url, "--checkpoint", self.checkpoint, "--on-exists", "replace"]
        for number in (signal.SIGKILL, signal.SIGINT):
            running = self.begin(*job, "--rate", "1MB/s", *(["--resume"] if number == signal.SIGINT else []))
            self.begun(running, lambda number=number: self.call("SELECT", 1) and self.call("DBSIZE") > 20)
            running.kill(number)
            running.wait()
        self.replay(*job, "--resume")
        self.assert_holds(self.facts, self.call)


class Refusals(Resuming):
    """What the checkpoint is not of."""

    def setUp(self):
        super().setUp()
        self.interrupted(signal.SIGINT)
        with open(self.checkpoint, "rb") as file:
            self.written = file.read()

    def put(self, data):
        self.written = data
        with open(self.checkpoint, "wb") as file:
            file.write(data)

    def refused(self, *options, dump=None):
        done = self.begin(*self.job("--resume", *options, dump=dump))
        self.assertEqual(done.wait(), USAGE, done.said())
        self.assertIn("checkpoint", done.said())
        with open(self.checkpoint, "rb") as file:
            self.assertEqual(file.read(), self.written)

    def test_another_input(self):
        other = self.dump_of(fill_some, seed=2)
        before = self.call("DEBUG", "DIGEST")
        self.refused(dump=other)
        longer = self.path("longer.rdb")
        shutil.copy(self.dump, longer)
        with open(longer, "ab") as file:
            file.write(b"x")
        self.refused(dump=longer)
        self.assertEqual(self.call("DEBUG", "DIGEST"), before)

    def test_a_copy_is_the_same_input(self):
        copy = self.path("copy.rdb")
        shutil.copy(self.dump, copy)
        self.replay(*self.job("--resume", dump=copy))
        self.assert_holds(self.facts, self.call)

    def test_other_rules(self):
        before = self.call("DEBUG", "DIGEST")
        for options in (["--rename", "s/a/b/"], ["-d", 0], ["-k", "list:*"], ["--map-db", "0=3"], ["-t", "hash"]):
            with self.subTest(options=options):
                self.refused(*options)
        self.assertEqual(self.call("DEBUG", "DIGEST"), before)

    def test_another_pace_is_none(self):
        self.replay(*self.job("--resume", "--connections", 3, "--rate", "900MB/s", "--retry-for", "5s"))
        self.assert_holds(self.facts, self.call)

    def test_no_checkpoint(self):
        for data in (b"", b"nonsense\n", self.written[: len(self.written) // 2]):
            with self.subTest(data=data):
                self.put(data)
                self.refused()

    def test_position_beyond_the_end(self):
        """A position that the input does not reach does not stand for "nothing left to do"."""
        lines = self.written[: self.written.index(b"checksum ")]
        for offset in (os.path.getsize(self.dump) + 1, 2**62):
            with self.subTest(offset=offset):
                moved = re.sub(rb"(position|written-until) 0 \d+", rb"\1 0 %d" % offset, lines)
                self.put(moved + b"checksum %08x\n" % zlib.crc32(moved))
                done = self.begin(*self.job("--resume"))
                self.assertEqual(done.wait(), USAGE, done.said())
                self.assertIn("after the end of", done.said())


@needs_version(redis=(7, 0))
class Transactions(WithTarget):
    """Of a log that a signal stops the run in the middle of."""

    def setUp(self):
        super().setUp()
        self.checkpoint = self.path("checkpoint")

    def job(self, *options):
        return ["-", self.url, "--checkpoint", self.checkpoint, *options]

    def stopped(self, *options):
        """A run that is stopped between MULTI and EXEC. Returns the log, and what it counts up to."""
        names = {b"before": 100, b"inside": 40_000, b"after": 100}
        before, inside, after = (encode(("INCR", name)) * count for name, count in names.items())
        running = self.begin(*self.job(*options), stdin=subprocess.PIPE)
        pipe = running.process.stdin
        pipe.write(before + encode(("MULTI",)) + inside[: len(inside) // 2])
        pipe.flush()
        self.begun(running, lambda: self.call("EXISTS", "before"))
        running.kill(signal.SIGTERM)
        wait_until(lambda: "stopping" in running.said())
        with contextlib.suppress(BrokenPipeError):
            pipe.write(inside[len(inside) // 2 :])
            pipe.flush()
        self.assertEqual(running.wait(), -signal.SIGTERM, running.said())
        return before + encode(("MULTI",)) + inside + encode(("EXEC",)) + after, names

    def test_stopped_inside(self):
        for options in [], ["--no-transactions"]:
            with self.subcase(options=options):
                self.checkpoint = os.path.join(self.fresh(), "checkpoint")
                log, names = self.stopped(*options)
                self.assertEqual(self.call("EXISTS", "inside"), 0)
                self.replay(*self.job("--resume", *options), stdin=log)
                self.assertEqual({name: int(self.call("GET", name)) for name in names}, names)

    def test_another_way(self):
        """What was written without position keys cannot go on with them, nor the reverse."""
        log, _ = self.stopped()
        self.replay(*self.job("--resume", "--no-transactions"), stdin=log, expected=USAGE)
        self.assertIn("--no-transactions", self.said)
        self.assertEqual(self.call("EXISTS", "inside"), 0)


class Ends(Resuming):
    def test_after_the_end(self):
        """There is nothing left to be done."""
        self.replay(*self.job())
        self.ferry("replay", *self.job("--resume"))
        self.assertIn("nothing to do", self.said)
        self.assert_holds(self.facts, self.call)
        self.clear()
        self.replay(*self.job())
        self.assert_holds(self.facts, self.call)

    def test_failures_are_not_forgotten(self):
        self.call.pipeline(self.obstacles)
        letters = self.letters()
        self.replay(*self.job(*letters), expected=TARGET)
        self.ferry("replay", *self.job("--resume", *letters), expected=TARGET)
        self.assertIn("nothing to do", self.said)
        self.assertIn(f"{self.in_the_way} not written", self.said)

    def test_nothing_was_written(self):
        """A run that has ended before its first write is not one that goes on."""
        self.call.pipeline(self.obstacles)
        before = self.call("DEBUG", "DIGEST")
        for options in ([], ["--resume"], ["--resume"]):
            self.replay(*self.job(*options), expected=TARGET)
            self.assertIn(f"nothing written: {self.in_the_way} keys already exist", self.said)
            self.assertEqual(self.call("DEBUG", "DIGEST"), before)
            self.assertFalse(os.path.exists(self.checkpoint))

    def test_anew_only_when_it_is_gone(self):
        """A run that has not come to its end is not forgotten by mistake."""
        self.interrupted(signal.SIGINT)
        self.ferry("replay", *self.job(), expected=USAGE)
        self.assertIn("--resume", self.said)

    def test_without_a_checkpoint_it_begins(self):
        self.replay(*self.job("--resume"))
        self.assert_holds(self.facts, self.call)

    def test_nothing_lies_beside_the_checkpoint(self):
        os.mkdir(self.path("job"))
        self.checkpoint = self.path("job/checkpoint")
        self.interrupted(signal.SIGINT)
        self.assertEqual(set(os.listdir(self.path("job"))), {"checkpoint", "checkpoint.lock"})
        self.replay(*self.job("--resume"))
        self.assertLessEqual(set(os.listdir(self.path("job"))), {"checkpoint", "checkpoint.lock"})

    def test_stdin(self):
        """Whoever gives it once more from the beginning can go on; what is done is passed over."""
        with open(self.dump, "rb") as file:
            data = file.read()
        running = self.begin(*self.job("--rate", "1MB/s", dump="-"), stdin=subprocess.PIPE)
        running.process.stdin.write(data[: len(data) // 2])
        running.process.stdin.flush()
        self.begun(running, lambda: self.call("DBSIZE") > 50)
        running.kill(signal.SIGINT)
        running.process.stdin.close()
        self.assertEqual(running.wait(), -signal.SIGINT)
        self.said = running.said()
        if os.path.exists(self.checkpoint):
            self.replay(*self.job("--resume", dump="-"), stdin=data)
            self.assert_holds(self.facts, self.call)


if __name__ == "__main__":
    unittest.main()
