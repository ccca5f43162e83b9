# SPDX-License-Identifier: MIT
"""`rdbferry replay` into a server that stands alone: every mode, what is done about keys that exist, inputs, ways to
reach it. What must be there afterwards is what a server holds that has loaded the dump by itself."""
import itertools
import os
import random
import shutil
import subprocess
import time
import unittest

from lib import dataset
from lib.answers import load
from lib.kinds import COUNTS, TLS, needs, needs_version
from lib.live_targets import HOST, Authority, TcpServer, tls_settings, wait_until
from lib.observe import observe
from lib.replaying import (
    BIG,
    DONE,
    TARGET,
    UNAVAILABLE,
    USAGE,
    Replaying,
    WithTarget,
    counts,
    failures,
    fill_some,
    obstacles_for,
    places_of,
    url_of,
)
from lib.server import Server
from lib.soaking import scaled
from test_generated import RDBGEN, negative_zeros

MODES = ("auto", "restore", "commands")
PASSWORD = "s3cret/@:pass"
IN_URL = "s3cret%2F%40%3Apass"


class EmptyTarget(WithTarget):
    """Every key comes out as the server would have loaded it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some)
        cls.facts = cls.oracle.facts(cls.dump)
        cls.keys = sum(cls.facts["sizes"].values())

    def check(self, dump, *options):
        """Returns the counts."""
        found = counts(self.replay(dump, self.url, *options))
        self.assert_holds(self.expected(dump), self.call)
        self.assertEqual(found["written"], self.keys_in_all())
        return found

    def keys_in_all(self):
        return sum(int(part.split(b",")[0]) for part in self.call("INFO", "keyspace").split(b"keys=")[1:])

    @needs(COUNTS)
    def test_modes(self):
        for mode in MODES:
            with self.subcase(mode=mode):
                found = self.check(self.dump, "--mode", mode)
                if mode == "restore":
                    self.assertEqual(found["restored"], self.keys)
                elif mode == "commands":
                    self.assertEqual(found["restored"], 0)
                else:
                    self.assertTrue(0 < found["restored"] < self.keys, found)

    @scaled(test=2, soak=4)
    def test_big_keys(self, count):
        for mode in MODES:
            for big in ("1K", BIG, "1", "10M")[:count]:
                with self.subcase(mode=mode, big=big):
                    self.check(self.dump, "--mode", mode, "--big-key", big)

    def test_connections(self):
        for connections in (1, 3, 16):
            with self.subcase(connections=connections):
                self.check(self.dump, "--connections", connections, "--big-key", BIG)

    def test_every_encoding(self):
        """Of a server, with values of some megabytes."""
        dump = self.dump_of(dataset.fill)
        for mode in MODES:
            with self.subcase(mode=mode):
                self.check(dump, "--mode", mode, "--big-key", "100K")

    @needs_version(redis=(7, 0))
    def test_generated(self):
        """Older encodings, odd names, times of expiry near and far, some of them past."""
        self.old_streams = True
        for seed in (1, 2):
            path = os.path.join(self.folder, f"generated-{seed}")
            command = [RDBGEN, "--kind", "types", "-o", path + ".rdb", "--plain-json", path + ".json"]
            subprocess.run([*command, "--rdb-version", "10", "--no-modules", "--seed", str(seed)], check=True)
            zeros = negative_zeros(load(path + ".json"))
            for mode, big, self.leave_out in (("auto", "1K", zeros), ("commands", "1K", zeros), ("restore", "1M", {})):
                with self.subcase(seed=seed, mode=mode):
                    found = counts(self.replay(path + ".rdb", self.url, "--mode", mode, "--big-key", big))
                    self.assertGreater(found["expired"], 0)
                    self.assert_same(path + ".rdb", self.expected(path + ".rdb"), observe(self.call))

    @needs_version(redis=(7, 0))
    @scaled(test=1, soak=3)
    def test_larger(self, count):
        """Some hundred thousand keys, so that a window is full more than once."""
        for kind in ("mixed", "strings", "bigkeys")[:count]:
            path = os.path.join(self.folder, kind)
            subprocess.run([RDBGEN, "--kind", kind, "-o", path, "--rdb-version", "10", "--scale", "0.01"], check=True)
            expected = self.loaded(path)
            for mode in ("auto", "commands"):
                with self.subcase(kind=kind, mode=mode):
                    found = counts(self.replay(path, self.url, "--mode", mode, "--big-key", "100K"))
                    self.assertEqual((self.call("DEBUG", "DIGEST"), self.keys_in_all()), expected)
                    self.assertEqual(found["written"], expected[1])

    def loaded(self, path):
        """The digest and the number of keys, of a server that has loaded it."""
        folder = self.fresh()
        shutil.copy(path, os.path.join(folder, "dump.rdb"))
        with Server(folder) as server:
            keys = sum(int(part.split(b",")[0]) for part in server.call("INFO", "keyspace").split(b"keys=")[1:])
            return server.call("DEBUG", "DIGEST"), keys

    def test_report(self):
        report = self.replay(self.dump, self.url)
        found = counts(report)
        self.assertEqual(found["written"], self.keys)
        self.assertEqual([found[name] for name in ("skipped", "expired", "empty", "failed")], [0, 0, 0, 0])
        self.assertEqual(report["read"]["keys"], self.keys)

    def test_nothing_in_it(self):
        dump = self.dump_of(lambda call: None)
        self.assertEqual(counts(self.replay(dump, self.url))["written"], 0)
        self.assertEqual(self.keys_in_all(), 0)


@needs_version(redis=(7, 0))
class Existing(WithTarget):
    """Keys that the target has already."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some)
        cls.facts = cls.oracle.facts(cls.dump)
        cls.places = places_of(cls.facts)
        cls.obstacles = list(obstacles_for(cls.places, 3))
        cls.in_the_way = len(cls.obstacles) // 3
        cls.with_obstacles = cls.oracle.facts(cls.dump, cls.obstacles)

    def outcome(self, on_exists, *options):
        """Replays onto obstacles. Returns the counts and the report."""
        self.call.pipeline(self.obstacles)
        self.call.pipeline([("SELECT", 7), ("SET", "a stranger", "stays"), ("SELECT", 0)])
        expected = TARGET if on_exists == "fail" else DONE
        options = [*options, *self.letters()]
        report = self.replay(self.dump, self.url, "--on-exists", on_exists, *options, expected=expected)
        self.call.pipeline([("SELECT", 7), ("GETDEL", "a stranger"), ("SELECT", 0)])
        self.assert_holds(self.facts if on_exists == "replace" else self.with_obstacles, self.call)
        return counts(report), report

    @scaled(test=2, soak=1)
    def test_other_values(self, step):
        cases = itertools.product(MODES, ("1K", "1M"), ("fail", "skip", "replace"))
        for mode, big, on_exists in itertools.islice(cases, 0, None, step):
            with self.subcase(mode=mode, on_exists=on_exists, big=big):
                found, report = self.outcome(on_exists, "--mode", mode, "--big-key", big)
                stay = 0 if on_exists == "replace" else self.in_the_way
                self.assertEqual(found["written"], len(self.places) - stay)
                self.assertEqual(found["skipped"], stay if on_exists == "skip" else 0)
                self.assertEqual(found["failed"], stay if on_exists == "fail" else 0)
                self.assertEqual(failures(report, "exists"), found["failed"])

    def test_fail_is_what_is_done_by_default(self):
        self.call("SET", "list:1", "it was here before")
        self.assertEqual(counts(self.replay(self.dump, self.url, *self.letters(), expected=TARGET))["failed"], 1)
        self.assertIn("'list:1'", self.said)
        self.assertEqual(self.call("GET", "list:1"), b"it was here before")

    def test_equal_values(self):
        self.replay(self.dump, self.url)
        for mode in MODES:
            for on_exists, code in (("skip", DONE), ("replace", DONE), ("fail", TARGET)):
                with self.subTest(mode=mode, on_exists=on_exists):
                    options = ["--mode", mode, "--on-exists", on_exists, "--big-key", BIG, *self.letters()]
                    found = counts(self.replay(self.dump, self.url, *options, expected=code))
                    name = {"skip": "skipped", "replace": "written", "fail": "failed"}[on_exists]
                    self.assertEqual(found[name], len(self.places))
                    self.assert_holds(self.facts, self.call)

    def test_a_key_without_expiry_replaces_one_with(self):
        for mode in MODES:
            for big in ("1", "1M"):
                with self.subcase(mode=mode, big=big):
                    for key, command in (("list:1", "RPUSH"), ("set:1", "SADD"), ("str:1", "SET")):
                        self.call(command, key, "x")
                        self.call("PEXPIRE", key, 10_000_000)
                    self.replay(self.dump, self.url, "--on-exists", "replace", "--mode", mode, "--big-key", big)
                    self.assert_holds(self.facts, self.call)

    def test_libraries(self):
        """They are as keys are."""
        other = b"#!lua name=first\nredis.register_function('twice', function() return 'another' end)"
        for on_exists, code in (("skip", DONE), ("replace", DONE), ("fail", TARGET)):
            with self.subcase(on_exists=on_exists):
                self.call("FUNCTION", "LOAD", other)
                then = [] if on_exists == "replace" else [("FUNCTION", "LOAD", "REPLACE", other)]
                report = self.replay(self.dump, self.url, "--on-exists", on_exists, expected=code)
                self.assert_holds(self.expected(self.dump, then), self.call)
                self.assertEqual(failures(report, "exists"), on_exists == "fail")
                if on_exists == "fail":
                    self.assertIn("'first'", self.said)

    def test_a_key_that_is_written_is_never_half_there(self):
        """Somebody looks at the large ones all the time: they are the old ones, or complete."""
        lengths = {"list": "LLEN", "hash": "HLEN", "set": "SCARD", "zset": "ZCARD", "stream": "XLEN"}
        keys = [key for db, key in self.places if db == 0 and key.split(b":")[0].decode() in lengths]
        ask = [(lengths[key.split(b":")[0].decode()], key) for key in keys]
        self.replay(self.dump, self.url)
        final = self.call.pipeline(ask)
        for mode in ("auto", "commands"):
            for on_exists in ("fail", "replace"):
                with self.subcase(mode=mode, on_exists=on_exists):
                    if on_exists == "replace":
                        self.call.pipeline([part for key in keys for part in (("DEL", key), self.one_element(key))])
                    before = self.call.pipeline(ask)
                    running = self.begin(
                        self.dump, self.url, "-d", 0, "--mode", mode, "--on-exists", on_exists, "--big-key", "500",
                        "--connections", 3, "--rate", "2MB/s",
                    )  # fmt: skip
                    seen = set()
                    while running.running():
                        for key, old, found, complete in zip(keys, before, self.call.pipeline(ask), final):
                            seen.add("old" if found == old else "new")
                            self.assertIn(found, (old, complete), key)
                    self.finish(running)
                    self.assertEqual(seen, {"old", "new"})
                    self.assertEqual(self.call.pipeline(ask), final)

    @staticmethod
    def one_element(key):
        words = {"list": ["RPUSH"], "hash": ["HSET", "f"], "set": ["SADD"], "zset": ["ZADD", "1"]}
        command, *more = words.get(key.split(b":")[0].decode(), ["XADD", "1-1", "f"])
        return (command, key, *more, "x")


class Expiring(WithTarget):
    """Keys whose time comes soon."""

    @staticmethod
    def fill(call, times):
        """Of each time, in milliseconds from when all is there, some keys of each type. They are in the dump if it is
        saved before the first of these times."""
        for i in range(len(times)):
            commands = [("SET", f"str:{i}", "x" * 100)]
            for n in range(300):
                commands += [("RPUSH", f"list:{i}", n), ("HSET", f"hash:{i}", n, n)]
                commands += [("XADD", f"stream:{i}", f"{n + 1}-1", "n", n)]
            call.pipeline(commands)
        now = int(time.time() * 1000)
        places = [(f"{name}:{i}", now + ms) for i, ms in enumerate(times) for name in ("str", "list", "hash", "stream")]
        call.pipeline([("PEXPIREAT", key, when) for key, when in places])

    def test_to_the_millisecond(self):
        dump = self.dump_of(self.fill, range(60_000, 61_000, 100))
        for mode in MODES:
            with self.subcase(mode=mode):
                self.replay(dump, self.url, "--mode", mode, "--big-key", "1K")
                self.assert_holds(self.expected(dump), self.call)

    def test_soon(self):
        """Before, while and after they are written; in the end they are gone."""
        for mode in MODES:
            with self.subcase(mode=mode):
                dump = self.dump_of(self.fill, [*range(1000, 3700, 75), 3_600_000])
                now = int(time.time() * 1000)
                found = counts(self.replay(dump, self.url, "--mode", mode, "--big-key", "1K", "--rate", "150KB/s"))
                self.assertEqual(sum(found[name] for name in ("written", "expired")), 4 * 37)
                self.assertGreaterEqual(found["written"], 4)
                wait_until(lambda now=now: time.time() * 1000 > now + 3700 and self.call("DBSIZE") <= 4)
                self.assert_holds(self.expected(dump), self.call)

    def test_past(self):
        dump = self.dump_of(self.fill, [2000, 3_600_000])
        now = int(time.time() * 1000)
        wait_until(lambda: time.time() * 1000 > now + 2000)
        for mode in MODES:
            with self.subcase(mode=mode):
                found = counts(self.replay(dump, self.url, "--mode", mode))
                self.assertEqual((found["written"], found["expired"]), (4, 4))
                self.assertEqual(self.call("DBSIZE"), 4)


class Inputs(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some)

    def test_packed(self):
        for command in ("gzip", "lz4", "zstd"):
            with self.subcase(command=command):
                self.replay(self.packed(command, self.dump), self.url)
                self.assert_holds(self.expected(self.dump), self.call)

    def test_stdin(self):
        with open(self.dump, "rb") as file:
            self.replay("-", self.url, stdin=file.read())
        self.assert_holds(self.expected(self.dump), self.call)

    def test_several(self):
        parts = []
        for db in (0, 1, 5):
            parts.append(os.path.join(self.folder, f"{db}.rdb"))
            self.ferry("convert", self.dump, "-d", db, "-o", parts[-1])
        self.replay(parts[0], self.url)
        self.clear()
        self.replay(*parts, self.url, "--on-exists", "replace")
        self.assert_holds(self.expected(self.dump), self.call)

    def test_rewritten(self):
        """Into other databases, with other names."""
        rules = ["--map-db", "5=2", "--map-db", "0=7", "--rename", "s/^str:/string:/"]
        self.replay(self.dump, self.url, *rules)
        self.ferry("verify", self.dump, *rules, "--against", self.url, "--strict")
        self.assertEqual(self.call("DBSIZE"), 0)
        flat = ["--flatten-dbs", "--hash-tag", "{str:*}:*"]
        self.clear()
        self.replay(self.dump, self.url, *flat)
        self.ferry("verify", self.dump, *flat, "--against", self.url, "--strict")

    def test_more_databases_than_the_target_has(self):
        with TcpServer(self.fresh(), databases=2) as few:
            self.replay(self.dump, url_of(few), expected=TARGET)
            self.assertRegex(self.said, "database 5")
            self.replay(self.dump, url_of(few), "--map-db", "5=1", "-D", "1", "--on-exists", "replace")

    # --- AOFs ---

    def check_aof(self, folder, path, *options):
        """Against what a server says that starts from it."""
        self.replay(path, self.url, *options)
        with Server(folder, appendonly="yes") as server:
            self.assert_holds(observe(server.call), self.call)

    def test_commands(self):
        """An AOF without a preamble."""
        folder = self.fresh()
        path = os.path.join(folder, "appendonly.aof")
        self.ferry("convert", self.dump, "-o", path)
        self.check_aof(folder, path)

    @needs_version(redis=(7, 0))
    def test_directory(self):
        """What a server leaves: a base, and what has been done since, transactions among it."""
        folder = self.fresh()
        with Server(folder, appendonly="yes") as server:
            fill_some(server.call, scale=0.5)
            server.call("BGREWRITEAOF")
            server.wait_for_rewrite()
            self.make_changes(server.call)
        self.check_aof(folder, os.path.join(folder, "appendonlydir"))

    @staticmethod
    def make_changes(call):
        make = random.Random(1)
        for db in (0, 5, 3):
            call("SELECT", db)
            commands = [("MULTI",), ("INCR", "counter"), ("RPUSH", "list:1", "more"), ("EXEC",)] * 20
            commands += [("DEL", f"set:{i}") for i in range(5)]
            commands += [("SET", f"later:{i}", make.randbytes(make.choice((1, 50_000)))) for i in range(20)]
            commands += [("EVAL", "for i = 1, 10 do redis.call('RPUSH', KEYS[1], i) end", 1, "by script")]
            commands += [("LPOP", "list:3"), ("SETEX", "expiring", 10_000, 1), ("XADD", "stream:1", "*", "f", "v")]
            commands += [("FUNCTION", "DELETE", "second")] if db == 0 else []
            call.pipeline(commands)
        call("MOVE", "counter", 9)


@needs_version(redis=(7, 0))
class Access(WithTarget):
    """Passwords, users, TLS, and what is refused."""

    secret = "s3cret"

    # what include/rdbferry/replay.h says a user needs
    WRITES = "set restore rpush sadd zadd hset hmset pexpireat xadd xdel xtrim xsetid xgroup xclaim append setrange"
    NEEDED = "info select multi exec rename renamenx unlink function dump pttl"
    # asked for beforehand, and done without
    PROBED = {"watch", "discard", "exists", "del", "pexpire", "persist", "mset", "msetnx"}
    SPARED = "client|setname client|list client|kill client|id wait config|get"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some, scale=0.5)
        cls.call("CONFIG", "SET", "requirepass", PASSWORD)
        cls.with_password = f"redis://:{IN_URL}@{HOST}:{cls.target.port}"

    def check(self, *arguments, **options):
        self.clear()
        self.replay(self.dump, *arguments, "--big-key", BIG, **options)
        self.assert_holds(self.expected(self.dump), self.call)

    def test_password(self):
        socket, port = os.path.join(self.target.folder, "socket"), self.target.port
        for arguments in (
            [self.with_password],
            [f"valkey://default:{IN_URL}@localhost:{port}/0"],
            [f"unix://:{IN_URL}@{socket}"],
            [self.url, "-a", PASSWORD],
            ["-s", socket, "-a", PASSWORD],
            ["-h", HOST, "-p", port, "-a", PASSWORD, "--user", "default"],
        ):
            with self.subTest(arguments=arguments):
                self.check(*arguments)

    def test_password_in_the_environment(self):
        self.check(self.url, env={**os.environ, "REDISCLI_AUTH": PASSWORD})

    def test_password_cannot_be_seen(self):
        running = self.begin(self.dump, self.with_password, "--rate", "500KB/s")
        self.begun(running, self.keys_there)
        with open(f"/proc/{running.process.pid}/cmdline", "rb") as file:
            seen = file.read()
        self.finish(running)
        self.assertIn(str(self.target.port).encode(), seen)
        self.assertNotIn(b"s3cret", seen)

    def test_refused(self):
        for arguments, reason in (
            ([self.url], "NOAUTH"),
            ([self.url, "-a", "s3cretwrong"], "WRONGPASS"),
            ([self.url, "-a", PASSWORD, "--user", "nobody"], "WRONGPASS"),
        ):
            with self.subTest(reason=reason):
                self.replay(self.dump, *arguments, "--retry-for", "1h", expected=TARGET)
                self.assertIn(reason, self.said)
                self.assertEqual(self.call("DBSIZE"), 0)

    def user(self, *rights):
        self.call("ACL", "LOG", "RESET")
        self.call("ACL", "SETUSER", "app", "reset", "on", ">" + PASSWORD, "~*", "-@all", *rights)
        self.addCleanup(self.call, "ACL", "DELUSER", "app")
        return [self.url, "--user", "app", "-a", PASSWORD]

    def rights(self, *names):
        return ["+" + name for text in names for name in text.split()]

    def test_user_with_few_rights(self):
        arguments = self.user(*self.rights(self.WRITES, self.NEEDED, self.SPARED))
        for mode in MODES:
            for on_exists in ("fail", "replace"):
                with self.subTest(mode=mode, on_exists=on_exists):
                    self.check(*arguments, "--mode", mode, "--on-exists", on_exists)
        self.assertLessEqual(self.denied(), self.PROBED)

    def test_user_with_fewer_rights(self):
        """CLIENT, WAIT and CONFIG are done without."""
        arguments = self.user(*self.rights(self.WRITES, self.NEEDED))
        for mode in MODES:
            with self.subTest(mode=mode):
                self.check(*arguments, "--mode", mode)
        self.assertLessEqual(self.denied(), {"client", "wait", "config"} | self.PROBED)

    def denied(self):
        """What the user has tried in vain, since the last reset."""
        entries = [dict(zip(entry[::2], entry[1::2])) for entry in self.call("ACL", "LOG")]
        self.call("ACL", "LOG", "RESET")
        return {entry[b"object"].decode().split("|")[0] for entry in entries}

    def test_user_without_the_right_to_write(self):
        arguments = self.user(*self.rights(self.NEEDED))
        self.replay(self.dump, *arguments, expected=TARGET)
        self.assertIn("NOPERM", self.said)
        self.assertEqual(self.call("DBSIZE"), 0)

    def test_another_database(self):
        """A key says itself which database it is in."""
        self.replay_refused(self.with_password + "/3")
        self.assertEqual(self.call("DBSIZE"), 0)

    def replay_refused(self, *arguments):
        self.ferry("replay", self.dump, *arguments, expected=USAGE)

    def test_a_replica(self):
        with TcpServer(self.fresh(), replicaof=[HOST, "1"]) as replica:
            self.replay(self.dump, url_of(replica), expected=TARGET)
            self.assertIn("replica", self.said)

    def test_nobody_there(self):
        self.replay(self.dump, f"redis://{HOST}:1", "--retry-for", "1s", expected=UNAVAILABLE)
        self.assertIn(f"{HOST}:1: cannot connect: Connection refused", self.said)

    def test_no_sense(self):
        for arguments in (
            [],
            [self.url, "--on-exists", "perhaps"],
            [self.url, "--mode", "both"],
            [self.url, "--resume"],
            [self.url, "--rate", "fast"],
            [self.url, "--retry-for", "ever"],
            [self.url, "--big-key", "huge"],
            [self.url, "--connections", "many"],
        ):
            with self.subTest(arguments=arguments):
                self.replay_refused(*arguments)


@needs(TLS)
class Tls(Replaying):
    def test_own_certificate(self):
        authority = Authority(self.path("authority"), "ours")
        certificate, key = authority.issue("client", "DNS:client")
        dump = self.dump_of(fill_some)
        trusting = ["--cacert", authority.certificate]
        settings = tls_settings(authority, f"IP:{HOST}", tls_auth_clients="yes")
        with TcpServer(self.path("server"), **settings) as server:
            url = f"rediss://{HOST}:{server.port}"
            self.replay(dump, url, *trusting, "--cert", certificate, "--key", key, "--big-key", BIG)
            self.assert_holds(self.expected(dump), server.call)
            self.replay(dump, url, *trusting, expected=TARGET)
            self.assertIn("client certificate rejected", self.said)
            self.assertNotIn("gave up", self.said)
            self.replay(dump, url, "--cert", certificate, "--key", key, expected=TARGET)
            self.assertIn("certificate rejected", self.said)
            self.replay(dump, f"redis://{HOST}:{server.port}", "--retry-for", "1s", expected=TARGET)


class Pace(WithTarget):
    def test_rate(self):
        """It cannot be faster than it may."""
        make = random.Random(1)
        dump = self.dump_of(lambda call: call.pipeline([("SET", i, make.randbytes(2000)) for i in range(1000)]))
        for mode in ("auto", "commands"):
            with self.subcase(mode=mode):
                began = time.monotonic()
                self.replay(dump, self.url, "--rate", "1MB/s", "--mode", mode)
                self.assertGreater(time.monotonic() - began, 0.9)
                self.assert_holds(self.expected(dump), self.call)


if __name__ == "__main__":
    unittest.main()
