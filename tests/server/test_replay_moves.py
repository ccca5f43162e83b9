# SPDX-License-Identifier: MIT
"""`rdbferry replay` into a cluster that changes meanwhile: slots go from node to node, and replicas take over. In the
end each key is where it belongs, and none is there twice, or in part."""
import random
import time
import unittest

from lib.cluster_replaying import MOVING, RULES, InCluster, fill_users, meanwhile
from lib.failovers import MORE_THAN_SOCKETS_HOLD
from lib.live_targets import slot_of, wait_until
from lib.program import convert
from lib.replaying import BIG, TEMPORARY
from lib.soaking import scaled, soak

WAYS = ("auto", "fail"), ("commands", "skip"), ("auto", "skip"), ("commands", "fail")


class Changing(InCluster):
    def each_way(self, check, *ways):
        """Runs check(make, *way) with random numbers of its own each time."""
        for number, way in enumerate(ways):
            seed = self.seed + number
            with self.subTest(seed=seed, way=way):
                self.clear()
                check(random.Random(seed), *way)


class Slots(Changing):
    @scaled(test=1, soak=4)
    def test_resharded(self, count):
        """By redis-cli, all the time, in all directions."""

        def check(make, mode, policy):
            self.put_obstacles()
            running = self.begin_until(0.02, "--mode", mode, *self.on_exists(policy), "--rate", "700KB/s")
            with meanwhile(lambda: self.reshard_some(make)):
                running.wait()
            self.assertGreater(self.errors(b"MOVED"), 0)
            self.finish_with(policy, running, moved=True)

        self.each_way(check, *WAYS[:count])

    def reshard_some(self, make):
        self.reshard(*make.sample(self.primaries, 2), make.choice((20, 100, 400)))

    @soak
    def test_resharded_and_cut(self):
        """Connections are lost as well: a key that is there may have been written by this run, and moved since."""

        def check(make, mode, policy):
            self.put_obstacles()
            running = self.begin_until(0.02, "--mode", mode, *self.on_exists(policy), "--rate", "2MB/s")

            def disturb():
                make.choice(self.primaries).call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                self.reshard_some(make)

            with meanwhile(disturb):
                running.wait()
            self.finish_with(policy, running, moved=True)

        self.each_way(check, *WAYS[:2])

    @scaled(test=1, soak=2)
    def test_moved_bit_by_bit(self, count):
        """Slots that have keys, a few keys at a time, temporary ones among them."""

        def check(make, mode, policy):
            self.put_obstacles()
            running = self.begin_until(0.02, "--mode", mode, *self.on_exists(policy), "--rate", "600KB/s")
            with meanwhile(lambda: self.move_a_slot(make)):
                running.wait()
            self.assertGreater(self.errors(b"ASK"), 0)
            self.finish_with(policy, running, moved=True)

        self.each_way(check, *WAYS[:count])

    def move_a_slot(self, make):
        slot = make.choice([slot_of(MOVING), slot_of(b"user:%d" % make.randrange(100)), make.randrange(16384)])
        source = self.cluster.node_of(slot)
        target = make.choice([node for node in self.primaries if node is not source])
        self.cluster.begin_slot(slot, source, target)
        for _ in range(make.randrange(6)):
            time.sleep(make.uniform(0, 0.05))
            self.cluster.move_keys(slot, source, target, make.choice((1, 1, 5)))
        time.sleep(make.uniform(0, 0.2))
        self.cluster.end_slot(slot, source, target)
        self.cluster.settle()

    def ends_of_move(self, make):
        """The slot of many keys, the node that has it, and another one."""
        slot = slot_of(MOVING)
        source = self.cluster.node_of(slot)
        return slot, source, make.choice([node for node in self.primaries if node is not source])

    @scaled(test=1, soak=4)
    def test_a_slot_that_is_on_its_way_for_long(self, count):
        """Keys are made where it goes to: ASK. Those that are made beside wait until all of it is there."""

        def check(make, mode, policy, *big):
            self.put_obstacles()
            slot, source, target = ends_of_move = self.ends_of_move(make)
            self.cluster.begin_slot(*ends_of_move)
            try:
                self.cluster.move_keys(*ends_of_move, 1)
                running = self.begin_until(0, "--mode", mode, *self.on_exists(policy), *big)
                wait_until(lambda: source.count_errors(b"ASK") > 0)
                time.sleep(1)
                if mode == "commands":
                    self.assertTrue(running.running(), running.said())
                if big:
                    self.assertGreater(target.call("CLUSTER", "COUNTKEYSINSLOT", slot), 1)
            finally:
                self.cluster.end_slot(*ends_of_move)
            self.finish_with(policy, running, moved=True)

        ways = [(*way, *big) for way in WAYS[:2] for big in (["--big-key", "1M"], [])]
        self.each_way(check, *ways[:count])

    @scaled(test=1, soak=2)
    def test_a_move_that_begins_under_a_key(self, count):
        """Its temporary name is there, the other one is not: TRYAGAIN."""

        def fill(call):
            make = random.Random(1)
            for i in range(3):
                call("RPUSH", MOVING + b"%d" % i, *(make.randbytes(100) for _ in range(10_000)))

        def check(make, mode):
            _, source, _ = ends_of_move = self.ends_of_move(make)
            running = self.begin(dump, self.url, "--big-key", BIG, "--mode", mode, "--rate", "1MB/s")
            self.begun(running, lambda: source.call("KEYS", TEMPORARY))
            self.cluster.begin_slot(*ends_of_move)
            try:
                wait_until(lambda: source.count_errors(b"TRYAGAIN") > 0)
            finally:
                self.cluster.end_slot(*ends_of_move)
            self.finish(running)
            self.assert_complete(facts)

        dump = self.dump_of(fill)
        facts = self.oracle.facts(dump)
        self.each_way(check, *(("commands",), ("auto",))[:count])


class Failover(Changing):
    """The first node has a replica."""

    @classmethod
    def settings(cls):
        return {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.add_replica(cls.class_folder(), 0)

    def pair(self):
        """The one that is the primary now, and the other one."""
        pair = self.cluster.nodes[0], self.cluster.nodes[3]
        return pair if pair[0].call("ROLE")[0] == b"master" else pair[::-1]

    def wait_for(self, node):
        wait_until(lambda: node.call("ROLE")[0] == b"master")

    @scaled(test=1, soak=3)
    def test_killed(self, count):
        def check(make, mode, policy):
            self.put_obstacles()
            primary, replica = self.pair()
            share, rate = make.uniform(0.02, 0.7), make.choice(("2MB/s", "8MB/s"))
            running = self.begin_until(share, "--mode", mode, *self.on_exists(policy), "--rate", rate)
            ports = self.cluster.kill(primary)
            self.wait_for(replica)
            running.wait()
            self.cluster.start_again(primary, ports)
            self.finish_with(policy, running)

        self.each_way(check, *WAYS[:count])

    @soak
    def test_killed_while_the_replica_halts(self):
        """What was answered for is with nobody else: it cannot even be on its way."""

        def fill(call):
            fill_users(call)
            call("FUNCTION", "FLUSH")

        def check(_, mode, policy, dump):
            self.put_obstacles()
            primary, replica = self.pair()
            there = primary.call("DBSIZE")
            key = self.key_of(primary)
            with replica.halted():
                primary.call.pipeline([("SET", key, MORE_THAN_SOCKETS_HOLD), ("UNLINK", key)])
                running = self.begin(dump, *RULES, self.url, "--big-key", BIG, "--mode", mode, *self.on_exists(policy))
                self.begun(running, lambda: primary.call("DBSIZE") > there or primary.call("FUNCTION", "LIST"))
                time.sleep(3)  # more than one WAIT
                self.assertTrue(running.running(), running.said())
                ports = self.cluster.kill(primary)
            self.wait_for(replica)
            running.wait()
            self.cluster.start_again(primary, ports)
            self.finish_with(policy, running, expected=self.with_obstacles if dump == self.dump else facts)

        keys, flat = self.dump_of(fill), self.path("flat.rdb")
        convert(keys, "-o", flat, *RULES, "-q")
        facts = self.oracle.facts(flat, self.obstacles)
        self.each_way(check, ("auto", "fail", keys), ("commands", "skip", keys), ("auto", "skip", self.dump))

    def key_of(self, node):
        """A key of one of its slots."""
        keys = (f"filler:{i}" for i in range(1000))
        return next(key for key in keys if self.cluster.node_of(slot_of(key.encode())) is node)

    @soak
    def test_halted(self):
        """It answers again when no longer a primary."""

        def check(make, mode, policy):
            self.put_obstacles()
            primary, replica = self.pair()
            options = ["--mode", mode, *self.on_exists(policy), "--rate", "2MB/s"]
            running = self.begin_until(make.uniform(0.02, 0.7), *options)
            with primary.halted():
                self.wait_for(replica)
            self.finish_with(policy, running)

        self.each_way(check, *WAYS[:2])

    @scaled(test=1, soak=3)
    def test_planned(self, count):
        """With and without the primary's consent."""

        def check(make, mode, policy, how):
            self.put_obstacles()
            _, replica = self.pair()
            options = ["--mode", mode, *self.on_exists(policy), "--rate", "2MB/s"]
            running = self.begin_until(make.uniform(0.02, 0.7), *options)
            replica.call("CLUSTER", "FAILOVER", *how)
            self.wait_for(replica)
            self.finish_with(policy, running)

        ways = ("auto", "fail", []), ("commands", "skip", ["FORCE"]), ("auto", "skip", ["TAKEOVER"])
        self.each_way(check, *ways[:count])

    def test_the_replica_dies(self):
        _, replica = self.pair()
        running = self.begin_until(0.2, "--rate", "2MB/s")
        ports = self.cluster.kill(replica)
        self.finish(running)
        self.cluster.start_again(replica, ports)
        self.assert_complete()


if __name__ == "__main__":
    unittest.main()
