# SPDX-License-Identifier: MIT
"""`rdbferry replay --follow` of a cluster: the streams of its primaries, into a cluster with other slots and into one
server."""
import contextlib
import json
import os
import random
import signal
import threading
import time

from lib.cluster_replaying import WithCluster
from lib.clusters import RunningCluster
from lib.follow_replaying import Writer
from lib.kinds import needs_version
from lib.live_targets import TcpServer, slot_of, wait_until
from lib.replaying import TARGET, url_of
from lib.resp import Client, encode
from lib.soaking import scaled, soak
from lib.splitting import printed_seed

RANGES = [(0, 999), (1000, 12_000), (12_001, 16_383)]  # of the target
INPUT = 3


def setUpModule():
    global SEED
    SEED = printed_seed()


class NodeWriter(Writer):
    """Writes to keys of a node's slots."""

    def __init__(self, node, seed, slots):
        self._tags = [f"{{{tag}}}" for tag in range(3000) if slot_of(b"%d" % tag) in slots][:7]
        super().__init__(node, seed, families=self._tags, groups=((0,),), moves=False, flushes=False, swaps=False)

    def _grow(self, call):
        tag = self._make.choice(self._tags)
        call.pipeline([("INCR", f"{tag}counter"), ("RPUSH", f"{tag}list", 1), ("APPEND", f"{tag}string", "x")])


class Writers:
    """One for each primary."""

    def __init__(self, cluster, seed):
        owners = cluster.owners(cluster.nodes[0])
        nodes = cluster.primaries().items()
        slots = {name: {slot for slot, owner in enumerate(owners) if owner == name} for name, _ in nodes}
        self._writers = [NodeWriter(node, seed + i, slots[name]) for i, (name, node) in enumerate(nodes)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for writer in self._writers:
            writer.stop()


class Application(threading.Thread):
    """Writes numbers to all primaries until the writes are paused: those it has been told to be written."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        owners, self.written = cluster.owners(cluster.nodes[0]), []
        self._nodes = cluster.primaries()
        self._owners = [owners[slot_of(b"n%d" % number)] for number in range(50_000)]
        self.start()

    def run(self):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            calls = {name: Client(os.path.join(node.folder, "socket"), 0.7) for name, node in self._nodes.items()}
            for call in calls.values():
                stack.callback(call.close)
            for number, owner in enumerate(self._owners):
                calls[owner]("SET", f"n{number}", number)
                self.written.append(number)


def facts_of(servers):
    """The digest and the expiry of each key."""
    found = {}
    for server in servers:
        call = server.call
        keys = [key for key in call("KEYS", "*") if not key.startswith(b"rdbferry:")]
        digests = call.pipeline([("DEBUG", "DIGEST-VALUE", key) for key in keys])
        expiries = call.pipeline([("PEXPIRETIME", key) for key in keys])
        found |= {key: fact for key, *fact in zip(keys, digests, expiries)}
    return found


@needs_version(redis=(7, 0))
class FromCluster(WithCluster):
    @classmethod
    def settings(cls):
        return {**super().settings(), "repl_diskless_sync_delay": 0, "repl_backlog_size": "16mb"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target = cls.started(RunningCluster(cls.class_folder(), RANGES))
        cls.target_url = f"redis+cluster://127.0.0.1:{cls.target.nodes[0].port}"

    def clear(self):
        super().clear()
        for node in self.target.nodes:
            node.call.pipeline([("FLUSHALL",), ("FUNCTION", "FLUSH")])

    def job(self, *options, target=None):
        return [self.url, target or self.target_url, "--follow", *options]

    def lasting(self, *options, **named):
        return self.job("--checkpoint", os.path.join(self.fresh(), "checkpoint"), "--resume", *options, **named)

    def in_step(self, running):
        self.begun(running, lambda: "in step" in running.said())

    def complete(self, running, job):
        running.kill(signal.SIGTERM)
        running.wait()
        self.finish(self.begin(*job, "--exit-when-in-step", "1ms"))

    def assert_equal_data(self, servers=None):
        self.assertEqual(facts_of(servers or self.target.nodes), facts_of(self.cluster.primaries().values()))

    def begin_with(self, count, *options, job=None):
        """A job that is in step, with keys in all nodes."""
        for name, node in self.cluster.primaries().items():
            owners = self.cluster.owners(node)
            keys = [f"k{i}" for i in range(3 * count) if owners[slot_of(b"k%d" % i)] == name]
            node.call.pipeline([("SET", key, key) for key in keys])
        running = self.begin(*(job or self.job(*options)))
        self.in_step(running)
        return running

    def add_replica(self, primary):
        self.cluster.add_replica(self.class_folder(), self.cluster.nodes.index(primary))
        self.cluster.settle()
        return self.cluster.nodes[-1]

    @scaled(test=1, soak=30)
    def test_kills(self, count):
        """Of rdbferry, and of the links."""
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                make, job = random.Random(seed), self.lasting()
                running = self.begin(*job)
                with Writers(self.cluster, seed):
                    self.begun(running, lambda: "snapshot written" in running.said())
                    for _ in range(4):
                        for node in make.sample(self.primaries, 2):
                            time.sleep(make.uniform(0, 0.3))
                            node.call("CLIENT", "KILL", "TYPE", "replica")
                        time.sleep(make.uniform(0, 0.3))
                        running.kill(make.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)))
                        running.wait()
                        running = self.begin(*job)
                self.complete(running, job)
                self.assert_equal_data()
                self.assertGreater(len(facts_of(self.target.nodes)), 100)

    def test_into_one_server(self):
        with TcpServer(self.fresh()) as target:
            job = self.lasting(target=url_of(target))
            running = self.begin(*job)
            with Writers(self.cluster, SEED):
                self.in_step(running)
                running.kill()
                running.wait()
                time.sleep(0.3)
                running = self.begin(*job)
                time.sleep(0.5)
            self.complete(running, job)
            self.assert_equal_data([target])

    def test_unsplittable(self):
        """Commands of keys of several slots: nothing of one is applied; when they are left out, the keys are named, and
        what else is in their transaction is there."""
        with TcpServer(self.fresh(), repl_diskless_sync_delay=0) as source:
            source.call.pipeline([("SET", "a", 1), ("SET", "b", 2), ("SET", "c", 1)])
            checkpoint, report = os.path.join(self.fresh(), "checkpoint"), self.path("report")
            job = [url_of(source), self.target_url, "--follow", "--checkpoint", checkpoint, "--resume"]
            running = self.begin(*job)
            self.in_step(running)
            source.call.pipeline([("MULTI",), ("SET", "d", 1), ("RENAME", "b", "a"), ("INCR", "c"), ("EXEC",)])
            self.finish(running, TARGET)
            self.assertRegex(self.said, "RENAME: its keys are in slots [0-9]+ and [0-9]+")
            self.assertIn(b"b", facts_of(self.target.nodes))
            self.finish(self.begin(*job, "--on-unsplittable", "skip-and-report", "--cutover", "20s", "--report", report), TARGET)
            self.assertRegex(self.said, "offset 0x[0-9a-f]+: RENAME: left out, of keys 'b', 'a': its keys are in slots")
            self.assertRegex(self.said, "complete at offset [0-9]+, but 1 command or key was not written, and 2 differ: switch now")
            expected, found = facts_of([source]), facts_of(self.target.nodes)
            self.assertEqual({key for key in expected | found if expected.get(key) != found.get(key)}, {b"a", b"b"})
            with open(report) as file:
                ended = json.load(file)
            self.assertEqual([failure["kind"] for failure in ended["failures"]["examples"]], ["unsplittable"])
            self.assertTrue(ended["follow"]["cutover"]["complete"])
            self.assertEqual(ended["verify"]["unexplained"], 0)

    def test_unsplittable_in_a_log(self):
        log = self.path("some.aof")
        with open(log, "wb") as file:
            file.write(b"".join(encode(line.split()) for line in ("SET b 2", "RENAME b a", "COPY b a", "INCR b")))
        self.finish(self.begin(log, self.target_url), TARGET)
        self.assertEqual(facts_of(self.target.nodes), {})
        self.finish(self.begin(log, self.target_url, "--on-unsplittable", "skip-and-report"), TARGET)
        self.assertIn("2 not written", self.said)
        self.assertEqual([node.call("GET", "b") for node in self.target.nodes if node.call("DBSIZE")], [b"3"])

    def test_cut_over(self):
        """No write is lost, on any of the primaries; nothing is written to them afterwards."""
        application = Application(self.cluster)
        self.finish(self.begin(*self.job("--cutover", "20s")))
        self.addCleanup(lambda: [node.call("CLIENT", "UNPAUSE") for node in self.primaries])
        self.assertRegex(self.said, "complete at offsets [0-9]+, [0-9]+, [0-9]+: switch now; writes at 3 servers")
        self.assertRegex(self.said, "[0-9]+ keys compared (before|during) the pause")
        application.join()
        found = facts_of(self.target.nodes)
        self.assertEqual([number for number in application.written if b"n%d" % number not in found], [])
        self.assertGreater(len(application.written), 300)

    @soak
    def test_cut_over_that_fails(self):
        """The writes go on at all of the primaries."""
        self.finish(self.begin(*self.job("--cutover", "30s", "--cutover-command", "false")), TARGET)
        for node in self.primaries:
            self.assertEqual(node.call("CLIENT", "LIST").count(b"flags=b"), 0)
            self.assertEqual(node.call("SET", self.key_of(node), 1), b"OK")

    def key_of(self, node):
        return next(f"k{i}" for i in range(99) if self.cluster.node_of(slot_of(b"k%d" % i)) is node)

    def begin_with_replica(self, *options):
        """A primary that is followed, a replica that has what it has, and what can be written to either."""
        primary = self.primaries[0]
        replica, increments = self.add_replica(primary), [("INCR", self.key_of(primary))] * 100
        job = self.lasting(*options)
        running = self.begin(*job)
        primary.call.pipeline(increments)
        self.in_step(running)
        self.assertEqual(primary.call("WAIT", 2, 60_000), 2)  # the replica, and we
        return primary, replica, increments, job, running

    @soak
    def test_failover(self):
        """The stream goes on at the replica."""
        primary, replica, increments, job, running = self.begin_with_replica()
        ports = self.cluster.kill(primary)
        wait_until(lambda: replica.call("ROLE")[0] == b"master")
        wait_until(lambda: b"cluster_state:ok" in replica.call("CLUSTER", "INFO"))
        replica.call.pipeline(increments)
        self.cluster.start_again(primary, ports)
        self.cluster.settle()
        self.begun(running, lambda: facts_of(self.target.nodes) == facts_of([replica]))
        self.assertEqual(running.said().count("snapshot written"), 1)
        self.complete(running, job)

    def test_failover_and_cut_over(self):
        """In one run, which is not in step before: the comparison reads the server that has taken over."""
        primary = self.primaries[0]
        replica, increments = self.add_replica(primary), [("INCR", self.key_of(primary))] * 100
        running = self.begin(*self.job("--cutover", "30s"))
        self.begun(running, lambda: "snapshot written" in running.said())
        with self.target.nodes[0].halted(), self.target.nodes[1].halted(), self.target.nodes[2].halted():
            primary.call.pipeline(increments)
            self.assertEqual(primary.call("WAIT", 2, 60_000), 2)  # the replica, and we
            ports = self.cluster.kill(primary)
            wait_until(lambda: replica.call("ROLE")[0] == b"master")
            wait_until(lambda: b"cluster_state:ok" in replica.call("CLUSTER", "INFO"))
        self.finish(running)
        self.assertIn("switch now", self.said)
        self.assertEqual(running.said().count("snapshot written"), 1)
        self.assertEqual(facts_of(self.target.nodes), facts_of([replica]))
        for node in (replica, *self.primaries[1:]):
            node.call("CLIENT", "UNPAUSE")
        self.cluster.start_again(primary, ports)

    def test_halted_primary(self):
        """It does not close the link; that another one has taken over is known from the other nodes only. Those that
        are only idle say something every 10 seconds."""
        self.halt_primary("--source-timeout", "12s")

    @soak
    def test_halted_primary_without_a_timeout(self):
        """That is a minute."""
        self.halt_primary()

    def halt_primary(self, *options):
        primary, replica, increments, job, running = self.begin_with_replica(*options)
        with primary.halted():
            wait_until(lambda: replica.call("ROLE")[0] == b"master")
            wait_until(lambda: b"cluster_state:ok" in replica.call("CLUSTER", "INFO"))
            replica.call.pipeline(increments)
            self.begun(running, lambda: facts_of(self.target.nodes) == facts_of([replica]))
        self.cluster.settle()
        self.complete(running, job)

    def test_moved_slot(self):
        """With keys, and without. Once it stays where it is, other snapshots are written over what is there."""
        for keys in (0, 1):
            with self.subTest(keys=keys):
                self.setUp()
                make, job = random.Random(SEED), self.lasting()
                running = self.begin_with(100, job=job)
                with Writers(self.cluster, SEED):
                    time.sleep(0.3)
                giver, taker = self.primaries[:2]
                owned = [slot for slot, name in enumerate(self.cluster.owners(giver)) if name == self.cluster.id_of(giver)]
                slot = next(slot for slot in owned if giver.call("CLUSTER", "COUNTKEYSINSLOT", slot) == keys)
                self.cluster.begin_slot(slot, giver, taker)
                self.cluster.end_slot(slot, giver, taker)
                self.finish(running, INPUT)
                self.assertRegex(self.said, f"slot {slot} has moved|slots move to or from it")
                self.assertIn("with --resume to write another snapshot", self.said)
                for owner in self.cluster.primaries().values():
                    owner.call.pipeline([("DEL", key) for key in owner.call("KEYS", "*")[::9]])
                with Writers(self.cluster, SEED + 1):
                    for _ in range(3):
                        running = self.begin(*job)
                        time.sleep(make.uniform(0, 0.7))
                        running.kill(signal.SIGKILL)
                        running.wait()
                    running = self.begin(*job)
                    self.in_step(running)
                    time.sleep(0.3)
                self.complete(running, job)
                self.assert_equal_data()
                self.assertEqual([key for node in self.target.nodes for key in node.call("KEYS", "rdbferry:*")], [])

    @soak
    def test_nodes_that_come_and_go(self):
        """Slots that a new node gets, and gives back: the streams are numbered anew."""
        job = self.lasting()
        running = self.begin_with(100, job=job)
        giver, taker = self.primaries[0], self.add_replica(self.primaries[0])
        slots = {slot_of(key) for key in giver.call("KEYS", "k*")[:3]}
        taker.call("CLUSTER", "RESET", "SOFT")
        taker.call("CLUSTER", "MEET", "127.0.0.1", giver.port, giver.call("CONFIG", "GET", "cluster-port")[1])
        nodes = [*self.primaries, taker]
        wait_until(lambda: all(node.call("CLUSTER", "NODES").count(b" connected") == len(self.cluster.nodes) for node in nodes))
        wait_until(lambda: b"cluster_state:ok" in taker.call("CLUSTER", "INFO"))
        taker.call("CONFIG", "SET", "cluster-allow-replica-migration", "no")  # without a slot it stays a primary
        for nodes in ((giver, taker), (taker, giver)):
            for slot in slots:
                self.cluster.begin_slot(slot, *nodes)
                self.cluster.end_slot(slot, *nodes)
            self.finish(running, INPUT)
            running = self.begin(*job)
            self.in_step(running)
            for node in self.cluster.primaries().values():
                node.call.pipeline([("APPEND", key, "x") for key in node.call("KEYS", "k*")])
        self.complete(running, job)
        self.assert_equal_data()
        self.assertEqual([key for node in self.target.nodes for key in node.call("KEYS", "rdbferry:*")], [])
        taker.call("CLUSTER", "REPLICATE", self.cluster.id_of(giver))
        self.cluster.settle()

    @soak
    def test_target_that_has_lost_writes(self):
        """One of its nodes."""
        job = self.lasting()
        running = self.begin(*job)
        with Writers(self.cluster, SEED):
            self.in_step(running)
            time.sleep(1)
        running.kill(signal.SIGTERM)
        self.finish(running)
        self.target.nodes[1].call("FLUSHALL")
        self.finish(self.begin(*job), TARGET)
        self.assertIn("has lost writes that it had acknowledged", self.said)

    @soak
    def test_slot_that_moved_meanwhile(self):
        job = self.lasting()
        running = self.begin(*job)
        self.in_step(running)
        running.kill()
        running.wait()
        giver, taker = self.primaries[:2]
        slot = self.cluster.owners(giver).index(self.cluster.id_of(giver))
        self.cluster.begin_slot(slot, giver, taker)
        self.finish(self.begin(*job), INPUT)
        self.assertIn("is being migrated", self.said)
        self.cluster.end_slot(slot, giver, taker)
        running = self.begin(*job)
        self.in_step(running)
        self.assertIn("slots have moved", running.said())
        self.complete(running, job)
        self.assert_equal_data()

    def test_flushall(self):
        """Of one node, also in a transaction: its slots are emptied, and what is written there afterwards stays."""
        running = self.begin_with(10, "--checkpoint", os.path.join(self.fresh(), "checkpoint"))
        key, other = self.key_of(self.primaries[0]), self.key_of(self.primaries[1])
        for node, name in ((self.primaries[0], key), (self.primaries[1], other)):
            node.call.pipeline([("INCR", name + "counter{" + name + "}")] * 3)
        self.primaries[0].call.pipeline([("FLUSHALL",), ("SET", key, 2)])
        self.primaries[1].call.pipeline([("MULTI",), ("SET", other, 1), ("FLUSHDB",), ("INCR", other), ("EXEC",)])
        self.begun(running, lambda: facts_of(self.target.nodes) == facts_of(self.primaries))
        running.kill(signal.SIGTERM)
        self.finish(running)
        self.assertEqual(self.said.count("was flushed"), 2)
        self.assertIn(key.encode(), facts_of(self.primaries))

    def test_flushall_into_one_server(self):
        """What others have in databases that the source lacks stays. A signal meanwhile ends the run after it."""
        with TcpServer(self.fresh()) as target:
            key = self.key_of(self.primaries[0])
            self.primaries[0].call.pipeline([("SET", f"{{{key}}}{i}", i, "EX", 10_000) for i in range(2000)])
            self.primaries[1].call("SET", self.key_of(self.primaries[1]), 1, "EX", 10_000)
            running = self.begin(*self.job(target=url_of(target)))
            self.in_step(running)
            target.call.pipeline([("SELECT", 5), ("SET", key, "another's"), ("SELECT", 0)])
            with target.halted():
                self.primaries[0].call("FLUSHALL")
                time.sleep(1)
                running.kill(signal.SIGTERM)
                time.sleep(0.3)
            self.finish(running)
            self.assertIn("was flushed: 2000 keys", self.said)
            self.assertEqual(target.call.pipeline([("SELECT", 5), ("GET", key), ("SELECT", 0)])[1], b"another's")
            target.call.pipeline([("SELECT", 5), ("DEL", key), ("SELECT", 0)])
            self.assert_equal_data([target])

    @soak
    def test_flushall_with_rules(self):
        """Which keys of the target are meant is not known."""
        running = self.begin_with(10, "--rename", "s/^k/l/")
        self.primaries[0].call("FLUSHALL")
        self.finish(running, TARGET)
        self.assertIn("FLUSHALL: it concerns the keys of one of several sources", self.said)
