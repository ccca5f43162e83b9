# SPDX-License-Identifier: MIT
"""`rdbferry replay --follow`: a target that receives what a source holds, and then all that is written there. Counters,
lists and strings that grow show a command that was applied twice, or left out."""
import contextlib
import os
import random
import re
import signal
import threading
import time

from lib.cluster_replaying import RULES, WithCluster, meanwhile
from lib.cutting_proxy import KINDS, CuttingProxy
from lib.failovers import Watched
from lib.follow_replaying import FollowReplaying, Writer
from lib.kinds import ACL, TLS, needs, needs_version
from lib.live_targets import HOST, Authority, TcpServer, free_port, slot_of, tls_settings, wait_until
from lib.replaying import TARGET, UNAVAILABLE, USAGE, WithTarget, empty, url_of
from lib.resp import Client
from lib.soaking import scaled, soak
from lib.splitting import printed_seed


def setUpModule():
    global SEED
    SEED = printed_seed()


@needs_version(redis=(7, 0))
class Following(FollowReplaying):
    source_settings = {**FollowReplaying.source_settings, "enable_protected_configs": "yes"}

    def test_marks_are_removed(self):
        """Also if no command has been written."""
        self.live.call("SET", "a", 1)
        self.replay(*self.lasting("--exit-when-in-step", "1ms"))
        self.assertEqual(self.target.call("KEYS", "*"), [b"a"])

    @scaled(test=1, soak=20)
    def test_workload(self, count):
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                with Writer(self.live, seed):
                    time.sleep(0.3)
                    running = self.begin(*self.job())
                    self.begun(running, lambda: "in step" in running.said())
                    time.sleep(1)
                self.written(running)
                self.stop(running)
                self.assertIn("complete at offset", self.said)
                self.assert_equal_data()

    def test_halted_target(self):
        """The source's buffer for its replicas is smaller than what is written meanwhile."""
        settings = {**self.source_settings, "repl_backlog_size": "16kb"}
        self.live = TcpServer(self.fresh(), client_output_buffer_limit=["replica", "2mb", "2mb", "1"], **settings)
        self.addCleanup(self.live.stop)
        running = self.begin(*self.job())
        self.begun(running, lambda: "in step" in running.said())
        with self.target.halted():
            for i in range(40):
                self.live.call.pipeline([("SET", f"key:{i}:{j}", os.urandom(5000)) for j in range(100)])
        self.written(running)
        self.stop(running)
        self.assertIn(b"sync_full:1\r", self.live.call("INFO", "stats"))
        self.assert_equal_data()

    @soak
    def test_exit_when_in_step(self):
        self.live.call("DEBUG", "POPULATE", 1000)
        self.live.call("SET", "expires", 1, "EX", 10_000)
        report = self.replay(*self.job("--exit-when-in-step", "200ms"))
        self.assertEqual(report["follow"]["phase"], "in step")
        self.assertEqual(report["follow"]["lag_bytes"], 0)
        self.assert_equal_data()

    def test_traps(self):
        """A database that is selected in a transaction, and stays selected; expiries that pass, or are changed, while
        the target cannot be reached; the position key's database that is swapped."""
        running = self.begin(*self.job())
        self.written(running)
        call = self.live.call
        call.pipeline([("MULTI",), ("SELECT", 3), ("SET", "a", 1), ("SELECT", 2), ("SET", "b", 1), ("EXEC",), ("SET", "c", 1)])
        call.pipeline([("SELECT", 0), ("SET", "gone", 1, "PX", 500), ("SET", "kept", 1, "PX", 500), ("PUBLISH", "a", 1)])
        with self.target.halted():
            call.pipeline([("PERSIST", "kept"), ("SWAPDB", 0, 1), ("SELECT", 1), ("INCR", "kept")])
            time.sleep(1)
        call("SWAPDB", 0, 1)
        self.written(running, "last")
        self.stop(running)
        self.assertEqual((self.target.call("GET", "kept"), self.target.call("EXISTS", "gone")), (b"2", 0))
        self.assert_equal_data()

    @scaled(test=1, soak=50)
    def test_cut(self, count):
        """The link to the source, in every way."""
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                with CuttingProxy(os.path.join(self.live.folder, "socket"), seed, most=30, kinds=KINDS, spare=2) as proxy:
                    job = self.lasting(source=proxy.url)
                    running = self.begin(*job)
                    self.written(running, "begun")
                    with Writer(self.live, seed):
                        for _ in range(20):
                            self.live.call("CLIENT", "KILL", "TYPE", "replica")
                            time.sleep(0.1)
                    self.written(running)
                    self.complete(running, job)
                self.assertGreater(proxy.connections, 9)
                self.assert_equal_data()

    @scaled(test=1, soak=50)
    def test_kills(self, count):
        """Of rdbferry; it is resumed."""
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                make = random.Random(seed)
                job = self.lasting()
                running = self.begin(*job)
                self.written(running, "begun")
                with Writer(self.live, seed):
                    for _ in range(4):
                        time.sleep(make.uniform(0, 0.6))
                        running.kill(make.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)))
                        running.wait()
                        time.sleep(make.uniform(0, 0.2))
                        running = self.begin(*job)
                self.complete(running, job)
                self.assert_equal_data()
                self.assertIn(b"sync_full:1\r", self.live.call("INFO", "stats"))

    @scaled(test=2, soak=20)
    def test_flushes_in_the_snapshot(self, count):
        """The source ends the link: another snapshot is written over what is there."""
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                make, call = random.Random(seed), self.live.call
                call("DEBUG", "POPULATE", 2000, "k", 300)
                call.pipeline([("RPUSH", f"big:{i}", *[i * "x"] * 500) for i in range(50, 150)])
                call("CONFIG", "SET", "rdb-key-save-delay", 300)
                job = (self.lasting if seed % 2 else self.job)("--big-key", "20K")
                running = self.begin(*job)
                for _ in range(make.randrange(1, 4)):
                    time.sleep(make.uniform(0, 0.8))
                    others = [("SET", f"l:{i}", i * "x") for i in range(1000)]
                    call.pipeline([("FLUSHALL",), ("SELECT", make.randrange(2)), *others, ("SELECT", 0)])
                call("CONFIG", "SET", "rdb-key-save-delay", 0)
                self.written(running)
                self.begun(running, lambda: "in step" in running.said())
                running.kill(signal.SIGTERM)
                if seed % 2:
                    running.wait()
                    running = self.begin(*job, "--exit-when-in-step", "1ms")
                self.finish(running)
                self.assert_equal_data()

    def test_snapshot_that_cannot_be_made(self):
        """For some time."""
        call = self.live.call
        call.pipeline([("SET", "a", 1), ("CONFIG", "SET", "repl-diskless-sync", "no"), ("CONFIG", "SET", "dir", "/proc")])
        running = self.begin(*self.job())
        self.begun(running, lambda: "connection closed by the server" in running.said())
        call.pipeline([("CONFIG", "SET", "dir", self.live.folder), ("CONFIG", "SET", "repl-diskless-sync", "yes")])
        self.stop(running)
        self.assert_equal_data()

    @soak
    def test_flushes_without_an_end(self):
        call = self.live.call
        call("CONFIG", "SET", "rdb-key-save-delay", 1000)
        self.addCleanup(call, "CONFIG", "SET", "rdb-key-save-delay", 0)
        running = self.begin(*self.job("--source-retry-for", "2s"))
        while running.process.poll() is None:
            call.pipeline([("FLUSHALL",), ("DEBUG", "POPULATE", 3000, "k", 300)])
            time.sleep(0.3)
        self.finish(running, UNAVAILABLE)
        self.assertIn("gave up after 2 s", self.said)

    def test_flush_in_a_snapshot_that_replaces_keys(self):
        """What the first one has written cannot be told from what was there."""
        self.live.call("DEBUG", "POPULATE", 20_000, "k", 1000)
        self.live.call("CONFIG", "SET", "rdb-key-save-delay", 100)
        self.addCleanup(self.live.call, "CONFIG", "SET", "rdb-key-save-delay", 0)
        running = self.begin(*self.job("--on-exists", "replace"))
        self.begun(running, lambda: self.target.call("DBSIZE") > 0)
        self.live.call("FLUSHALL")
        self.finish(running, UNAVAILABLE)
        self.assertIn("in the middle of the snapshot", self.said)

    @scaled(test=2, soak=20)
    def test_kills_in_the_snapshot(self, count):
        """Another one is written over what is there, of which the source has deleted or changed some in the meantime."""
        for seed in range(SEED, SEED + count):
            with self.subTest(seed=seed):
                self.setUp()
                make, call = random.Random(seed), self.live.call
                call("DEBUG", "POPULATE", 3000, "k", 300)
                call.pipeline([("EXPIRE", f"k:{i}", 1000) for i in range(0, 3000, 7)])
                job = self.lasting("--rate", "1MB/s", "--connections", "1")
                for _ in range(3):
                    running = self.begin(*job)
                    self.begun(running, lambda: self.target.call("DBSIZE") > 1)
                    time.sleep(make.uniform(0, 0.6))
                    running.kill(signal.SIGKILL)
                    running.wait()
                    for i in make.sample(range(3000), 100):
                        call(*make.choice((("DEL", f"k:{i}"), ("PERSIST", f"k:{i}"), ("RPUSH", f"l:{i}", i))))
                running = self.begin(*job)
                with Writer(self.live, seed, flushes=False):
                    self.begun(running, lambda: "in step" in running.said())
                self.complete(running, job)
                self.assertIn("begins anew", running.said())
                self.assert_equal_data()

    def test_kill_in_the_snapshot_of_another_target(self):
        """What the target has by then is not touched."""
        self.live.call("DEBUG", "POPULATE", 3000, "k", 300)
        job = self.lasting("--rate", "100KB/s")
        running = self.begin(*job)
        self.begun(running, lambda: self.target.call("DBSIZE") > 1)
        running.kill(signal.SIGKILL)
        running.wait()
        self.target.call.pipeline([("FLUSHALL",), ("SET", "k:1", "another's")])
        self.finish(self.begin(*job), TARGET)
        self.assertIn("none by which the run of the checkpoint", self.said)
        self.assertEqual(self.target.call.pipeline([("DBSIZE",), ("GET", "k:1")]), [1, b"another's"])

    @soak
    def test_target_that_restarts(self):
        settings = {"port": free_port(), "appendonly": "yes", "appendfsync": "always"}
        folder = self.fresh()
        self.target = TcpServer(folder, **settings)
        job = self.lasting()
        running = self.begin(*job)
        self.written(running, "begun")
        with Writer(self.live, SEED):
            time.sleep(0.5)
            self.target.stop(signal.SIGKILL)
            time.sleep(1)
            self.target = TcpServer(folder, **settings)
            self.addCleanup(self.target.stop)
            time.sleep(0.5)
        self.complete(running, job)
        self.assert_equal_data()


@needs_version(redis=(7, 0))
class Refusals(FollowReplaying):
    def refused(self, *arguments, said, expected=USAGE):
        self.replay_fails(*arguments, expected=expected)
        self.assertIn(said, self.said)

    def replay_fails(self, *arguments, expected):
        running = self.begin(*arguments)
        self.finish(running, expected)

    def test_target_with_keys(self):
        self.target.call("SET", "a", 1)
        self.refused(*self.job(), said="nothing written: the target has 1 key", expected=TARGET)

    def test_two_runs(self):
        """The second sees the mark of the first also before anything is written."""
        first = self.begin(*self.job("--exit-when-in-step", "2s"))
        self.begun(first, lambda: self.target.call("DBSIZE"))
        second = self.begin(*self.job("--exit-when-in-step", "2s"))
        self.finish(second, TARGET)
        self.live.call.pipeline([("INCR", "c"), ("RPUSH", "l", "i")])
        self.finish(first)
        self.assert_equal_data()

    def test_nothing_written(self):
        """The target is as it was, and another run can begin."""
        self.live.call("CONFIG", "SET", "rdb-key-save-delay", 4_000_000)
        self.addCleanup(self.live.call, "CONFIG", "SET", "rdb-key-save-delay", 0)
        self.live.call("ACL", "SETUSER", "copy", "on", ">pw", "+psync", "+replconf", "+ping", "+info")
        self.live.call("SET", "a", 1)
        source = url_of(self.live).replace("redis://", "redis://copy:pw@")
        running = self.begin(*self.job("--source-retry-for", "1s", source=source))
        self.begun(running, lambda: self.target.call("DBSIZE"))
        self.live.call.pipeline([("ACL", "SETUSER", "copy", "off"), ("CLIENT", "KILL", "TYPE", "replica")])
        self.assertNotEqual(running.wait(), 0)
        self.live.call("ACL", "DELUSER", "copy")
        self.assertEqual(self.target.call("DBSIZE"), 0)

    def test_filters_that_commands_do_not_tell(self):
        self.refused(*self.job("-t", "string"), said="type")
        self.assertNotIn(b"sync_full:1\r", self.live.call("INFO", "stats"))

    def test_stream_that_is_gone(self):
        job = self.lasting()
        running = self.begin(*job)
        self.written(running)
        self.stop(running)
        empty(self.live.call)
        self.live.call("CONFIG", "SET", "repl-backlog-size", 16384)
        self.addCleanup(self.live.call, "CONFIG", "SET", "repl-backlog-size", "16mb")
        self.live.call.pipeline([("SET", f"k{i}", "x" * 1000) for i in range(100)])
        before = self.target.call("DEBUG", "DIGEST")
        self.refused(*job, said="a new snapshot is needed", expected=3)
        self.assertEqual(self.target.call("DEBUG", "DIGEST"), before)


    def test_target_that_has_lost_writes(self):
        """Restored from an older state, or emptied, while no run follows."""
        for loss in (("DEBUG", "RELOAD", "NOSAVE"), ("FLUSHALL",)):
            with self.subTest(loss):
                self.setUp()
                job = self.lasting()
                running = self.begin(*job)
                self.written(running, "kept")
                self.target.call("SAVE")
                self.written(running, "lost")
                self.stop(running)
                self.target.call(*loss)
                self.refused(*job, said="has lost writes that it had acknowledged", expected=TARGET)


class Application(threading.Thread):
    """Writes numbers to a server, each of which it has been told to be written, and goes on at another one when it is
    told to. What was not acknowledged is written again there."""

    def __init__(self, source, target):
        super().__init__(daemon=True)
        self._calls, self.written = (source, target), 0
        self.switched, self._ended = threading.Event(), threading.Event()
        self.start()

    def run(self):
        source = Client(os.path.join(self._calls[0].folder, "socket"), seconds=0.5)
        try:
            while not self.switched.is_set():
                self._write(source)
        except OSError:  # the writes are paused
            source.close()
        self.switched.wait(60)
        with contextlib.closing(Client(os.path.join(self._calls[1].folder, "socket"))) as target:
            while not self._ended.is_set():
                self._write(target)

    def _write(self, call):
        number = self.written + 1
        call.pipeline([("SADD", "numbers", number), ("SET", f"k{number % 50}", number, "EX", 1000)])
        self.written = number

    def stop(self):
        self._ended.set()
        self.join(60)


@needs_version(redis=(7, 0))
class CutOver(FollowReplaying):
    def test_no_lost_write(self):
        self.addCleanup(self.live.call, "CLIENT", "UNPAUSE")
        self.live.call("SET", "apart", 1, "EX", 1000)
        application = Application(self.live, self.target)
        running = self.begin(*self.job("--cutover", "20s"))
        self.finish(running)
        self.assertRegex(self.said, "complete at offset [0-9]+: switch now")
        self.assertRegex(self.said, "[0-9]+ keys compared before the pause, and [0-9]+ that changed during it")
        application.switched.set()
        time.sleep(0.3)
        application.stop()
        self.assertGreater(application.written, 100)
        numbers = {int(number) for number in self.target.call("SMEMBERS", "numbers")}
        self.assertEqual(numbers, set(range(1, application.written + 1)))
        self.assertIn(self.target.call("TTL", "apart"), range(1, 1001))

    def test_names_that_change(self):
        """What comes is written under its own name, also if it was read before all keys are compared."""
        self.addCleanup(self.live.call, "CLIENT", "UNPAUSE")
        self.live.call.pipeline([("SET", f"k{i}", i) for i in range(3000)])
        make, call = random.Random(SEED), Client(os.path.join(self.live.folder, "socket"))
        self.addCleanup(call.close)

        def write():
            names = [f"k{make.randrange(3000)}" for _ in range(make.randrange(300))]
            call.pipeline([("SET", "left", 1), *(("APPEND", name, "x") for name in names)])
            time.sleep(0.02)  # what is written faster than it can be followed is never in step

        with meanwhile(write) as ended:
            running = self.begin(*self.job("--cutover", "30s", "--rename", "s/^/new:/", "--no-match", "left"))
            self.begun(running, lambda: "paused for" in running.said())
            ended.set()
            self.finish(running)
            self.live.call("CLIENT", "UNPAUSE")
        self.assertNotIn("all keys are compared during the pause", self.said)

    def test_pause_that_somebody_ends(self):
        """What is written then, after all keys have been compared, is in the source only: clients are not switched."""
        self.live.call("ACL", "SETUSER", "copy", "on", ">pw", "+psync", "+replconf", "+ping", "+info", "+client")
        self.addCleanup(self.live.call, "ACL", "DELUSER", "copy")
        self.live.call("SET", "a", 1)
        url = url_of(self.live).replace("redis://", "redis://copy:pw@")
        running = self.begin(*self.job("--cutover", "60s", "--cutover-command", f"touch {self.path('switched')}", source=url))
        self.live.call("CONFIG", "SET", "repl-diskless-sync-delay", 3)
        self.addCleanup(self.live.call, "CONFIG", "SET", "repl-diskless-sync-delay", 0)
        self.begun(running, lambda: "are paused for" in running.said())
        self.begun(running, lambda: b"state=wait_bgsave" in self.live.call("INFO", "replication"))
        forks = self.forks()
        with self.target.halted():
            self.begun(running, lambda: self.forks() > forks)
            self.live.call.pipeline([("CLIENT", "UNPAUSE"), ("SET", "late", 1)])
        self.finish(running, TARGET)
        self.assertIn("written to during the pause", self.said)
        self.assertFalse(os.path.exists(self.path("switched")))
        self.assertEqual(self.live.call("SET", "later", 1), b"OK")

    def forks(self):
        return int(re.search(rb"total_forks:(\d+)", self.live.call("INFO", "stats")).group(1))

    @soak
    def test_command(self):
        self.addCleanup(self.live.call, "CLIENT", "UNPAUSE")
        running = self.begin(*self.job("--cutover", "10s", "--cutover-command", f"touch {self.path('switched')}"))
        self.finish(running)
        self.assertTrue(os.path.exists(self.path("switched")))

    @soak
    def test_trouble(self):
        """The writes go on, whatever it is."""
        cases = {
            "command": (["--cutover-command", "false"], TARGET, "exit status 1"),
            "no command": (["--cutover-command", "/nonexistent"], TARGET, "No such file"),
        }
        for name, (options, expected, said) in cases.items():
            with self.subTest(name):
                self.setUp()
                self.finish(self.begin(*self.job("--cutover", "30s", *options)), expected)
                self.assertIn(said, self.said)
                self.assertEqual(self.live.call("SET", "a", 1), b"OK")

    def test_ended_while_it_switches(self):
        """Nothing of the source is written to a target that clients may use."""
        job = self.lasting("--cutover", "60s", "--cutover-command", f"sh {self.path('switch')}")
        with open(self.path("switch"), "w", encoding="utf-8") as file:
            file.write(f"touch {self.path('begun')}\nexec sleep 20\n")
        self.live.call("SET", "a", 1)
        for number in (signal.SIGKILL, signal.SIGTERM):
            running = self.begin(*job)
            self.begun(running, lambda: os.path.exists(self.path("begun")))
            running.kill(number)
            running.wait()
            self.live.call.pipeline([("CLIENT", "UNPAUSE"), ("SET", "a", 2)])
            self.finish(self.begin(*job), USAGE)
            self.assertIn("while it switched the clients", self.said)
            self.assertEqual(self.target.call("GET", "a"), b"1")
            os.remove(self.path("begun"))
            empty(self.target.call)
            os.remove(job[4])
            self.live.call("SET", "a", 1)

    @scaled(test=2, soak=4)
    def test_different(self, count):
        """Found before the pause, and named during it: another value, a key too many, an expiry, a key that is missing."""
        for planted in (("SET", "a", 2), ("SET", "b", 1), ("PEXPIRE", "a", 10**14), ("DEL", "a"))[:count]:
            with self.subTest(planted):
                self.setUp()
                self.live.call.pipeline([("SET", "a", 1), ("SET", "c", 1, "EX", 1000)])
                running = self.begin(*self.job("--cutover", "30s"))
                self.begun(running, lambda: self.target.call("EXISTS", "a"))
                self.target.call(*planted)
                self.finish(running, TARGET)
                self.assertIn("before the writes are paused", self.said)
                self.assertIn("not the same as the source", self.said)
                self.assertEqual(self.live.call("SET", "a", 1), b"OK")

    def test_commands_that_are_left_out(self):
        """What they change differs, also if that was after the comparison before the pause."""
        self.live.call.pipeline([("SET", f"k{i}", i) for i in range(3000)])
        running = self.begin(*self.job("--cutover", "30s", "--drop-command", "append"))
        self.begun(running, lambda: "before the writes are paused" in running.said())
        self.live.call.pipeline([("APPEND", f"k{i}", "x") for i in range(3000)])
        self.finish(running, TARGET)
        self.assertIn("not the same as the source", self.said)

    @soak
    def test_changes_that_are_not_known_by_keys(self):
        """All keys are compared during the pause; what else is written is compared by its names."""
        cases = {
            "keys compared during the pause": [("SELECT", 0), ("SWAPDB", 0, 1)],
            "compared before the pause": [("SELECT", 0), ("APPEND", "a", "x"), ("SELECT", 1), ("LPUSH", "l", 1), ("EXPIRE", "l", 1000)],
        }
        for said, commands in cases.items():
            with self.subTest(said):
                self.setUp()
                self.live.call.pipeline([("SET", f"k{i}", i, "EX", 1000) for i in range(3000)])

                def write(commands=commands):
                    self.live.call.pipeline(commands)
                    time.sleep(0.001)

                with contextlib.suppress(OSError), meanwhile(write):
                    self.finish(self.begin(*self.job("--cutover", "3s")))
                self.live.call("CLIENT", "UNPAUSE")
                self.assertIn(said, self.said)
                self.assertIn("switch now", self.said)

    @soak
    def test_time(self):
        """What takes longer than the pause may take ends it, and the run, as the target has its own expiries by then: they
        do not delete what the source prolongs, as another snapshot is written."""
        self.live.call("CONFIG", "SET", "repl-diskless-sync-delay", 3)
        self.addCleanup(self.live.call, "CONFIG", "SET", "repl-diskless-sync-delay", 0)
        self.live.call("SET", "prolonged", 1, "EX", 1000)
        job = self.lasting("--cutover", "1s")
        running = self.begin(*job)
        with meanwhile(lambda: self.live.call("SWAPDB", 0, 1)):
            self.finish(running, TARGET)
        self.assertIn("longer than the pause", self.said)
        self.live.call.pipeline([("SET", "a", 1), ("SELECT", 1), ("PERSIST", "prolonged"), ("SELECT", 0)])
        self.target.call.pipeline([("SELECT", 1), ("DEL", "prolonged"), ("SELECT", 0)])  # what its expiry would do
        running = self.begin(*job[:-2])
        self.written(running)
        self.assertIn("the snapshot begins anew", running.said())
        self.complete(running, job[:-2])
        self.assert_equal_data()

    def test_permission(self):
        """Told in the first second."""
        self.live.call("ACL", "SETUSER", "copy", "on", ">pw", "+psync", "+replconf", "+ping", "+info")
        self.addCleanup(self.live.call, "ACL", "DELUSER", "copy")
        url = url_of(self.live).replace("redis://", "redis://copy:pw@")
        running = self.begin(*self.job("--cutover", "3s", source=url))
        self.finish(running, 3)
        self.assertIn("CLIENT", self.said)


@needs_version(redis=(7, 0))
@needs(TLS, ACL)
class Encrypted(FollowReplaying):
    """TLS with a client certificate, and users that have only what the manual names."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority(cls.class_folder(), "test")
        cls.certificate, cls.key = cls.authority.issue("client", "DNS:client")
        settings = {**cls.source_settings, **tls_settings(cls.authority, f"IP:{HOST}", tls_auth_clients="yes")}
        cls.live = cls.started(TcpServer(cls.class_folder(), port=0, **settings))
        cls.live.call("ACL", "SETUSER", "copy", "on", ">pw", "+psync", "+replconf", "+ping")
        cls.live.call("ACL", "SETUSER", "switch", "on", ">pw", "+psync", "+replconf", "+ping", "+client", "+info")

    def secure(self, user, *options):
        tls = ("--source-cacert", self.authority.certificate, "--source-cert", self.certificate, "--source-key", self.key)
        return self.lasting(*tls, *options, source=f"rediss://{user}:pw@{HOST}:{self.live.port}")

    def test_permissions(self):
        job = self.secure("copy")
        running = self.begin(*job)
        self.begun(running, lambda: "in step" in running.said())
        with Writer(self.live, SEED):
            self.live.call("CLIENT", "KILL", "TYPE", "replica")
            time.sleep(0.3)
        self.written(running)
        self.complete(running, job)
        self.assert_equal_data()
        self.addCleanup(self.live.call, "CLIENT", "UNPAUSE")
        self.setUp()
        self.live.call("SET", "a", 1)
        self.finish(self.begin(*self.secure("switch", "--cutover", "20s")))
        self.assertIn("switch now", self.said)
        self.assertNotIn("pw", self.said)


@needs_version(redis=(7, 0))
class IntoCluster(WithCluster):
    """Several databases, flattened, with hash tags."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.live = cls.started(TcpServer(cls.class_folder(), repl_diskless_sync_delay=0))

    @classmethod
    def settings(cls):
        """No node is given up for dead."""
        return {**super().settings(), "cluster_node_timeout": 60000}

    def expected(self):
        flat = self.path("flat.rdb")
        self.live.call("SAVE")
        self.ferry("convert", os.path.join(self.live.folder, "dump.rdb"), "-o", flat, *RULES, "-q")
        self.oracle.facts(flat)
        return self.facts(self.oracle.call)

    @staticmethod
    def facts(call):
        """The digest and the expiry of each key."""
        return {key: (call("DEBUG", "DIGEST-VALUE", key), call("PEXPIRETIME", key)) for key in call("KEYS", "*")}

    @soak
    def test_workload(self):
        job = [url_of(self.live), *RULES, self.cluster.url, "--follow", "--checkpoint", self.path("checkpoint"), "--resume"]
        running = self.begin(*job)
        self.begun(running, lambda: "in step" in running.said())
        families = [f"user:{i}:" for i in range(9)]
        with Writer(self.live, SEED, families=families, flushes=False, swaps=False):
            time.sleep(1)
            running.kill()
            running.wait()
            running = self.begin(*job)
            time.sleep(1)
        self.finish(self.ended(running, job))
        found = {key: fact for node in self.primaries for key, fact in self.facts(node.call).items()}
        self.assertEqual(found, self.expected())

    def test_halted_node_that_is_asked(self):
        """What took over from a node whose connections are lost is asked of one that does not answer; another one gets its
        keys all the while."""
        halting, lost, other = self.primaries
        keys = [f"k{i}" for i in range(50)]
        first, *more = [key for key in keys if self.cluster.node_of(slot_of(key.encode())) is lost]
        others = [key for key in keys if self.cluster.node_of(slot_of(key.encode())) is other]
        running = self.begin(url_of(self.live), self.cluster.url, "--follow")
        self.begun(running, lambda: "in step" in running.said())
        self.live.call("SET", first, 1)
        wait_until(lambda: lost.call("EXISTS", first))
        with halting.halted():
            lost.call("CLIENT", "PAUSE", 60000, "WRITE")
            self.live.call("SET", more[0], 1)
            wait_until(lambda: b"blocked_clients:1\r" in lost.call("INFO", "clients"))
            lost.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            lost.call("CLIENT", "UNPAUSE")
            self.begun(running, lambda: "retrying" in running.said())
            for key in others:
                self.live.call("SET", key, 1)
                wait_until(lambda key=key: other.call("EXISTS", key), seconds=5)
        wait_until(lambda: lost.call("EXISTS", more[0]))
        running.kill(signal.SIGTERM)
        self.finish(running)

    def ended(self, running, job):
        running.kill(signal.SIGTERM)
        running.wait()
        return self.begin(*job, "--exit-when-in-step", "300ms")


@needs_version(redis=(7, 0))
class FromSentinels(WithTarget):
    @soak
    def test_failover(self):
        """The stream goes on at the server that takes over."""
        watched = Watched(self.fresh())
        self.addCleanup(watched.stop)
        primary = watched.primary()
        running = self.begin(watched.url, self.url, "--follow", "--checkpoint", self.path("checkpoint"))
        for i in range(100):
            primary.call("INCR", "counter")
        self.begun(running, lambda: self.call("GET", "counter") == b"100")
        self.assertEqual(primary.call("WAIT", 3, 60_000), 3)  # the replicas, and we
        primary.kill()
        wait_until(lambda: watched.primary() is not primary)
        new = watched.primary()
        wait_until(new.is_primary)
        for i in range(100):
            new.call("INCR", "counter")
        self.begun(running, lambda: self.call("GET", "counter") == b"200")
        self.assertEqual(running.said().count("snapshot written"), 1)
