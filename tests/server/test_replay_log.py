# SPDX-License-Identifier: MIT
"""What `rdbferry replay` writes to a log, and how it ends as process 1 of a container."""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
from unittest import mock

from lib.live_targets import HOST, TcpServer, wait_until
from lib.program import PROGRAM
from lib.replaying import WithTarget, url_of

KEYS = 200_000
NAMESPACE = ["unshare", "--fork", "--pid", "--map-root-user", "--user", "--kill-child", "--"]


def fill(call):
    for start in range(0, KEYS, 20_000):
        call.pipeline([("SET", f"key:{i}", "v" * 30) for i in range(start, start + 20_000)])


def can_unshare():
    return shutil.which("unshare") and subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode == 0


class Log(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill)

    def setUp(self):
        super().setUp()
        patch = mock.patch.dict(os.environ, RDBFERRY_TEST_PROGRESS_MS="100")
        patch.start()
        self.addCleanup(patch.stop)

    def shares(self, phase, said):
        """The percentages of a phase."""
        return [int(share) for share in re.findall(rf"^rdbferry: {phase}([0-9]+)%  ", said, re.M)]

    def test_phases(self):
        """Each from its beginning, and without going back."""
        running = self.begin(self.dump, self.url, "--verify", "--rate", "8MB/s")
        self.finish(running)
        said = self.said
        for phase in ("", "verifying  "):
            shares = self.shares(phase, said)
            self.assertGreater(len(shares), 1, said)
            self.assertEqual(shares, sorted(shares), said)
            self.assertLess(shares[0], 90, said)
        self.assertRegex(said, r"MB of [0-9.]+ MB  [0-9]+ keys  [0-9.]+ MB/s")
        self.assertNotIn("\r", said)
        self.assertRegex(said, rf"(?m)^{self.dump}: {KEYS} keys in 1 database -> .*\({KEYS} written\)$")

    def test_prescan(self):
        running = self.begin(self.dump, self.url, "--map-db", "0=0", "--on-collision", "overwrite", "--rename", "s/x/y/")
        self.finish(running)
        shares = self.shares("", self.said)
        self.assertEqual(shares, sorted(shares), self.said)
        shares = self.shares("scanning  ", self.said)
        self.assertEqual(shares, sorted(shares), self.said)

    def test_outage(self):
        """No time is left when nothing moves."""
        target = TcpServer(self.fresh())
        self.addCleanup(target.stop)
        running = self.begin(self.dump, url_of(target), "--rate", "1MB/s", "--retry-for", "1h")
        self.begun(running, lambda: " left" in running.said())
        target.stop()
        waiting = rf"(?m)^rdbferry: [0-9]+%  .* keys  waiting for {HOST}:{target.port}.*$"
        self.begun(running, lambda: re.search(waiting, running.said()))
        self.assertNotIn("left", re.search(waiting, running.said())[0])

    def test_complete(self):
        """Nothing to do is no warning."""
        job = [self.dump, self.url, "--checkpoint", self.path("job"), "--resume"]
        self.replay(*job)
        self.replay(*job)
        self.assertRegex(self.said, r"(?m)^[^ ]*/job: already complete, nothing to do$")
        self.assertNotIn("warning", self.said)

    def test_stdout_without_a_reader(self):
        """The data is written, the metrics know the exit status, and no message is needed."""
        metrics, report = self.path("metrics"), self.path("report")
        command = [PROGRAM, "replay", self.dump, self.url, "--verify", "--metrics-file", metrics, "--report", report]
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, timeout=300)
        os.close(write)
        self.assertEqual(done.returncode, -signal.SIGPIPE)
        self.assertNotIn(b"cannot write", done.stderr)
        with open(metrics, encoding="utf-8") as file:
            self.assertIn("rdbferry_replay_exit_status 141\n", file.read())
        with open(report, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["keys"]["written"], KEYS)
        self.assertEqual(self.call("DBSIZE"), KEYS)


@unittest.skipUnless(can_unshare(), "no namespaces")
class Container(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill)

    def stopped(self, numbers, *options, halted=False):
        """The finished process, after signals to process 1 of a namespace."""
        metrics = self.path("metrics")
        command = [*NAMESPACE, PROGRAM, "replay", self.dump, self.url, "--rate", "500KB/s", "--metrics-file", metrics]
        with subprocess.Popen([*command, *options], stderr=subprocess.PIPE) as process:
            wait_until(lambda: self.call("DBSIZE") > 100)
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="utf-8") as file:
                inner = int(file.read())
            with self.target.halted() if halted else contextlib.nullcontext():
                for number in numbers:
                    os.kill(inner, number)
                    time.sleep(0.5)
                said = process.communicate(timeout=60)[1].decode()
        with open(metrics, encoding="utf-8") as file:
            return process.returncode, said, file.read()

    def test_stops(self):
        checkpoint = self.path("job")
        code, said, metrics = self.stopped([signal.SIGTERM], "--checkpoint", checkpoint)
        self.assertEqual(code, 128 + signal.SIGTERM, said)
        self.assertIn("rdbferry_replay_exit_status 143\n", metrics)
        self.assertRegex(said, r"stopped by SIGTERM \([0-9]+ written\)\n(.*\n)*.*--resume")
        self.replay(self.dump, self.url, "--checkpoint", checkpoint, "--resume")
        self.assertEqual(self.call("DBSIZE"), KEYS)

    def test_stops_at_once(self):
        """By the second signal, when the target does not reply."""
        code, said, _ = self.stopped([signal.SIGINT, signal.SIGTERM], halted=True)
        self.assertEqual(code, 128 + signal.SIGTERM, said)
        self.assertRegex(said, r"(?m)^rdbferry: stopped by SIGTERM$")


if __name__ == "__main__":
    unittest.main()
