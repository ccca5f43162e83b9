# SPDX-License-Identifier: MIT
"""`rdbferry replay` as a job that others watch, stop and start again: its lock, its metrics, its dead letters."""
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
import unittest

from lib.live_targets import TcpServer
from lib.replaying import DONE, TARGET, USAGE, WithTarget, empty, fill_some, url_of

SMALL_KEYS = 60_000


def fill_small_keys(call):
    call.pipeline([("SET", f"key:{i}", "v" * 30) for i in range(SMALL_KEYS)])


def fill_great_list(call):
    make = random.Random(1)
    call("RPUSH", "great", *(make.randbytes(1000) for _ in range(20_000)))


def metrics_of(path):
    """The numbers without labels."""
    with open(path, encoding="utf-8") as file:
        lines = [line.split(" ") for line in file if not line.startswith("#") and "{" not in line]
    return {name.removeprefix("rdbferry_replay_"): float(value) for name, value in lines}


class Jobs(WithTarget):
    def setUp(self):
        super().setUp()
        self.checkpoint, self.metrics, self.report = map(self.path, ("checkpoint", "metrics", "report"))

    def job(self, dump, *options, url=None):
        return [dump, url or self.url, "--checkpoint", self.checkpoint, "--resume", *options]

    def watched(self, dump, *options, **named):
        return self.job(dump, "--metrics-file", self.metrics, "--report", self.report, *options, **named)

    def state(self):
        try:
            with open(self.checkpoint, encoding="utf-8") as file:
                return next(line.split()[1] for line in file if line.startswith("state "))
        except FileNotFoundError:
            return None

    def assert_stopped(self, running, number=signal.SIGINT):
        """It has died of the signal, and all that it leaves says so. Returns the report."""
        self.assertEqual(running.wait(), -number, running.said())
        found = metrics_of(self.metrics)
        self.assertEqual((found["up"], found["finished"], found["exit_status"]), (0, 1, 128 + number))
        with open(self.report, encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual(report["result"], "stopped")
        keys = dict(report["keys"])
        self.assertEqual(keys.pop("read"), sum(keys.values()), keys)
        return report


class Locks(Jobs):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_small_keys)

    def test_one_at_a_time(self):
        """From before there is a checkpoint, over all that are written, to the end."""
        first = self.begin(*self.watched(self.dump, "--rate", "1MB/s"))
        self.begun(first, lambda: os.path.exists(self.checkpoint + ".lock") and os.path.exists(self.metrics))
        seen = 0
        while first.running() and seen < 3:
            inode = os.stat(self.checkpoint).st_ino if os.path.exists(self.checkpoint) else None
            second = self.begin(*self.job(self.dump))
            self.assertEqual(second.wait(), USAGE, second.said())
            self.assertIn("in use by another process", second.said())
            self.begun(first, lambda inode=inode: self.state() and os.stat(self.checkpoint).st_ino != inode)
            seen += 1
        self.assertEqual(seen, 3)
        first.kill()
        first.wait()
        report = self.replay(*self.job(self.dump))
        self.assertEqual(report["recovery"]["connections_lost"], 0)
        self.assert_holds(self.expected(self.dump), self.call)

    def test_started_together(self):
        """None has a checkpoint yet: one of them runs."""
        several = [self.begin(*self.job(self.dump, "--rate", "2MB/s")) for _ in range(4)]
        codes = sorted(running.wait() for running in several)
        self.assertEqual(codes, [DONE, USAGE, USAGE, USAGE], [running.said() for running in several])


@unittest.skipUnless(os.geteuid() == 0, "files are given away by root alone")
class OfAnotherOwner(Jobs):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_small_keys)

    def test_all_files_belong_to_the_owner_of_the_folder(self):
        folder = self.path("state")
        os.mkdir(folder)
        os.chown(folder, 12345, 12345)
        paths = {name: os.path.join(folder, name) for name in ("checkpoint", "metrics-file", "report")}
        options = [text for name, path in paths.items() for text in (f"--{name}", path)]
        running = self.begin(self.dump, self.url, *options)
        self.assertEqual(running.wait(), DONE, running.said())
        self.assertIn("the outputs belong to 12345:12345", running.said())
        for path in (*paths.values(), paths["checkpoint"] + ".lock"):
            with self.subTest(path):
                self.assertEqual(os.stat(path).st_uid, 12345)


class Stops(Jobs):
    """After one signal, whatever goes on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_small_keys)
        cls.great = cls.dump_of(fill_great_list)

    def test_while_writing(self):
        running = self.begin(*self.watched(self.dump, "--rate", "1MB/s"))
        self.begun(running, lambda: self.call("DBSIZE") > 100)
        running.kill(signal.SIGINT)
        report = self.assert_stopped(running)
        self.assertEqual(report["keys"]["in_flight"], 0)
        self.assertIn(f"{report['keys']['written']} written", running.said())
        self.assertIn("send the signal again to stop at once", running.said())

    def test_target_down(self):
        """It does not wait for as long as it would wait for the target; nor is the target's end the reason."""
        target = TcpServer(self.fresh())
        self.addCleanup(target.stop)
        running = self.begin(*self.watched(self.dump, "--rate", "1MB/s", "--retry-for", "1h", url=url_of(target)))
        self.begun(running, lambda: target.call("DBSIZE") > 100)
        target.stop()
        self.begun(running, lambda: re.search("connection (lost|closed)", running.said()))
        running.kill(signal.SIGTERM)
        self.assert_stopped(running, signal.SIGTERM)
        self.assertIn("--resume", running.said())

    def test_a_great_value(self):
        """Which --rate spreads over an hour."""
        running = self.begin(*self.watched(self.great, "--rate", "10KB/s", "--big-key", "10K", "--mode", "commands"))
        self.begun(running, lambda: self.call("DBSIZE") > 0)
        running.kill(signal.SIGINT)
        report = self.assert_stopped(running)
        self.assertEqual(report["keys"]["in_flight"], 1)
        self.assert_no_temporaries(self.call)
        self.replay(*self.job(self.great, "--big-key", "10K", "--mode", "commands"))
        self.assert_holds(self.expected(self.great), self.call)

    def test_keys_left_out(self):
        """Of a pipe that goes on for ever; the metrics go on, too."""
        running = self.begin(*self.watched("-", "-k", "nothing"), stdin=subprocess.PIPE)
        ended = threading.Event()

        def write():
            with open(self.dump, "rb") as file:
                data = file.read()
            try:
                running.process.stdin.write(data[:200_000])
                for i in range(200_000, 1_000_000, 500):
                    running.process.stdin.write(data[i : i + 500])
                    running.process.stdin.flush()
                    if ended.wait(0.01):
                        return
            except BrokenPipeError:
                pass

        writing = threading.Thread(target=write)
        writing.start()
        self.addCleanup(writing.join)
        self.addCleanup(ended.set)
        self.begun(running, lambda: os.path.exists(self.metrics) and metrics_of(self.metrics)["keys_read_total"] > 0)
        before = metrics_of(self.metrics)
        self.begun(running, lambda: metrics_of(self.metrics)["update_time_seconds"] > before["update_time_seconds"])
        self.assertGreater(metrics_of(self.metrics)["keys_filtered_total"], before["keys_filtered_total"])
        running.kill(signal.SIGINT)
        report = self.assert_stopped(running)
        self.assertEqual(report["keys"]["read"], report["keys"]["dropped"])


class Verified(Jobs):
    """A run that was stopped while it compared is compared when it is started again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_small_keys)

    def stop_in_verify(self):
        """True: it was stopped in time."""
        running = self.begin(*self.watched(self.dump, "--verify"))
        while running.running() and self.state() != "done":
            time.sleep(0.001)
        running.kill(signal.SIGINT)
        if running.wait() == DONE:
            return False
        self.assertIsNone(self.assert_stopped(running)["verify"])
        self.assertIn("not verified", running.said())
        return True

    def test_stopped(self):
        for _ in range(20):
            if self.stop_in_verify():
                break
            self.clear()
            os.remove(self.checkpoint)
        else:
            self.fail("it was never stopped in time")
        report = self.replay(*self.job(self.dump, "--verify", "--metrics-file", self.metrics))
        self.assertEqual(report["verify"]["unexplained"], 0)
        self.assertEqual(report["keys"]["written"], 0)
        self.call("SET", "key:77", "another")
        report = self.replay(*self.job(self.dump, "--verify", "--metrics-file", self.metrics), expected=1)
        self.assertEqual((report["result"], report["verify"]["unexplained"]), ("failed", 1))
        found = metrics_of(self.metrics)
        self.assertEqual((found["up"], found["finished"], found["exit_status"]), (0, 1, 1))

    def test_keys_that_only_the_target_has_are_counted(self):
        """As after a second pass, between which the source has deleted keys."""
        job = [self.dump, self.url, "--on-exists", "replace", "--match", "key:1*", "--verify"]
        self.call("MSET", "key:1:deleted", 1, "other", 1, "key:1:rdbferry:abcdefgh:xyz", 1)
        found = self.replay(*job)["verify"]
        self.assertEqual((found["keys_extra"], found["keys_temporary"], found["unexplained"]), (2, 1, 0))
        self.call("DEL", "key:1:deleted", "key:1:rdbferry:abcdefgh:xyz")
        found = self.replay(*job)["verify"]
        self.assertEqual((found["keys_extra"], found["keys_temporary"], found["unexplained"]), (0, 0, 0))

    def test_collisions_are_known_again(self):
        """Of keys in both inputs the later was left out, and is not compared."""
        other = self.path("other.rdb")
        self.ferry("convert", self.dump, "-k", "key:1*", "--rename", "s/key:1/key:2/", "-o", other)
        job = [self.dump, other, self.url, "--checkpoint", self.checkpoint, "--resume", "--on-collision", "skip"]
        for _ in range(2):
            report = self.replay(*job, "--verify")
            self.assertEqual(report["verify"]["unexplained"], 0)


class DeadLetters(Jobs):
    def setUp(self):
        super().setUp()
        self.dump = self.dump_of(fill_some)
        self.dead = self.path("dead")

    def test_torn(self):
        """What was written behind the checkpoint, half a command, is not there after the next start."""
        self.call("SET", "str:0", "in the way")
        self.call("SELECT", 5)
        self.call.pipeline([("SET", f"hash:{i}", "in the way") for i in range(24)])
        self.call("SELECT", 0)
        options = ["--dead-letter", self.dead]
        running = self.begin(*self.job(self.dump, *options, "--rate", "500KB/s"))
        self.begun(running, lambda: os.path.exists(self.dead) and os.path.getsize(self.dead) > 0)
        running.kill()
        running.wait()
        with open(self.dead, "ab") as file:
            file.write(b"*3\r\n$3\r\nSET\r\n$9\r\nhalf")
        self.replay(*self.job(self.dump, *options), expected=TARGET)
        with open(self.dead, "rb") as file:
            letters = file.read()
        self.assertNotIn(b"half", letters)
        empty(self.call)
        self.call("CONFIG", "RESETSTAT")
        piped = subprocess.run(
            ["redis-cli", "-p", str(self.target.port), "--pipe"], input=letters, capture_output=True, check=False
        )
        # Of keys that were answered before an older one, which the resumed run sends again, a letter is there twice.
        errors = int(re.search(rb"errors: (\d+)", piped.stdout).group(1))
        self.assertEqual(errors, self.target.count_errors(b"BUSYKEY"), piped.stdout)
        self.assertEqual(self.call("DBSIZE"), 1)
        self.call("SELECT", 5)
        self.assertEqual(self.call("DBSIZE"), 24)
        self.call("SELECT", 0)

    def test_there_already(self):
        """It is not touched; metrics and report say how it ended."""
        with open(self.dead, "wb") as file:
            file.write(b"not ours")
        self.ferry("replay", *self.watched(self.dump, "--dead-letter", self.dead), expected=TARGET)
        self.assertIn("use another name", self.said)
        with open(self.dead, "rb") as file:
            self.assertEqual(file.read(), b"not ours")
        found = metrics_of(self.metrics)
        self.assertEqual((found["up"], found["finished"], found["exit_status"]), (0, 1, TARGET))
        self.assertEqual(self.call("DBSIZE"), 0)


if __name__ == "__main__":
    unittest.main()
