# SPDX-License-Identifier: MIT
"""What the tests of replay have in common: data, runs of the program, and what a target must hold afterwards."""
import contextlib
import json
import os
import queue
import random
import shutil
import signal
import subprocess
from concurrent import futures

from lib import dataset
from lib.kinds import KIND, RELOAD
from lib.live_targets import HOST, TcpServer, wait_until
from lib.observe import databases, differences, observe
from lib.program import PROGRAM
from lib.server import Server
from lib.splitting import DONE, USAGE, Splitting, printed_seed, text  # noqa: F401  USAGE: for those who use this module

TARGET, UNAVAILABLE = 4, 5
DATABASES = (0, 1, 5)
BIG = "20K"  # a --big-key that some keys of each type reach
TEMPORARY = "*rdbferry*"  # the names that a run writes under before a key is whole


def url_of(server):
    return f"redis://{HOST}:{server.port}"


# --- data ---


def fill_some(call, seed=1, scale=1.0):
    """About two megabytes (times `scale`), of every type and many sizes, in three databases, and libraries."""
    dataset.load_libraries(call)
    for db in DATABASES:
        make = random.Random(f"{seed}:{db}")
        call("SELECT", db)
        streams = dataset.without_unknown(some_streams(make, scale))
        call.pipeline([*some_strings(make, scale), *some_collections(make, scale), *streams])
    call("SELECT", 0)


def some_strings(make, scale):
    for i in range(int(100 * scale)):
        yield "SET", f"str:{i}", make.randbytes(make.choice((0, 1, 10, 100, 1000)))
    for i in range(int(11 * scale)):
        yield "SET", f"str:big:{i}", make.randbytes(make.randrange(15_000, 40_000))
    for i in range(int(20 * scale)):
        yield "SET", f"str:int:{i}", i * 7919
        yield "PEXPIREAT", f"str:int:{i}", dataset.FAR + i


def some_collections(make, scale):
    for i in range(int(24 * scale)):
        count = (1, 3, 40, 200, 2, 1200, 1, 3, 40, 100, 2, 300)[i % 12]
        items = [b"%d:%b" % (n, make.randbytes(make.randrange(40))) for n in range(count)]
        yield "RPUSH", f"list:{i}", *items
        yield "SADD", f"set:{i}", *items
        yield "HSET", f"hash:{i}", *(x for item in items for x in (item, len(item)))
        yield "ZADD", f"zset:{i}", *(x for item in items for x in (make.uniform(-9, 9), item))
        if i % 5 == 0:
            for name in ("list", "set", "hash", "zset"):
                yield "PEXPIREAT", f"{name}:{i}", dataset.FAR + i


def some_streams(make, scale):
    for i in range(int(5 * scale)):
        key, count = f"stream:{i}", (1, 10, 800)[i % 3]
        for n in range(1, count + 1):
            yield "XADD", key, f"{n}-1", "field", make.randbytes(20), "n", n
        yield "XGROUP", "CREATE", key, "group", 0
        yield "XREADGROUP", "GROUP", "group", "reader", "COUNT", 60, "STREAMS", key, ">"
        yield "XACK", key, "group", "1-1", "3-1"
        yield "XGROUP", "CREATECONSUMER", key, "group", "idle"


# What stands in the way, a value of each type; "KEY" is replaced.
OBSTACLES = (
    ["SET", "KEY", "it was here before"],
    ["RPUSH", "KEY", "it", "was", "here"],
    ["SADD", "KEY", "it", "was", "here"],
    ["HSET", "KEY", "it", "was", "here", "before"],
    ["ZADD", "KEY", 1, "it", 2, "was"],
    ["XADD", "KEY", "5-5", "it", "was"],
    ["SET", "KEY", "it was here, and will not be for ever", "PXAT", dataset.FAR + 99],
)


def obstacles_for(places, at_all=7):
    """Commands that put another value at every n-th place (db, key) of a list, types in turn."""
    for i, (db, key) in enumerate(sorted(places)[::at_all]):
        yield "SELECT", db
        yield "DEL", key
        yield [key if part == "KEY" else part for part in OBSTACLES[i % len(OBSTACLES)]]
    yield "SELECT", 0


def places_of(facts):
    """The places (db, key) of an observation."""
    return {name[:2] for name in facts if name[-1] == "type"}


def empty(call):
    """An empty server, whose counters begin at zero."""
    call.pipeline([("FLUSHALL",), *dataset.NO_LIBRARIES, ("SELECT", 0), ("CONFIG", "RESETSTAT")])


# --- what is said ---


def counts(report):
    """What became of the keys, and of the connections."""
    return {**report["keys"], **report["recovery"], "restored": report["written"]["by_restore"]}


def failures(report, kind):
    """How many there were of a kind, as far as examples tell."""
    kinds = [example["kind"] for example in report["failures"]["examples"]]
    return report["failures"]["count"] if set(kinds) == {kind} else kinds.count(kind)


# --- what has to come out ---


class Oracle:
    """A server that loads dumps by itself, and says what is in them."""

    def __init__(self, folder):
        self._server = Server(folder)
        self._known = {}

    def call(self, *command):
        return self._server.call(*command)

    def stop(self):
        self._server.stop()

    def _load(self, dump):
        folder = self._server.folder
        shutil.copy(dump, os.path.join(folder, "dump.rdb"))
        if KIND.knows(RELOAD):
            self.call("DEBUG", "RELOAD", "NOSAVE")
        else:
            self.stop()
            self._server = Server(folder)

    def facts(self, dump, then=()):
        """What there is once it has loaded the dump, and been told some commands."""
        then = list(then)
        if not then and dump in self._known:
            return self._known[dump]
        self._load(dump)
        call = self._server.call
        call.pipeline([("SELECT", 0), *then])
        facts = observe(call)
        if not then:
            self._known[dump] = facts
        return facts


def all_facts(calls):
    """What several servers together hold, each of them a part."""
    found = [observe(call) for call in calls]
    facts = {name: fact for part in found for name, fact in part.items()}
    facts["sizes"] = {}
    for sizes in (part["sizes"] for part in found):
        for db, size in sizes.items():
            facts["sizes"][db] = facts["sizes"].get(db, 0) + size
    return facts


# --- the program ---


class Running:
    """A replay in the background. What it says goes to a file: a pipe that nobody reads would halt it."""

    def __init__(self, folder, arguments, stdin=subprocess.DEVNULL):
        self._said = os.path.join(folder, "said")
        with open(self._said, "wb") as said:
            self.process = subprocess.Popen(
                [PROGRAM, "replay", *map(text, arguments)],
                stdin=stdin,
                stdout=said,
                stderr=said,
            )

    def said(self):
        with open(self._said, "rb") as file:
            return file.read().decode(errors="replace")

    def running(self):
        return self.process.poll() is None

    def wait(self):
        """Returns the exit code."""
        return self.process.wait(timeout=300)

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)

    def end(self):
        if self.running():
            self.process.kill()
        self.process.wait()
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):  # what is left in its buffer is for nobody
                self.process.stdin.close()


class Replaying(Splitting):
    """A test class with an oracle, and a target that is empty when a test begins."""

    secret = None  # a password that must not be in anything that is said

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.oracle = cls.started(Oracle(cls.class_folder()))
        cls.source = cls.started(Server(cls.class_folder()))

    @classmethod
    def started(cls, server):
        """A server that stays until the class is through."""
        cls.addClassCleanup(server.stop)
        return server

    @classmethod
    def dump_of(cls, fill, *arguments, **named):
        """A dump that stays until the class is through, of what `fill(call, ...)` puts into an empty server."""
        empty(cls.source.call)
        fill(cls.source.call, *arguments, **named)
        cls.source.call("SAVE")
        path = os.path.join(cls.class_folder(), "dump.rdb")
        shutil.copy(os.path.join(cls.source.folder, "dump.rdb"), path)
        return path

    @classmethod
    def facts_of(cls, commands):
        """What these alone put into an empty server."""
        empty(cls.source.call)
        cls.source.call.pipeline(commands)
        return observe(cls.source.call)

    def packed(self, command, path):
        """A copy, packed by gzip, lz4 or zstd."""
        packed = os.path.join(self.fresh(), os.path.basename(path))
        with open(path, "rb") as data, open(packed, "wb") as file:
            subprocess.run([command, "-c"], stdin=data, stdout=file, stderr=subprocess.DEVNULL, check=True)
        return packed

    # --- runs ---

    def replay(self, *arguments, expected=DONE, **options):
        """Runs it to its end, and returns the report. What it says on stderr is in self.said."""
        path = os.path.join(self.fresh(), "report.json")
        stdout = self.ferry("replay", *arguments, "--report", path, expected=expected, **options)
        with open(path, encoding="utf-8") as file:
            written = file.read()
        if self.secret:
            for said in (self.said, stdout.decode(errors="replace"), written):
                self.assertNotIn(self.secret, said)
        report = json.loads(written)
        self.assertEqual(report["result"] == "error", "error" in report)
        parts = {name: count for name, count in report["keys"].items() if name != "read"}
        self.assertEqual(report["keys"]["read"], sum(parts.values()), parts)
        return report

    def letters(self):
        """Options with which --on-exists fail writes the keys that do not exist."""
        return ["--dead-letter", os.path.join(self.fresh(), "letters")]

    def on_exists(self, policy):
        """Options for the policy; also with `fail` the keys that do not exist are written."""
        return ["--on-exists", policy, *(self.letters() if policy == "fail" else [])]

    def begin(self, *arguments, **options):
        """A replay in the background, which is ended with the test."""
        running = Running(self.fresh(), arguments, **options)
        self.addCleanup(running.end)
        return running

    def finish(self, running, expected=DONE):
        """Waits for it. What it has said is in self.said."""
        code = running.wait()
        self.said = running.said()
        self.assertEqual(code, expected, self.said[-3000:])
        if self.secret:
            self.assertNotIn(self.secret, self.said)

    def begun(self, running, what):
        """Waits until `what()` is true, while the replay runs."""
        def come():
            if not running.running():
                self.fail(f"it ended before: {running.process.returncode}: {running.said()[-3000:]}")
            return what()

        try:
            wait_until(come)
        except TimeoutError as error:
            self.fail(f"{error}: {running.said()[-3000:]}")

    # --- targets ---

    def expected(self, dump, then=()):
        return self.oracle.facts(dump, then)

    def assert_holds(self, expected, call):
        """All that is expected, with equal digests, and nothing else: no temporary keys either."""
        self.assertEqual(differences(expected, observe(call)), [])
        call("SELECT", 0)

    def assert_hold(self, expected, calls):
        """The same of servers of which each has a part: by key."""
        self.assertEqual(differences(expected, all_facts(calls)), [])

    def assert_no_temporaries(self, call):
        for db in databases(call):
            call("SELECT", db)
            self.assertEqual(call("KEYS", TEMPORARY), [])
        call("SELECT", 0)


class WithTarget(Replaying):
    """Has a server that stands alone as the target; it is empty when a test begins."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target = cls.started(TcpServer(cls.class_folder(), **cls.settings))
        cls.call, cls.url = cls.target.call, url_of(cls.target)

    def setUp(self):
        super().setUp()
        self.clear()

    def clear(self):
        empty(self.call)

    def configure(self, name, value):
        """A setting of the target, for this test."""
        before = self.call("CONFIG", "GET", name)[1]
        self.call("CONFIG", "SET", name, value)
        self.addCleanup(self.call, "CONFIG", "SET", name, before)

    def keys_there(self):
        """How many keys the target has in database 0, temporary ones among them."""
        return self.call("DBSIZE")

    @contextlib.contextmanager
    def subcase(self, **names):
        """A subtest that finds the target empty."""
        with self.subTest(**names):
            self.clear()
            yield


class WithTargets(Replaying):
    """For random tests: has some targets, and tries seeds, which mostly wait, on all of them at the same time."""

    AT_ONCE = 4

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.targets = [cls.started(TcpServer(cls.class_folder())) for _ in range(cls.AT_ONCE)]
        cls._free = queue.SimpleQueue()
        for target in cls.targets:
            cls._free.put(target)
        cls.first_seed = printed_seed() % 1_000_000 if "RDBFERRY_SEED" in os.environ else 0

    def try_seeds(self, count, attempt, check):
        """Of each seed check(*what attempt(target, seed, a folder) returns); the target is empty before."""

        def try_one(seed):
            target = self._free.get()
            try:
                empty(target.call)
                return attempt(target, seed, self.fresh())
            finally:
                self._free.put(target)

        seeds = range(self.first_seed, self.first_seed + count)
        with futures.ThreadPoolExecutor(self.AT_ONCE) as pool:
            attempts = [(seed, pool.submit(try_one, seed)) for seed in seeds]
            for seed, one in attempts:
                with self.subTest(seed=seed):
                    check(*one.result())
