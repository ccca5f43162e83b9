# SPDX-License-Identifier: MIT
"""`rdbferry replay --follow` where servers fail in mid-follow: a target of which another server takes over, and a source
that is started again. Counters, lists and strings that grow show what was written twice, or lost."""
import contextlib
import os
import random
import signal
import time

from lib.cluster_replaying import RULES, WithCluster, on_time
from lib.failovers import MORE_THAN_SOCKETS_HOLD, Watched, received
from lib.follow_replaying import FollowReplaying, Writer
from lib.kinds import needs_version
from lib.live_targets import TcpServer, free_port, slot_of, wait_until
from lib.observe import differences, propagated
from lib.replaying import TARGET, UNAVAILABLE, empty, url_of
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


@needs_version(redis=(7, 0))
class IntoOneThatRestarts(FollowReplaying):
    @classmethod
    def begin_target(cls):
        cls.target = cls.started(TcpServer(cls.class_folder(), port=free_port()))

    def test_writes_that_are_lost(self):
        """It is in an older state, which is noticed before anything is written to it, and when the run is to be complete."""
        for way, options in ("written", ()), ("completed", ("--exit-when-in-step", "5s")):
            with self.subTest(way):
                self.setUp()
                job = self.lasting(*options)
                running = self.begin(*job)
                self.written(running, "kept")
                self.target.call("SAVE")
                self.written(running, "lost")
                self.begun(running, lambda: "in step" in running.said())
                self.target.stop(signal.SIGKILL)
                self.target.__init__(self.target.folder, port=self.target.port)
                if way == "written":
                    self.live.call("SET", "more", 1)
                self.finish(running, TARGET)
                self.assertNotIn("--resume", self.said)
                self.finish(self.begin(*job), TARGET)
                self.assertIn("the target has lost writes that it had acknowledged", self.said)
                self.assertEqual(self.target.call.pipeline([("EXISTS", "kept"), ("EXISTS", "more")]), [1, 0])


@needs_version(redis=(7, 0))
class IntoChangingCluster(WithCluster):
    """The databases of a server, flattened, with hash tags; one of the nodes has a replica."""

    @classmethod
    def settings(cls):
        return {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.add_replica(cls.class_folder(), 0)
        cls.live = cls.started(TcpServer(cls.class_folder(), **FollowReplaying.source_settings))

    def setUp(self):
        super().setUp()
        empty(self.live.call)

    def lasting(self):
        checkpoint = os.path.join(self.fresh(), "checkpoint")
        return [url_of(self.live), *RULES, self.cluster.url, "--follow", "--checkpoint", checkpoint, "--resume"]

    @contextlib.contextmanager
    def followed(self, seed):
        """The source is written to, and followed, before and after what happens to the target."""
        make, job = random.Random(seed), self.lasting()
        running = self.begin(*job)
        families = [f"user:{i}:" for i in range(9)]
        with Writer(self.live, seed, families=families, flushes=False, swaps=False):
            self.begun(running, lambda: "in step" in running.said())
            time.sleep(make.uniform(0, 1))
            yield make
            time.sleep(make.uniform(0, 1))
        self.cluster.settle()
        running.kill(signal.SIGTERM)
        running.wait()
        self.finish(self.begin(*job, "--exit-when-in-step", "300ms"))
        self.assertEqual(running.said().count("snapshot written"), 1)

    def assert_equal_data(self):
        flat = self.path("flat.rdb")
        self.live.call("SAVE")
        self.ferry("convert", os.path.join(self.live.folder, "dump.rdb"), "-o", flat, *RULES, "-q")
        expected, found = self.oracle.facts(flat), self.observed()
        self.assertEqual(differences(propagated(expected), propagated(on_time(found, expected))), [])

    def pair(self):
        """The one that is the primary now, and the other one."""
        pair = self.cluster.nodes[0], self.cluster.nodes[3]
        return pair if pair[0].call("ROLE")[0] == b"master" else pair[::-1]

    def keys_of(self, node):
        return [f"k{i}" for i in range(99) if self.cluster.node_of(slot_of(b"k%d" % i)) is node]

    @contextlib.contextmanager
    def halted(self, replica, primary):
        """It gets nothing of what is written to the primary from now on."""
        key = self.keys_of(primary)[0]
        with replica.halted():
            primary.call.pipeline([("SET", key, MORE_THAN_SOCKETS_HOLD), ("UNLINK", key)])
            yield

    @scaled(test=1, soak=5)
    def test_killed(self, count):
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                primary, replica = self.pair()
                with self.followed(seed):
                    ports = self.cluster.kill(primary)
                    wait_until(lambda: replica.call("ROLE")[0] == b"master")
                    time.sleep(0.5)
                    self.cluster.start_again(primary, ports)
                self.assert_equal_data()

    @soak
    def test_killed_while_the_replica_halts(self):
        primary, replica = self.pair()
        with self.followed(SEED):
            with self.halted(replica, primary):
                time.sleep(2)
                ports = self.cluster.kill(primary)
            wait_until(lambda: replica.call("ROLE")[0] == b"master")
            self.cluster.start_again(primary, ports)
        self.assert_equal_data()

    @soak
    def test_writes_that_are_lost(self):
        """The replica halts for so long that it is not waited for any more. That slots have lost what was written to them is
        noticed when it takes over, also if nothing more is written to these."""
        primary, replica = self.pair()
        lost, more = self.keys_of(primary)[:2]
        running = self.begin(*self.lasting())
        self.begun(running, lambda: "in step" in running.said())
        with self.halted(replica, primary):
            self.live.call("INCR", lost)
            wait_until(lambda: primary.call("GET", lost) == b"1")
            self.begun(running, lambda: "no replica acknowledges writes" in running.said())
            ports = self.cluster.kill(primary)
        wait_until(lambda: replica.call("ROLE")[0] == b"master")
        self.live.call("INCR", more)
        self.finish(running, TARGET)
        self.assertIn("the target has lost writes that it had acknowledged", self.said)
        self.cluster.start_again(primary, ports)

    @scaled(test=1, soak=5)
    def test_resharded(self, count):
        """Slots that are written to, and all others, in all directions."""
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                with self.followed(seed) as make:
                    self.reshard(*make.sample(self.primaries, 2), 100)
                    for _ in range(4):
                        self.move_a_slot(make)
                self.assert_equal_data()

    def move_a_slot(self, make):
        """A few keys at a time, with pauses; the position key is one of them."""
        slot = slot_of(b"user:%d" % make.randrange(9))
        giver = self.cluster.node_of(slot)
        taker = make.choice([node for node in self.primaries if node is not giver])
        self.cluster.begin_slot(slot, giver, taker)
        for _ in range(make.randrange(6)):
            time.sleep(make.uniform(0, 0.05))
            self.cluster.move_keys(slot, giver, taker, make.choice((1, 1, 5)))
        self.cluster.end_slot(slot, giver, taker)
        self.cluster.settle()
