# SPDX-License-Identifier: MIT
"""What the tests of `replay --follow` have in common: a source that is written to all the while, and targets."""
import contextlib
import os
import random
import signal
import threading

from lib.live_targets import TcpServer
from lib.observe import differences, observe, propagated
from lib.replaying import Replaying, empty, url_of
from lib.resp import Client
from lib.workload import Workload


class Writer:
    """Writes to a server until it is stopped: every command that writes, and what must not be written twice."""

    def __init__(self, server, seed, pause=0.01, **workload):
        self._path, self._pause = os.path.join(server.folder, "socket"), pause
        self._make, self._stop, self._error = random.Random(seed), threading.Event(), None
        self._workload = Workload(self._make, **workload)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            with contextlib.closing(Client(self._path)) as call:
                while not self._stop.is_set():
                    self._workload.run(call, 1)
                    self._grow(call)
                    self._stop.wait(self._make.uniform(0, 2 * self._pause))
        except Exception as error:  # shown by stop()
            self._error = error

    def _grow(self, call):
        name = self._make.randrange(9)
        call.pipeline([("SELECT", name % 3), ("INCR", f"counter{name}"), ("RPUSH", f"list{name}", name),
                       ("APPEND", f"string{name}", f"x{name}")])  # fmt: skip

    def stop(self):
        self._stop.set()
        self._thread.join()
        if self._error:
            raise self._error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class FollowReplaying(Replaying):
    """Has a source and a target, both empty when a test begins."""

    source_settings = {"repl_diskless_sync_delay": 0, "repl_backlog_size": "16mb"}
    target_settings = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.live = cls.started(TcpServer(cls.class_folder(), **cls.source_settings))
        cls.begin_target()

    @classmethod
    def begin_target(cls):
        cls.target = cls.started(TcpServer(cls.class_folder(), **cls.target_settings))

    def setUp(self):
        super().setUp()
        for server in (self.live, self.target):
            empty(server.call)

    def target_url(self):
        return url_of(self.target)

    def job(self, *options, source=None):
        return [source or url_of(self.live), self.target_url(), "--follow", *options]

    def written(self, running, name="mark"):
        """Waits until a key that is written to the source now is in the target."""
        self.live.call.pipeline([("SELECT", 0), ("SET", name, 1)])
        self.target.call("SELECT", 0)
        self.begun(running, lambda: self.target.call("EXISTS", name))

    def stop(self, running):
        """Where the link has never been lost: it is in step from then on."""
        self.begun(running, lambda: "in step" in running.said())
        running.kill(signal.SIGTERM)
        self.finish(running)

    def lasting(self, *options, **named):
        """A job that can be stopped at any time."""
        return self.job("--checkpoint", os.path.join(self.fresh(), "checkpoint"), "--resume", *options, **named)

    def complete(self, running, job):
        """A run of such a job is stopped, and another one ends it."""
        running.kill(signal.SIGTERM)
        running.wait()
        self.finish(self.begin(*job, "--exit-when-in-step", "1ms"))

    def assert_equal_data(self):
        """Values and expiries; no temporary key is left."""
        self.assertEqual(differences(propagated(observe(self.live.call)), propagated(observe(self.target.call))), [])
