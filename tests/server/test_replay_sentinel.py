# SPDX-License-Identifier: MIT
"""`rdbferry replay` to the primary that Sentinels watch: finding it, and going on when another one takes over. What
the new primary has in the end is all of it: replication is asynchronous, and nothing of that may be seen."""
import contextlib
import os
import random
import re
import subprocess
import time
import unittest
from unittest import mock

from lib.failovers import Watched, received
from lib.kinds import needs_version
from lib.live_targets import HOST, Proxy, Sentinel, TcpServer, free_port, wait_until
from lib.replaying import BIG, TARGET, UNAVAILABLE, Replaying, fill_some, obstacles_for, places_of
from lib.soaking import scaled, soak
from lib.splitting import DONE, printed_seed

PASSWORD, OTHER_PASSWORD = "s3cret/@:pass", "an0ther one"
IN_URL = "s3cret%2F%40%3Apass"
CALM = 20_000  # bytes


def setUpModule():
    global SEED
    SEED = printed_seed()


def fill_few(call):
    call.pipeline([("SET", f"key:{i}", i) for i in range(50)])


# --- finding the primary ---


@needs_version(redis=(7, 0))
class Found(Replaying):
    """By one Sentinel, or two."""

    secret = PASSWORD

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_few)
        cls.target = cls.started(TcpServer(cls.class_folder()))
        cls.sentinel = cls.started(Sentinel(cls.class_folder(), {"main": cls.target.port}))
        cls.address = f"{HOST}:{cls.sentinel.port}"

    def setUp(self):
        super().setUp()
        self.target.call("FLUSHALL")

    def reaches(self, *arguments, **options):
        self.target.call("FLUSHALL")
        self.replay(self.dump, *arguments, "--verify", **options)
        self.assert_holds(self.expected(self.dump), self.target.call)

    def refused(self, *arguments, expected=TARGET):
        """Nothing is written. Returns what is said."""
        self.target.call("FLUSHALL")
        self.replay(self.dump, *arguments, "--retry-for", "1s", expected=expected)
        self.assertEqual(self.target.call("DBSIZE"), 0)
        return self.said

    def test_by_name(self):
        for arguments in (
            [f"redis+sentinel://{self.address}/main"],
            [f"valkey+sentinel://{self.address}/main"],
            [f"redis+sentinel://{self.address}"],  # it watches but one
            ["-p", self.sentinel.port],
        ):
            with self.subTest(arguments=arguments):
                self.reaches(*arguments)

    def test_next_sentinel(self):
        with Sentinel(self.fresh(), {}) as ignorant:
            for first in (f"{HOST}:{free_port()}", f"{HOST}:{ignorant.port}", "[::1]:1", "nowhere.invalid:26379"):
                with self.subTest(first=first):
                    self.reaches(f"redis+sentinel://{first},{self.address}/main")

    def test_unknown_name(self):
        said = self.refused(f"redis+sentinel://{self.address}/other")
        self.assertIn(f"Sentinel {self.address}: no primary 'other'; it monitors main", said)

    def test_several_primaries_and_no_name(self):
        with Sentinel(self.fresh(), {"main": self.target.port, "other": free_port()}) as sentinel:
            said = self.refused(f"redis+sentinel://{HOST}:{sentinel.port}")
            self.assertRegex(said, "name one of them: (main, other|other, main)")

    def test_nobody_there(self):
        said = self.refused(f"redis+sentinel://{HOST}:{free_port()},{HOST}:{free_port()}/main", expected=UNAVAILABLE)
        self.assertIn("cannot connect", said)

    def test_a_primary_that_is_a_replica(self):
        """The Sentinel has not heard of it yet: nothing may be written there, in no mode."""
        with TcpServer(self.fresh()) as server, Sentinel(self.fresh(), {"main": server.port}) as sentinel:
            server.call("REPLICAOF", HOST, self.target.port)
            for mode in ("auto", "commands"):
                said = self.refused(f"redis+sentinel://{HOST}:{sentinel.port}/main", "--mode", mode, expected=UNAVAILABLE)
                self.assertIn("not a primary, although", said)

    # --- passwords ---

    @contextlib.contextmanager
    def passwords(self, server=None, sentinel=None):
        """What the two ask for, while it lasts. (Connections that are there already stay.)"""
        self.target.call("FLUSHALL")
        self.target.call("CONFIG", "SET", "requirepass", server or "")
        if server:
            self.sentinel.call("SENTINEL", "SET", "main", "auth-pass", server)
        if sentinel:
            self.sentinel.call("ACL", "SETUSER", "default", "resetpass", ">" + sentinel)
        try:
            yield
        finally:
            self.target.call("CONFIG", "SET", "requirepass", "")
            self.sentinel.call("ACL", "SETUSER", "default", "nopass")

    def test_passwords(self):
        url = f"redis+sentinel://:{IN_URL}@{self.address}/main"
        for server, sentinel in ((PASSWORD, None), (PASSWORD, PASSWORD)):
            with self.subTest(server=bool(server), sentinel=bool(sentinel)), self.passwords(server, sentinel):
                self.reaches(url)
                self.reaches(f"redis+sentinel://{self.address}/main", "-a", PASSWORD)
                said = self.refused(f"redis+sentinel://{self.address}/main")
                self.assertIn("NOAUTH", said)
                self.assertIn("WRONGPASS", self.refused(f"redis+sentinel://:wrong@{self.address}/main"))

    def test_passwords_that_differ(self):
        """There is one password in a URL: whose it is not refuses it."""
        url = f"redis+sentinel://:{IN_URL}@{self.address}/main"
        for server, sentinel, reason in (
            (PASSWORD, OTHER_PASSWORD, "WRONGPASS"),
            (OTHER_PASSWORD, PASSWORD, "WRONGPASS"),
            (None, PASSWORD, "without any password configured"),
        ):
            with self.subTest(server=server, sentinel=sentinel), self.passwords(server, sentinel):
                said = self.refused(url)
                self.assertIn(reason, said)
                self.assertNotIn(OTHER_PASSWORD, said)

    def test_passwords_of_sentinels(self):
        """Who refuses is said. A password that the Sentinels do not ask for is none too many."""
        url = f"redis+sentinel://:{IN_URL}@{self.address}/main"
        theirs = ["--sentinel-pass", OTHER_PASSWORD]
        for server, sentinel in ((PASSWORD, OTHER_PASSWORD), (PASSWORD, None)):
            with self.subTest(sentinel=sentinel), self.passwords(server, sentinel):
                self.reaches(url, *theirs)
                self.reaches(url, "--sentinel-user", "default", *theirs)
                self.reaches(url, env={**os.environ, "RDBFERRY_SENTINEL_AUTH": OTHER_PASSWORD})
                self.reaches(
                    f"redis+sentinel://{self.address}/main",
                    *theirs,
                    env={**os.environ, "REDISCLI_AUTH": PASSWORD, "RDBFERRY_SENTINEL_AUTH": "is not asked"},
                )
        with self.passwords(PASSWORD, OTHER_PASSWORD):
            said = self.refused(url, "--sentinel-pass", "wrong")
            self.assertIn(f"Sentinel {self.address}: AUTH: WRONGPASS", said)
            self.assertIn("wrong user name or password for the Sentinels", said)
            said = self.refused(url.replace(IN_URL, "wrong"), *theirs)
            self.assertIn(f"primary {HOST}:{self.target.port}: AUTH: WRONGPASS", said)
            self.assertIn("wrong user name or password: pass them", said)
            said = self.refused(f"redis+sentinel://{self.address}/main", *theirs)
            self.assertRegex(said, f"primary {HOST}:{self.target.port}: [A-Z]+: NOAUTH")
            self.assertNotIn(OTHER_PASSWORD, said)

    def test_an_address_that_is_mapped(self):
        """A proxy stands where the address leads that the Sentinel names."""
        with Proxy(os.path.join(self.target.folder, "socket")) as proxy:
            url, port = f"redis+sentinel://{self.address}/main", self.target.port
            self.reaches(url, "--map-address", f"{HOST}:{port}={HOST}:{proxy.port}")
            self.assertGreater(proxy.connections, 0)
        said = self.refused(url, "--map-address", f"{HOST}:{port}={HOST}:{free_port()}",
                            expected=UNAVAILABLE)
        self.assertIn(f"{HOST}:{port} (at {HOST}:", said)

    def test_user(self):
        """Known to both sides, with no more rights than are needed."""
        rights = ["+@write", "+info", "+select", "+ping", "+role", "+function", "+dump", "+pttl", "+multi", "+exec"]
        rights += ["+pexpiretime"]  # of which --verify makes use
        self.target.call("ACL", "SETUSER", "app", "on", ">" + PASSWORD, "~*", "-@all", *rights)
        self.sentinel.call("ACL", "SETUSER", "app", "on", ">" + PASSWORD, "-@all", "+info", "+sentinel")
        with self.passwords(OTHER_PASSWORD, OTHER_PASSWORD):
            self.reaches(f"redis+sentinel://app:{IN_URL}@{self.address}/main")


# --- trouble with servers ---


def fill_much(call):
    fill_some(call, scale=2)


def fill_keys(call):
    fill_much(call)
    call("FUNCTION", "FLUSH")


@needs_version(redis=(7, 0))
class Trouble(Replaying):
    """With a group of three servers and three Sentinels, which is whole and empty when a test begins."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_much)
        cls.group = cls.started(Watched(cls.class_folder()))
        cls.facts = cls.oracle.facts(cls.dump)
        cls.obstacles = list(obstacles_for(places_of(cls.facts), 11))
        cls.with_obstacles = cls.oracle.facts(cls.dump, cls.obstacles)

    def setUp(self):
        super().setUp()
        self.clear()

    def clear(self):
        self.group.settle()
        self.primary = self.group.primary()
        self.primary.call.pipeline([("FLUSHALL",), ("FUNCTION", "FLUSH"), ("SELECT", 0), ("CONFIG", "RESETSTAT")])

    def put_obstacles(self):
        self.primary.call.pipeline(self.obstacles)
        self.assertEqual(self.primary.call("WAIT", 2, 20000), 2)
        self.primary.call("CONFIG", "RESETSTAT")

    def each_moment(self, check, *ways, most=0.8):
        """Runs check(*way, share): something is to happen when the primary has received this share of the data."""
        make = random.Random(SEED)
        for way in ways:
            share = make.uniform(0.02, most)
            with self.subTest(seed=SEED, way=way, share=share):
                self.clear()
                check(*way, share)

    def begin_until(self, share, *arguments, url=None):
        """A replay of which the primary has received this share."""
        running = self.begin(self.dump, url or self.group.url, "--big-key", BIG, *arguments)
        self.begun(running, lambda: received(self.primary) > os.path.getsize(self.dump) * share)
        return running

    def finish_with(self, policy, running):
        """All that was in the way was named, and nothing else went wrong."""
        self.finish(running, TARGET if policy == "fail" else DONE)
        if policy == "fail":
            self.assertIn(f"{len(self.obstacles) // 3} not written", self.said)

    def wait_for_another(self):
        wait_until(lambda: self.group.primary() is not self.primary)

    def assert_complete(self, expected=None):
        """Whoever is the primary now has all that it should have, and nothing else."""
        self.assert_holds(expected or self.facts, self.group.primary().call)

    def assert_taken_over(self, expected=None):
        self.assertIsNot(self.group.primary(), self.primary)
        self.assert_complete(expected)

    # --- another primary ---

    @scaled(test=1, soak=3)
    def test_killed(self, count):
        """The first of the Sentinels that are named is not there."""
        url = self.group.url.replace("//", f"//{HOST}:{free_port()},")

        def check(mode, policy, share):
            self.put_obstacles()
            options = ["--mode", mode, *self.on_exists(policy), "--rate", "2MB/s"]
            running = self.begin_until(share, *options, url=url)
            self.primary.kill()
            self.finish_with(policy, running)
            self.assert_taken_over(self.with_obstacles)

        self.each_moment(check, *(("commands", "skip"), ("auto", "fail"), ("restore", "fail"))[:count])

    def test_progress(self):
        """While there is no primary, it says what it waits for, and not how long the rest will take."""
        for sentinel in self.group.sentinels:
            down_after = "SENTINEL", "SET", "main", "down-after-milliseconds"
            sentinel.call(*down_after, 6000)
            self.addCleanup(sentinel.call, *down_after, 1500)
        with mock.patch.dict(os.environ, RDBFERRY_TEST_PROGRESS_MS="100"):
            running = self.begin_until(0.1, "--rate", "200KB/s")
        self.primary.kill()
        self.begun(running, lambda: "waiting for a primary" in running.said())
        line = next(line for line in running.said().splitlines() if "waiting for a primary" in line)
        self.assertNotIn(" left", line)
        self.begun(running, lambda: re.search(r"waiting for a primary.*\n(.*\n)*.* left", running.said()))

    @soak
    def test_killed_and_replaced(self):
        """What was there before goes, and of what this run has written nothing is taken for that."""

        def check(mode, share):
            self.put_obstacles()
            running = self.begin_until(share, "--mode", mode, "--on-exists", "replace", "--rate", "2MB/s")
            self.primary.kill()
            self.finish(running)
            self.assert_taken_over()

        self.each_moment(check, ("commands",))

    @scaled(test=1, soak=2)
    def test_killed_at_full_speed(self, count):
        """Towards the end: it has answered for what no replica has yet."""

        def check(mode, share):
            running = self.begin(self.dump, self.group.url, "--big-key", BIG, "--mode", mode)
            size = os.path.getsize(self.dump)
            wait_until(lambda: not running.running() or received(self.primary) > size * share)
            self.primary.kill()
            self.finish(running)  # or it was through already; then a replica has all
            self.wait_for_another()
            self.assert_taken_over()

        self.each_moment(check, *(("auto",), ("commands",))[:count], most=1)

    @soak
    def test_killed_while_replicas_halt(self):
        """What it has answered for nobody else has: all of that is sent again."""
        keys = self.dump_of(fill_keys)
        for mode, dump in (("auto", keys), ("commands", keys), ("auto", self.dump)):
            with self.subTest(mode=mode, libraries=dump != keys):
                self.clear()
                with self.group.only_primary():
                    running = self.begin(dump, self.group.url, "--big-key", BIG, "--mode", mode)
                    self.begun(running, self.something_there)
                    time.sleep(3)  # more than one WAIT
                    self.assertTrue(running.running(), running.said())
                    self.primary.kill()
                self.finish(running)
                self.assert_taken_over(self.expected(dump))

    @soak
    def test_killed_twice(self):
        """The second one has no replica when it takes over, and then it has; they halt when it is killed."""
        running = self.begin_until(0.1, "--rate", "600KB/s", "--mode", "commands")
        self.primary.kill()
        self.wait_for_another()
        self.group.settle()
        time.sleep(2)
        self.primary = self.group.primary()
        with self.group.only_primary():
            time.sleep(3)
            self.assertTrue(running.running(), running.said())
            self.primary.kill()
        self.finish(running)
        self.assert_taken_over()

    def something_there(self):
        return self.primary.call("DBSIZE") or self.primary.call("FUNCTION", "LIST")

    def wait_for_calm(self):
        """Until hardly anything is sent any more: questions, and that of this function."""
        last = -CALM
        while (now := received(self.primary)) - last >= CALM:
            last = now
            time.sleep(0.4)

    @soak
    def test_halted(self):
        """It does not know that there is another one. When it wakes up, it does what it was sent before."""

        def check(mode, share):
            running = self.begin_until(share, "--mode", mode, "--rate", "2MB/s", "--timeout", "2s")
            with self.primary.halted():
                self.wait_for_another()
            self.finish(running)
            self.assert_taken_over()

        self.each_moment(check, ("auto",), ("commands",))

    @scaled(test=1, soak=3)
    def test_planned(self, count):
        """There are two primaries for some ten seconds: the old one has no replicas, goes on to answer, and loses all
        that it gets. In the end it becomes a replica: READONLY."""

        def check(mode, told, share):
            running = self.begin_until(share, "--mode", mode, "--rate", "1MB/s")
            self.group.sentinels[0].call("SENTINEL", "FAILOVER", "main")
            self.wait_for_another()
            if told:  # at once
                self.primary.call("REPLICAOF", HOST, self.group.primary().port)
            self.finish(running)
            self.assert_taken_over()

        ways = ("auto", True), ("commands", True), ("auto", False)
        self.each_moment(check, *ways[:count], most=0.5)

    # --- the primary stays, and its replicas do not keep up ---

    @soak
    def test_replicas_that_are_busy(self):
        running = self.begin_until(0.2, "--rate", "2MB/s")
        sockets = [os.path.join(replica.folder, "socket") for replica in self.group.replicas()]
        sleep = ["DEBUG", "SLEEP", "2"]
        busy = [subprocess.Popen(["redis-cli", "-s", path, *sleep], stdout=subprocess.DEVNULL) for path in sockets]
        self.finish(running)
        for process in busy:
            process.wait()
        self.assert_complete()

    def test_one_replica_that_halts(self):
        """The other one has it all."""
        halting, other = self.group.replicas()
        running = self.begin_until(0.2, "--rate", "4MB/s")
        with halting.halted():
            self.finish(running)
            self.assert_complete()
            self.assertEqual(other.call("DEBUG", "DIGEST"), self.primary.call("DEBUG", "DIGEST"))

    def test_replicas_that_halt_for_a_while(self):
        running = self.begin_until(0.2, "--rate", "2MB/s")
        with contextlib.ExitStack() as stack:
            for replica in self.group.replicas():
                stack.enter_context(replica.halted())
            self.wait_for_calm()
            self.assertTrue(running.running(), running.said())
        self.finish(running)
        self.assert_complete()

    @soak
    def test_replicas_that_die(self):
        running = self.begin_until(0.2, "--rate", "2MB/s")
        for replica in self.group.replicas():
            replica.kill()
        self.finish(running)
        self.assert_complete()


if __name__ == "__main__":
    unittest.main()
