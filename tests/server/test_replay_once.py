# SPDX-License-Identifier: MIT
"""`rdbferry replay` of the commands of an AOF: exactly once, whatever breaks. Counters, lists and strings that grow show
a command that was applied twice, or left out."""
import json
import os
import random
import signal
import time
import zlib

from lib.cluster_replaying import RULES, WithCluster, keys_digest, meanwhile
from lib.cutting_proxy import KINDS, CuttingProxy
from lib.failovers import Watched
from lib.kinds import needs_version
from lib.live_targets import slot_of
from lib.observe import differences, observe, propagated
from lib.program import convert
from lib.replaying import DONE, TARGET, TEMPORARY, Replaying, Running, WithTargets, empty, url_of
from lib.resp import encode
from lib.server import Server
from lib.soaking import scaled
from lib.splitting import ferry, printed_seed
from lib.workload import Workload


def growth(make, count):
    """Commands that must not be done twice."""
    for i in range(count):
        name = make.randrange(30)
        yield make.choice([("INCR", f"counter{name}"), ("RPUSH", f"list{name}", i), ("APPEND", f"string{name}", f"x{i}")])


def write_log(server, seed, **workload):
    """Fills a server that writes an AOF: every command that writes, with a rewrite in the middle. It is stopped."""
    commands = Workload(random.Random(seed), **workload)
    commands.run(server.call, 20)
    server.call("BGREWRITEAOF")
    server.wait_for_rewrite()
    commands.run(server.call, 50)
    for db in range(3):
        server.call.pipeline([("SELECT", db), *growth(random.Random(f"{seed}:{db}"), 1500)])
    commands.run(server.call, 20)
    server.call.pipeline([("SELECT", 0), ("SAVE",)])


class WithLog:
    """Mixed into a class that replays: has the log of a server, what that held, and a dump of the same."""

    log_seed, workload = 0, {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.class_folder()
        with Server(folder, appendonly="yes") as server:
            write_log(server, cls.log_seed, **cls.workload)
            cls.facts = observe(server.call)
        cls.log, cls.dump = os.path.join(folder, "appendonlydir"), os.path.join(folder, "dump.rdb")


@needs_version(redis=(7, 0))
class Once(WithLog, WithTargets):
    log_seed = 1

    def check(self, job, done, found):
        with self.subTest(job=job, said=done.stderr.decode(errors="replace")[-999:]):
            self.assertEqual(done.returncode, DONE)
            self.assertEqual(differences(propagated(self.facts), propagated(found)), [])

    @scaled(test=2, soak=40)
    def test_cuts(self, count):
        lost = []

        def attempt(target, seed, folder):
            report = os.path.join(folder, "report")
            job = [self.log, "--connections", 1 + seed % 2, "--report", report]
            with CuttingProxy(os.path.join(target.folder, "socket"), seed, kinds=KINDS) as proxy:
                done = ferry("replay", *job, proxy.url)
            return job, done, observe(target.call), report

        def check(job, done, found, report):
            self.check(job, done, found)
            with open(report, encoding="utf-8") as file:
                lost.append(json.load(file)["recovery"]["connections_lost"])

        self.try_seeds(count, attempt, check)
        self.assertGreater(sum(lost), 0)

    @scaled(test=2, soak=40)
    def test_kills(self, count):
        def attempt(target, seed, folder):
            make = random.Random(seed)
            job = [self.log, url_of(target), "--checkpoint", os.path.join(folder, "checkpoint"), "--resume"]
            for _ in range(make.choice((1, 2, 3))):
                running = Running(folder, [*job, "--rate", "300KB/s"])
                time.sleep(make.uniform(0.02, 1))
                running.kill(make.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)))
                running.wait()
            return job, ferry("replay", *job), observe(target.call)

        self.try_seeds(count, attempt, self.check)

    def test_killed_before_its_positions_were_removed(self):
        """All was written, and recorded; what is left on the target goes when it is resumed."""
        target, path = self.targets[0], self.path("checkpoint")
        empty(target.call)
        job = [self.log, url_of(target), "--checkpoint", path]
        running = Running(self.fresh(), [*job, "--rate", "100KB/s"])
        self.addCleanup(running.end)
        self.begun(running, lambda: target.call("KEYS", TEMPORARY))
        running.kill()
        running.wait()
        with open(path, "rb") as file:
            lines = file.read().replace(b"state running", b"state done").partition(b"checksum")[0]
        with open(path, "wb") as file:
            file.write(lines + b"checksum %08x\n" % zlib.crc32(lines))
        self.assertIn(b"--resume", ferry("replay", *job).stderr)
        done = ferry("replay", *job, "--resume")
        self.assertEqual((done.returncode, target.call("KEYS", TEMPORARY)), (DONE, []), done.stderr)
        done = ferry("replay", *job, "--resume")
        self.assertIn(b"nothing to do\n", done.stderr)

    def test_ways(self):
        """Without transactions; filtered, which lets the commands be rewritten."""

        def attempt(target, seed, _):
            job = [self.log, url_of(target), *(["--no-transactions"], ["--match", "*"])[seed % 2]]
            return job, ferry("replay", *job), observe(target.call)

        self.try_seeds(2, attempt, self.check)

    def test_writes_that_are_lost(self):
        """A target that comes back without what it had acknowledged is not written to."""
        target = self.targets[0]
        empty(target.call)
        job = [self.log, url_of(target), "--checkpoint", self.path("checkpoint"), "--resume"]
        running = Running(self.fresh(), [*job, "--rate", "100KB/s"])
        self.addCleanup(running.end)
        self.begun(running, lambda: target.call("EXISTS", "counter0"))
        time.sleep(1.5)
        running.kill()
        running.wait()
        target.call("FLUSHALL")
        done = ferry("replay", *job)
        self.assertEqual(done.returncode, TARGET, done.stderr)
        self.assertIn(b"the target has lost the command", done.stderr)
        self.assertEqual(target.call("DBSIZE"), 0)


@needs_version(redis=(7, 0))
class OnceAfterFailover(WithLog, Replaying):
    """The primary is killed while commands are written; its replicas have what was acknowledged."""

    log_seed = 3

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.watched = cls.started(Watched(cls.class_folder()))

    @scaled(test=1, soak=5)
    def test_killed(self, count):
        for seed in range(count):
            with self.subTest(seed=seed):
                self.watched.settle()
                primary = self.watched.primary()
                empty(primary.call)
                running = self.begin(self.log, self.watched.url, "--rate", "150KB/s")
                self.begun(running, lambda: primary.call("EXISTS", "counter0"))
                primary.kill()
                self.finish(running)
                call = self.watched.primary().call
                self.assertEqual(differences(self.facts, observe(call)), [])
                primary.start_again()


class OnceInCluster(WithLog, WithCluster):
    """Several databases, flattened, with hash tags, into a cluster."""

    log_seed, workload = 2, {"families": [f"user:{i}:" for i in range(9)], "flushes": False}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seed = printed_seed()
        flat = os.path.join(cls.class_folder(), "flat.rdb")
        convert(cls.dump, "-o", flat, *RULES, "-q")
        cls.oracle.facts(flat)
        cls.expected_digest = keys_digest(cls.oracle.call("DEBUG", "DIGEST"))

    def check(self):
        for node in self.cluster.primaries().values():
            self.assertEqual(node.call("KEYS", TEMPORARY), [])
        self.assertEqual(self.digest(), self.expected_digest)

    def test_as_it_is(self):
        report = self.replay(self.log, *RULES, self.cluster.url)
        self.assertGreater(report["written"]["transactions_divided"], 0)
        self.check()

    def test_expiries_that_have_passed(self):
        path = self.path("refreshed.aof")
        with open(path, "wb") as file:
            for i in range(100):
                past, later = ("SET", f"s{i}", "5", "PXAT", "1700000000000"), ("PEXPIREAT", f"s{i}", f"{4102444800000 + i}")
                for words in (past, ("INCR", f"s{i}"), later):
                    file.write(encode(words))
        self.replay(path, self.cluster.url)
        found = {}
        for node in self.cluster.primaries().values():
            found |= {key: (node.call("GET", key), node.call("PEXPIRETIME", key)) for key in node.call("KEYS", "*")}
        self.assertEqual(found, {b"s%d" % i: (b"6", 4102444800000 + i) for i in range(100)})

    def test_plain(self):
        self.replay(self.log, *RULES, self.cluster.url, "--no-transactions")
        self.check()

    def test_slots_that_are_apart(self):
        """Refused before anything is written."""
        path = self.path("apart.aof")
        with open(path, "wb") as file:
            file.write(encode(("SET", "a", 1)) + encode(("RENAME", "a", "b")))
        self.ferry("replay", path, self.cluster.url, expected=4)
        self.assertIn("its keys are in slots 15495 and 3300", self.said)
        self.assertEqual(sum(node.call("DBSIZE") for node in self.primaries), 0)

    @scaled(test=1, soak=10)
    def test_moves_and_kills(self, count):
        for seed in range(self.seed, self.seed + count):
            with self.subTest(seed=seed):
                self.clear()
                make = random.Random(seed)
                job = [self.log, *RULES, self.cluster.url, "--checkpoint", self.path(f"checkpoint{seed}"), "--resume"]
                with meanwhile(lambda: self.disturb(make)):
                    for _ in range(2):
                        running = Running(self.fresh(), [*job, "--rate", "300KB/s"])
                        time.sleep(make.uniform(0.1, 1.5))
                        running.end()
                    self.ferry("replay", *job, "--rate", "300KB/s")
                self.check()

    def disturb(self, make):
        """Slots move, some bit by bit; connections are lost."""
        if make.random() < 0.5:
            self.reshard(*make.sample(self.primaries, 2), make.choice((20, 100)))
        slot = slot_of(b"user:%d" % make.randrange(9))
        source = self.cluster.node_of(slot)
        target = make.choice([node for node in self.primaries if node is not source])
        self.cluster.begin_slot(slot, source, target)
        for _ in range(make.randrange(6)):
            time.sleep(make.uniform(0, 0.05))
            self.cluster.move_keys(slot, source, target, make.choice((1, 1, 5)))
        make.choice(self.primaries).call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        self.cluster.end_slot(slot, source, target)
        self.cluster.settle()

    def test_flushall(self):
        """It empties all nodes, between what is before it and after it."""
        with Server(self.fresh(), appendonly="yes", appendfsync="always") as server:
            make = random.Random(5)
            transaction = [("MULTI",), ("SET", "a", 1), ("FLUSHALL",), ("SET", "b", 1), ("SET", "c", 1), ("EXEC",)]
            server.call.pipeline([*growth(make, 500), ("FLUSHALL",), *growth(make, 500), *transaction])
            server.call.pipeline(list(growth(make, 400)))
            expected = keys_digest(server.call("DEBUG", "DIGEST"))
            log = os.path.join(server.folder, "appendonlydir")
            self.replay(log, self.cluster.url)
        self.assertEqual(self.digest(), expected)
