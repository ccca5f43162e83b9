# SPDX-License-Identifier: MIT
"""`rdbferry replay --follow` into a target of which another server takes over, or that gives its slots away, while the
source is written to all the while. Counters, lists and strings that grow show what was written twice, or lost."""
import contextlib
import random
import time

from lib.failovers import Watched, received
from lib.follow_replaying import FollowReplaying, Writer
from lib.kinds import needs_version
from lib.live_targets import wait_until
from lib.soaking import scaled, soak
from lib.splitting import printed_seed


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
