# SPDX-License-Identifier: MIT
"""What the tests of replays into clusters have in common."""
import contextlib
import hashlib
import os
import random
import threading

from lib.failovers import LiveCluster, received
from lib.kinds import CLUSTER_PORTS, needs
from lib.live_targets import slot_of
from lib.observe import differences, facts_of, libraries
from lib.program import convert
from lib.replaying import BIG, DATABASES, TARGET, Replaying, fill_some, obstacles_for, places_of
from lib.resp import ReplyError
from lib.splitting import DONE, printed_seed

RULES = ["--flatten-dbs", "--hash-tag", "{user:*}:*"]
MOVING = b"{moving}"  # many keys of one slot

# What DEBUG DIGEST begins with where database 0 has keys; their own digests are XORed into it.
DATABASE_0 = hashlib.sha1(hashlib.sha1(bytes(4)).digest()).digest()


def keys_digest(digest):
    """The XOR of the digests of all keys, where all are in database 0. Those of several servers can be XORed."""
    return int(digest, 16) ^ int.from_bytes(DATABASE_0, "big") if int(digest, 16) else 0


def fill_users(call):
    """Data of all types; keys that get a tag; and keys of all sizes that are in one slot."""
    fill_some(call)
    make = random.Random(2)
    for db in DATABASES:
        call.pipeline([("SELECT", db), *(command for i in range(100) for command in about_user(make, i, db))])
    call("SELECT", 0)
    for i in range(40):
        call("SET", MOVING + b"string:%d" % i, make.randbytes(i * 1500))
        call("RPUSH", MOVING + b"list:%d" % i, *(make.randbytes(20) for _ in range(i * 60 + 1)))


def about_user(make, i, db):
    yield "SET", f"user:{i}:name", f"user {i} of {db}"
    yield "HSET", f"user:{i}:cart", "apples", i, "pears", make.randbytes(i)
    yield "RPUSH", f"user:{i}:visits", *range(i * 2 + 1)


def on_time(found, expected):
    """What was found, as if MIGRATE had not said how much time is left: it makes expiries late, but hardly so."""

    def is_late(name, fact):
        return name[-1] == "expiry" and 0 < fact - expected.get(name, fact) < 60_000

    return {name: expected[name] if is_late(name, fact) else fact for name, fact in found.items()}


@contextlib.contextmanager
def meanwhile(what):
    """Does `what()` again and again, on a thread, until the block is left, or sets the event that it gets."""
    over, errors = threading.Event(), []

    def do():
        try:
            while not over.is_set():
                what()
        except BaseException as error:  # it is raised where it can be seen
            errors.append(error)

    thread = threading.Thread(target=do)
    thread.start()
    try:
        yield over
    finally:
        over.set()
        thread.join()
    if errors:
        raise errors[0]


@needs(CLUSTER_PORTS)
class WithCluster(Replaying):
    """Has a cluster of three primaries, which is empty when a test begins."""

    size = 3

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = cls.started(LiveCluster(cls.class_folder(), cls.size, cls.settings))
        cls.url = cls.cluster.url

    @classmethod
    def settings(cls):
        """Those of one node. Where none is to be given up for dead, none is because the machine is busy."""
        return {"cluster_node_timeout": 4000}

    def setUp(self):
        super().setUp()
        self.clear()

    def clear(self):
        self.cluster.settle()
        self.primaries = list(self.cluster.primaries().values())
        self.cluster.call_all(("FLUSHALL",), ("FUNCTION", "FLUSH"), ("CONFIG", "RESETSTAT"))

    def digest(self):
        """That of the keys of all nodes."""
        digest = 0
        for node in self.cluster.primaries().values():
            digest ^= keys_digest(node.call("DEBUG", "DIGEST"))
        return digest

    def observed(self):
        """What the nodes hold, each key the one that has its slot, and all of them the same libraries."""
        self.cluster.settle()
        primaries, owners = self.cluster.primaries(), self.cluster.owners(self.cluster.nodes[0])
        found, functions = {"sizes": {0: 0}}, []
        with self.readable_when_down():
            for name, node in primaries.items():
                keys = node.call("KEYS", "*")
                self.assertEqual([key for key in keys if owners[slot_of(key)] != name], [])
                functions.append(libraries(node.call))
                found["sizes"][0] += len(keys)
                found |= facts_of(node.call, 0, keys)
        self.assertEqual(functions, functions[:1] * len(functions))
        return {**found, "functions": functions[0]}

    def reshard(self, source, target, slots):
        moved = self.cluster.reshard(source, target, slots)
        self.assertEqual(moved.returncode, 0, moved.stdout[-2000:])
        self.cluster.settle()

    @contextlib.contextmanager
    def readable_when_down(self):
        """A busy machine may have its nodes give each other up for a moment."""
        self._allow_reads("yes")
        try:
            yield
        finally:
            self._allow_reads("no")

    def _allow_reads(self, answer):
        with contextlib.suppress(ReplyError):  # before 6.0 there is no such setting
            self.cluster.call_all(("CONFIG", "SET", "cluster-allow-reads-when-down", answer))


class InCluster(WithCluster):
    """Has a dump as well, and what the cluster must hold once it is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seed = printed_seed()
        cls.dump = cls.dump_of(fill_users)
        cls.flat = os.path.join(cls.class_folder(), "flat.rdb")
        convert(cls.dump, "-o", cls.flat, *RULES, "-q")
        cls.facts = cls.oracle.facts(cls.flat)
        cls.obstacles = list(obstacles_for(places_of(cls.facts), 11))
        cls.with_obstacles = cls.oracle.facts(cls.flat, cls.obstacles)

    def put_obstacles(self):
        """Other values for some keys, which are there already, and counted by nobody."""
        owners, primaries = self.cluster.owners(self.cluster.nodes[0]), self.cluster.primaries()
        for command in self.obstacles:
            if command[0] != "SELECT":
                primaries[owners[slot_of(command[1])]].call(*command)
        self.cluster.settle()
        self.cluster.call_all(("CONFIG", "RESETSTAT"))

    def errors(self, code):
        """How many answers of this kind there were."""
        return sum(node.count_errors(code) for node in self.cluster.nodes)

    def begin_until(self, share, *arguments):
        """A replay of which those that were the primaries when all began have received this share of the data."""
        size = os.path.getsize(self.dump)
        running = self.begin(self.dump, *RULES, self.url, "--big-key", BIG, *arguments)
        self.begun(running, lambda: sum(map(received, self.primaries)) > size * share)
        return running

    def finish_with(self, policy, running, moved=False, expected=None):
        """All that was in the way is as it was; it was named where it had to be, and nothing else went wrong."""
        self.finish(running, TARGET if policy == "fail" else DONE)
        if policy == "fail":
            self.assertIn(f"{len(self.obstacles) // 3} not written", self.said)
        self.assert_complete(expected or self.with_obstacles, moved)

    def assert_complete(self, expected=None, moved=False):
        """All is there that should be, and nothing else is anywhere. Where slots have moved expiries may be late."""
        expected, found = expected or self.facts, self.observed()
        self.assertEqual(differences(expected, on_time(found, expected) if moved else found), [])

    def assert_nothing_written(self):
        for answers in self.cluster.call_all(("DBSIZE",), ("FUNCTION", "LIST")):
            self.assertEqual(answers, [0, []])
