# SPDX-License-Identifier: MIT
"""`rdbferry replay --follow` where servers fail in mid-follow: a target of which another server takes over, and a source
that is started again. Counters, lists and strings that grow show what was written twice, or lost."""
import contextlib
import random
import signal
import time

from lib.failovers import Watched, received
from lib.follow_replaying import FollowReplaying, Writer
from lib.kinds import needs_version
from lib.live_targets import TcpServer, free_port, wait_until
from lib.replaying import UNAVAILABLE, empty
from lib.soaking import scaled, soak
from lib.splitting import printed_seed

INPUT = 3


def setUpModule():
    global SEED
    SEED = printed_seed()


@needs_version(redis=(7, 0))
class IntoWatched(FollowReplaying):
    """A primary with two replicas, and Sentinels."""

    @classmethod
    def begin_target(cls):
        cls.watched = cls.started(Watched(cls.class_folder()))

    def target_url(self):
        return self.watched.url

    def setUp(self):
        self.watched.settle()
        self.target = self.watched.primary()
        super().setUp()

    @contextlib.contextmanager
    def followed(self, seed):
        """The source is written to, and followed, before and after what happens to the target."""
        before, make = self.target, random.Random(seed)
        job = self.lasting()
        running = self.begin(*job)
        with Writer(self.live, seed):
            self.begun(running, lambda: "in step" in running.said())
            time.sleep(make.uniform(0, 1))
            yield
            wait_until(lambda: self.watched.primary() is not before)
            self.target = self.watched.primary()
            time.sleep(make.uniform(0, 2))
        self.written(running)
        self.complete(running, job)
        self.assertEqual(running.said().count("snapshot written"), 1)
        self.watched.settle()
        self.assertIsNot(self.target, before)
        self.assert_equal_data()

    @scaled(test=1, soak=5)
    def test_killed(self, count):
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                with self.followed(seed):
                    self.target.kill()

    @scaled(test=1, soak=5)
    def test_planned(self, count):
        """The old primary goes on to answer for some seconds, and loses what it gets."""
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                with self.followed(seed):
                    self.watched.sentinels[0].call("SENTINEL", "FAILOVER", "main")

    @soak
    def test_killed_while_replicas_halt(self):
        """What it has answered for nobody else has: all of that is written again."""
        with self.followed(SEED):
            with self.watched.only_primary():
                already = received(self.target)
                wait_until(lambda: received(self.target) > already + 50_000)
                self.target.kill()


@needs_version(redis=(7, 0))
class FromOneThatRestarts(FollowReplaying):
    def start(self, **more):
        self.settings = {**self.source_settings, "port": free_port(), **more}
        self.live = TcpServer(self.fresh(), **self.settings)
        self.addCleanup(self.live.stop)

    def start_again(self):
        self.live.__init__(self.live.folder, **self.settings)

    def shut_down(self):
        """It is not kept from it, as it is by a replica that does not acknowledge what it has received."""
        with self.assertRaises(ConnectionError):
            self.live.call("SHUTDOWN", "SAVE")
        self.live.stop()
        self.assertIn(b"1 of 1 replicas are in sync when shutting down", self.live.log())

    @scaled(test=1, soak=2)
    def test_killed(self, count):
        """With a new stream, which another snapshot begins: nothing of it is written over what the target has. A server
        that has lost writes is in an older state than the target."""
        for settings in ({}, {"appendonly": "yes", "appendfsync": "always"})[:count]:
            with self.subTest(settings):
                self.setUp()
                self.start(**settings)
                job = self.lasting()
                running = self.begin(*job)
                with Writer(self.live, SEED):
                    self.begun(running, lambda: "in step" in running.said())
                    time.sleep(0.3)
                self.live.call("SAVE")
                self.live.call.pipeline([("SELECT", 0), *[("INCR", "counter")] * 10])
                self.written(running)
                before = self.target.call("DEBUG", "DIGEST")
                self.live.stop(signal.SIGKILL)
                self.start_again()
                self.live.call.pipeline([("INCR", "counter"), ("SET", "filler", bytes(100_000))])
                self.finish(running, INPUT)
                self.assertIn("a new snapshot is needed", self.said)
                self.finish(self.begin(*job), INPUT)
                self.assertEqual(self.target.call("DEBUG", "DIGEST"), before)
                empty(self.target.call)
                self.finish(self.begin(*self.job("--exit-when-in-step", "1ms")))
                self.assert_equal_data()

    def test_shut_down(self):
        """It knows its stream when it comes back, in time or for another run; no snapshot is made."""
        self.start()
        job = self.lasting()
        running = self.begin(*job)
        with Writer(self.live, SEED):
            self.begun(running, lambda: "in step" in running.said())
            time.sleep(0.3)
        self.shut_down()
        self.start_again()
        with Writer(self.live, SEED + 1):
            time.sleep(0.3)
        self.written(running)
        running.kill(signal.SIGTERM)
        running.wait()
        running = self.begin(*job, "--source-retry-for", "2s")
        self.written(running, "resumed")
        self.shut_down()
        self.finish(running, UNAVAILABLE)
        self.assertIn("gave up after 2 s", self.said)
        self.start_again()
        self.live.call.pipeline([("INCR", "counter"), ("RPUSH", "list", 1)])
        self.finish(self.begin(*job, "--exit-when-in-step", "1ms"))
        self.assertIn(b"sync_full:0\r", self.live.call("INFO", "stats"))
        self.assert_equal_data()
