# SPDX-License-Identifier: MIT
"""One signal ends a live run, whatever it waits for, and leaves nothing."""
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

from lib.follow_replaying import FollowReplaying
from lib.kinds import needs_version
from lib.live_targets import HOST, wait_until
from lib.program import PROGRAM
from lib.replaying import empty, url_of
from lib.resp import encode

SOON = 30  # seconds; what is waited for takes longer


class Silent:
    """A server that accepts connections, and never answers."""

    def __init__(self):
        self._listener = socket.create_server((HOST, 0))
        self.url = f"redis://{HOST}:{self._listener.getsockname()[1]}"
        self._accepted = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self._accepted.append(self._listener.accept()[0])

    def has_clients(self):
        return len(self._accepted) > 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._accepted:
            client.close()


class Ends(FollowReplaying):
    def soon(self, running, number=signal.SIGTERM):
        """Sends the signal, and returns the exit code."""
        began = time.monotonic()
        running.kill(number)
        code = running.wait()
        self.said = running.said()
        self.assertLess(time.monotonic() - began, SOON, self.said)
        return code

    def end(self, running, number=signal.SIGTERM):
        self.assertEqual(self.soon(running, number), -number, self.said)


@needs_version(redis=(7, 0))
class Preparing(Ends):
    """A source that is long in preparing its snapshot."""

    source_settings = {"repl_diskless_sync_delay": 60}

    def setUp(self):
        super().setUp()
        self.live.call("SET", "a", 1)

    def is_preparing(self):
        return b"state=wait_bgsave" in self.live.call("INFO", "replication")

    def assert_nothing_is_left(self):
        wait_until(lambda: not self.is_preparing())
        self.assertEqual(self.target.call("KEYS", "*"), [])

    def test_replay(self):
        checkpoint = os.path.join(self.fresh(), "checkpoint")
        jobs = {
            "snapshot": [url_of(self.live), url_of(self.target)],
            "follow": self.job(),
            "resumable": self.job("--checkpoint", checkpoint, "--resume"),
            "cut-over": self.job("--cutover", "30s"),
        }
        for (name, job), number in zip(jobs.items(), (signal.SIGTERM, signal.SIGINT) * 2):
            with self.subTest(name):
                running = self.begin(*job)
                self.begun(running, self.is_preparing)
                self.end(running, number)
                self.assertIn(f"stopped by {number.name}", self.said)
                self.assert_nothing_is_left()

    def test_other_commands(self):
        out = os.path.join(self.fresh(), "out.rdb")
        for arguments in (["convert", "-o", out], ["inspect"], ["verify"]):
            with self.subTest(arguments[0]):
                command = [PROGRAM, *arguments, url_of(self.live)]
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.addCleanup(process.kill)
                wait_until(self.is_preparing)
                process.terminate()
                self.assertEqual(process.wait(timeout=SOON), -signal.SIGTERM)
                self.assert_nothing_is_left()
                self.assertEqual(os.listdir(os.path.dirname(out)), [])


@needs_version(redis=(7, 0))
class Waiting(Ends):
    def test_target_that_does_not_answer(self):
        self.live.call("SET", "a", 1)
        self.live.call("SAVE")
        for source in (os.path.join(self.live.folder, "dump.rdb"), url_of(self.live)):
            with self.subTest(source), Silent() as silent:
                running = self.begin(source, silent.url)
                self.begun(running, silent.has_clients)
                self.end(running)

    def test_sentinel_that_does_not_answer(self):
        with Silent() as silent:
            running = self.begin(self.dump_of(lambda call: call("SET", "a", 1)),
                                 silent.url.replace("redis://", "redis+sentinel://") + "/main")  # fmt: skip
            self.begun(running, silent.has_clients)
            self.end(running)

    def test_scan(self):
        """Also one that is slow because it is to be."""
        self.live.call.pipeline([("SET", f"k{i}", "x" * 1000) for i in range(100)])
        running = self.begin(url_of(self.live), url_of(self.target), "--scan", "--scan-rate", "1K/s", "--scan-count", "1")
        self.begun(running, lambda: self.live.count_calls(b"dump") > 0)
        self.end(running)
        self.assertEqual(self.target.call("DBSIZE"), 0)

    def test_source_that_is_lost(self):
        """It does not answer when the link is made anew."""
        running = self.begin(*self.job())
        self.written(running)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.path.join(self.live.folder, "socket"))
            client.sendall(b"".join(map(encode, (("CLIENT", "KILL", "TYPE", "replica"), ("DEBUG", "SLEEP", 1)))))
            time.sleep(0.5)
            with self.live.halted():
                self.soon(running)

    def test_cutover(self):
        """Whose source does not answer any more, before or while its writes are paused."""
        self.addCleanup(self.live.call, "CLIENT", "UNPAUSE")
        for when in ("in step", "are paused for"):
            with self.subTest(when):
                empty(self.target.call)
                running = self.begin(*self.job("--cutover", "60s", "--cutover-command", "sleep 60"))
                self.begun(running, lambda: when in running.said())
                with self.live.halted():
                    time.sleep(1.5)  # it is asked within a second
                    self.soon(running)
                self.live.call("SET", "a", 1)  # the pause has ended
