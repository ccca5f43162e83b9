# SPDX-License-Identifier: MIT
"""`rdbferry replay` while the connection, or the server, is in trouble that passes: in the end all is there, nothing
twice, and what was there before is as it was to be."""
import contextlib
import itertools
import json
import os
import random
import threading
import time
import unittest

from lib.cutting_proxy import KINDS, PROMPT, CuttingProxy
from lib.kinds import needs_version
from lib.live_targets import HOST, TcpServer, wait_until
from lib.observe import differences, observe
from lib.replaying import (
    BIG,
    DONE,
    TARGET,
    UNAVAILABLE,
    Replaying,
    WithTarget,
    WithTargets,
    counts,
    fill_some,
    obstacles_for,
    places_of,
    url_of,
)
from lib.resp import Client, ReplyError
from lib.soaking import scaled
from lib.splitting import ferry

MODES = ("auto", "commands", "restore")
SEEDS = {"test": 2, "soak": 50}  # of each test with cuts


@needs_version(redis=(7, 0))
class Cuts(WithTargets):
    """Connections that are cut at random places, in every way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(cls.fill)
        cls.facts = cls.oracle.facts(cls.dump)
        cls.obstacles = list(obstacles_for(places_of(cls.facts), 9))
        cls.in_the_way = len(cls.obstacles) // 3
        cls.with_obstacles = cls.oracle.facts(cls.dump, cls.obstacles)
        cls.obstacles_alone = cls.facts_of(cls.obstacles)

    @staticmethod
    def fill(call):
        """Some values are so large that a connection can be lost while they are being encoded. Where a server took
        a part of them for commands, it would do what it says there."""
        fill_some(call, scale=0.3)
        make = random.Random(1)
        items = [make.randbytes(80) + b"\r\nSET poison 1\r\n" for _ in range(10_000)]
        call("SET", "str:great", b"".join(items))
        call("RPUSH", "list:great", *items)

    def runs(self, count, check, kinds, obstacles, dump, *arguments, on_exists=None):
        """Runs with cuts, each followed by check(exit code, report, facts)."""

        def attempt(target, seed, folder):
            make = random.Random(seed)
            options = ["--mode", MODES[seed % 3], "--connections", make.choice((1, 2, 3))]
            options += ["--big-key", make.choice(("2K", BIG, "1M")), *(self.on_exists(on_exists) if on_exists else [])]
            options += ["--report", os.path.join(folder, "report")]
            target.call.pipeline(obstacles)
            with CuttingProxy(os.path.join(target.folder, "socket"), seed, kinds=kinds) as proxy:
                done = ferry("replay", dump, proxy.url, *options, *arguments)
            self.batches.append(target.count_calls(b"mset") + target.count_calls(b"msetnx"))
            with open(options[-1], encoding="utf-8") as file:
                return options, done, json.load(file), observe(target.call)

        def check_it(options, done, report, facts):
            with self.subTest(options=options, arguments=arguments, said=done.stderr.decode(errors="replace")[-999:]):
                check(done.returncode, report, facts)

        self.batches = []
        self.try_seeds(count, attempt, check_it)

    def seeds(self, count, obstacles, on_exists):
        """Runs with every seed. Connections have to have been lost, and some keys sent again."""
        kept = self.in_the_way if obstacles and on_exists != "replace" else 0
        code = TARGET if on_exists == "fail" and obstacles else DONE
        expected = self.with_obstacles if kept else self.facts
        recovered = {"connections_lost": 0, "keys_resent": 0}

        def check(status, report, there):
            self.assertEqual(status, code)
            self.assertEqual(differences(expected, there), [])
            found = counts(report)
            self.assertEqual(found["written"], sum(self.facts["sizes"].values()) - kept)
            self.assertEqual(found["failed" if on_exists == "fail" else "skipped"], kept)
            for name in recovered:
                recovered[name] += found[name]

        self.runs(count, check, KINDS, obstacles, self.dump, on_exists=on_exists)
        self.assertGreater(min(recovered.values()), count // 4)  # it is not by chance that nothing was lost
        self.assertGreater(sum(self.batches), count // 2)

    @scaled(**SEEDS)
    def test_nothing_in_the_way(self, count):
        """What the run has written itself is not there already."""
        self.seeds(count, [], "fail")

    @scaled(**SEEDS)
    def test_fail(self, count):
        self.seeds(count, self.obstacles, "fail")

    @scaled(test=2, soak=12)
    def test_fail_before_the_first_write(self, count):
        """Nobody has asked for the keys that do not exist."""

        def check(status, report, there):
            self.assertEqual(status, TARGET)
            self.assertEqual(differences(self.obstacles_alone, there), [])
            self.assertIn(f"nothing written: {self.in_the_way} keys already exist", report["error"]["message"])
            self.assertEqual(counts(report)["written"], 0)

        self.runs(count, check, KINDS, self.obstacles, self.dump, "--on-exists", "fail")

    @scaled(**SEEDS)
    def test_skip(self, count):
        self.seeds(count, self.obstacles, "skip")

    @scaled(**SEEDS)
    def test_replace(self, count):
        self.seeds(count, self.obstacles, "replace")

    @scaled(test=2, soak=12)
    def test_who_may_not_kill_connections(self, count):
        """Nothing of theirs comes late here."""
        rights = ["+@all", "-client", "-wait", "-config"]
        for target in self.targets:
            target.call("ACL", "SETUSER", "app", "reset", "on", ">secret", "~*", "&*", *rights)
            self.addCleanup(target.call, "ACL", "DELUSER", "app")

        def check(status, _, there):
            self.assertEqual(status, DONE)
            self.assertEqual(differences(self.facts, there), [])

        self.runs(count, check, PROMPT, [], self.dump, "--user", "app", "-a", "secret")

    def test_keys_that_expire_meanwhile(self):
        """One that has gone since it was written is not written again for ever, or found missing."""

        def fill(call):
            for i in range(200):
                call.pipeline([("SET", f"str:{i}", "x" * 1000), ("RPUSH", f"list:{i}", *range(500))])
            call("SET", "stays", 1)
            now = int(time.time() * 1000)  # the first goes when all is saved
            whens = [now + 1500 + i * 10 for i in range(200)]
            call.pipeline([("PEXPIREAT", f"{name}:{i}", when) for i, when in enumerate(whens) for name in ("str", "list")])

        expired = []

        def check(status, report, _):
            self.assertEqual(status, DONE)
            found = counts(report)
            self.assertEqual(found["written"] + found["expired"], 401)
            expired.append(found["expired"])

        self.runs(4, check, KINDS, [], self.dump_of(fill), "--rate", "200KB/s")
        self.assertGreater(sum(expired), 0)
        for target in self.targets:
            wait_until(lambda call=target.call: call("DBSIZE") <= 1)
            self.assertEqual(target.call("KEYS", "*"), [b"stays"])

    def test_commands_of_an_aof(self):
        """Without transactions nobody knows whether they were done: that is the end, and is said."""
        path = self.path("a.aof")
        self.ferry("convert", self.dump, "-o", path)
        ended = []

        def check(status, report, there):
            ended.append(status != DONE)
            if status == DONE:
                self.assertEqual(differences(self.facts, there), [])
            else:
                self.assertEqual(status, TARGET)
                self.assertRegex(report["error"]["message"], "connection (lost|closed by the server)")

        self.runs(10, check, PROMPT, [], path, "--retry-for", "10s", "--no-transactions")
        self.assertGreater(sum(ended), 2)


@needs_version(redis=(7, 0))
class Slow(WithTarget):
    """Nothing is lost, it only takes long."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some)
        cls.facts = cls.oracle.facts(cls.dump)

    def test_network(self):
        socket = os.path.join(self.target.folder, "socket")
        for connections in (1, 3):
            with self.subcase(connections=connections), CuttingProxy(socket, pace=1 / 2_000_000) as proxy:
                found = counts(self.replay(self.dump, proxy.url, "--connections", connections))
                self.assertEqual((found["connections_lost"], found["keys_resent"]), (0, 0))
                self.assert_holds(self.facts, self.call)

    def interrupted(self, trouble, *options):
        """Has a replay in the midst of its work when there is trouble."""
        running = self.begin(self.dump, self.url, "--rate", "2MB/s", "--big-key", BIG, *options)
        self.begun(running, lambda: self.call("DBSIZE") > 50)
        trouble()
        self.finish(running)
        self.assert_holds(self.facts, self.call)

    def sleep(self):
        self.call("DEBUG", "SLEEP", 1.5)

    def halt(self):
        with self.target.halted():
            time.sleep(2)

    def test_server_that_sleeps(self):
        self.interrupted(self.sleep)

    def test_server_that_is_halted(self):
        self.interrupted(self.halt)

    @scaled(test=1, soak=3)
    def test_server_that_is_given_up_too_soon(self, count):
        """It goes on all the same with what it has received, when the next connection is there already."""
        ways = ("auto", self.sleep), ("commands", self.halt), ("restore", self.sleep)
        for mode, trouble in ways[:count]:
            with self.subcase(mode=mode):
                self.interrupted(trouble, "--timeout", "300ms", "--mode", mode)

    def test_server_that_loads(self):
        """Already when the replay begins."""
        for key in range(2000):
            self.call("SET", f"in db 7: {key}", "x")
            self.call("MOVE", f"in db 7: {key}", 7)
        self.configure("key-load-delay", 500)
        self.configure("loading-process-events-interval-bytes", 1024)
        thread = threading.Thread(target=self.call, args=("DEBUG", "RELOAD"))
        thread.start()
        wait_until(lambda: self.is_refusing("LOADING"))
        self.replay(self.dump, self.url)
        thread.join()
        self.call.pipeline([("SELECT", 7), ("FLUSHDB",), ("SELECT", 0)])
        self.assert_holds(self.facts, self.call)
        self.assertGreater(self.target.count_errors(b"LOADING"), 1)

    def test_script_that_takes_long(self):
        """BUSY"""
        self.configure("busy-reply-threshold", 10)

        def busy():
            thread = threading.Thread(target=self.run_for_ever)
            thread.start()
            wait_until(lambda: self.is_refusing("BUSY"))
            time.sleep(0.7)
            with self.another_client() as client:
                client("SCRIPT", "KILL")
            thread.join()

        self.interrupted(busy)
        self.assertGreater(self.target.count_errors(b"BUSY"), 2)

    def another_client(self):
        return contextlib.closing(Client(os.path.join(self.target.folder, "socket")))

    def run_for_ever(self):
        with self.another_client() as client, contextlib.suppress(ReplyError):  # it is killed
            client("EVAL", "while true do end", 0)

    def is_refusing(self, code):
        with self.another_client() as client:
            try:
                client("GET", "a key")
                return False
            except ReplyError as error:
                return str(error).startswith(code)

    def test_writes_that_are_paused(self):
        self.interrupted(lambda: self.call("CLIENT", "PAUSE", 1000, "WRITE"))

    def test_clients_that_are_killed(self):
        """Again and again, by somebody else."""

        def kill():
            for _ in range(8):
                self.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                time.sleep(0.05)

        for mode in MODES:
            with self.subcase(mode=mode):
                self.interrupted(kill, "--mode", mode)

    def test_becomes_a_replica_for_a_while(self):
        def demote():
            self.call("REPLICAOF", HOST, "1")
            time.sleep(0.5)
            self.call("REPLICAOF", "NO", "ONE")

        self.interrupted(demote)


@needs_version(redis=(7, 0))
class Restarts(Replaying):
    """A server that is stopped and comes back with its data, which it has to load first."""

    SLOWLY = {"key_load_delay": 1500, "loading_process_events_interval_bytes": 1024}
    loading = 0  # answers that said so

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some)
        cls.facts = cls.oracle.facts(cls.dump)
        cls.obstacles = list(obstacles_for(places_of(cls.facts), 9))
        cls.with_obstacles = cls.oracle.facts(cls.dump, cls.obstacles)

    def restart(self, mode, on_exists, stop, **settings):
        """A replay goes on over a restart; the target holds in the end what it should."""
        folder = self.fresh()
        with TcpServer(folder, **settings) as server:
            server.call.pipeline(self.obstacles)
            port = server.port
            options = ["--mode", mode, *self.on_exists(on_exists), "--big-key", BIG, "--rate", "1500KB/s"]
            running = self.begin(self.dump, url_of(server), *options)
            self.begun(running, lambda: server.call("DBSIZE") > 100)
            stop(server)
        with TcpServer(folder, port=port, **settings, **self.SLOWLY) as server:
            self.finish(running, TARGET if on_exists == "fail" else DONE)
            self.loading += server.count_errors(b"LOADING")
            self.assert_holds(self.facts if on_exists == "replace" else self.with_obstacles, server.call)

    @staticmethod
    def shut_down(server):
        """Answers that clients have seen are of what is saved."""
        try:
            server.call("SHUTDOWN", "SAVE")
        except (ConnectionError, OSError):
            pass

    @scaled(test=1, soak=6)
    def test_saved(self, count):
        ways = itertools.product(("auto", "commands"), ("fail", "skip", "replace"))
        for mode, on_exists in itertools.islice(ways, count):
            with self.subTest(mode=mode, on_exists=on_exists):
                self.restart(mode, on_exists, self.shut_down)
        self.assertGreater(self.loading, 0)

    @scaled(test=1, soak=4)
    def test_killed(self, count):
        """With an AOF of what it has answered."""
        settings = {"appendonly": "yes", "appendfsync": "always"}
        ways = itertools.product(("commands", "auto"), ("fail", "replace"))
        for mode, on_exists in itertools.islice(ways, count):
            with self.subTest(mode=mode, on_exists=on_exists):
                self.restart(mode, on_exists, TcpServer.kill, **settings)

    def test_gone_for_too_long(self):
        """The run ends, and tells where; it can be resumed when the server is back."""
        folder, checkpoint = self.fresh(), self.path("checkpoint")
        settings = {"appendonly": "yes", "appendfsync": "always"}
        with TcpServer(folder, **settings) as server:
            port = server.port
            job = [self.dump, url_of(server), "--checkpoint", checkpoint, "--big-key", BIG]
            running = self.begin(*job, "--rate", "1500KB/s", "--retry-for", "1s")
            self.begun(running, lambda: server.call("DBSIZE") > 100)
            server.kill()
            self.finish(running, UNAVAILABLE)
            self.assertIn("Connection refused", self.said)
            self.assertIn("--resume", self.said)
        with TcpServer(folder, port=port, **settings) as server:
            self.replay(*job, "--resume")
            self.assert_holds(self.facts, server.call)


if __name__ == "__main__":
    unittest.main()
