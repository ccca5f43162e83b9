# SPDX-License-Identifier: MIT
"""`rdbferry replay`: keys that the target refuses, dead letters, and answers after which nothing can go on."""
import os
import random
import shutil
import subprocess
import unittest

from lib.answers import load
from lib.kinds import needs_version
from lib.live_targets import TcpServer
from lib.observe import observe
from lib.replaying import (
    BIG,
    TARGET,
    UNAVAILABLE,
    WithTarget,
    counts,
    failures,
    fill_some,
    obstacles_for,
    places_of,
    url_of,
)
from test_generated import RDBGEN, negative_zeros

LONG = ["--retry-for", "1h"]  # what is waited for that does not pass is never over


@needs_version(redis=(7, 0))
class Failures(WithTarget):
    """One key, or some, that cannot be written; the others are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some, scale=0.5)
        cls.facts = cls.oracle.facts(cls.dump)
        cls.places = places_of(cls.facts)

    def pipe_in(self, path):
        """As its user does it with dead letters."""
        with open(path, "rb") as file:
            socket = os.path.join(self.target.folder, "socket")
            done = subprocess.run(["redis-cli", "-s", socket, "--pipe"], stdin=file, capture_output=True, check=False)
        self.assertIn(b"errors: 0", done.stdout, done.stdout + done.stderr)

    def test_dead_letters_of_keys_that_exist(self):
        obstacles = list(obstacles_for(self.places, 5))
        for mode in ("auto", "restore", "commands"):
            with self.subcase(mode=mode):
                letters = os.path.join(self.fresh(), "letters")
                self.call.pipeline(obstacles)
                report = self.replay(
                    self.dump, self.url, "--dead-letter", letters, "--mode", mode, "--big-key", BIG, expected=TARGET
                )
                self.assertEqual(failures(report, "exists"), len(obstacles) // 3)
                self.call.pipeline([command for command in obstacles if command[0] in ("SELECT", "DEL")])
                self.pipe_in(letters)
                self.assert_holds(self.facts, self.call)

    def test_no_letters(self):
        letters = self.path("letters")
        self.replay(self.dump, self.url, "--dead-letter", letters)
        self.assertFalse(os.path.exists(letters) and os.path.getsize(letters))

    def test_names(self):
        for key in ("list:0", "hash:1", "str:big:0"):
            self.call("SET", key, "it was here before")
        self.replay(self.dump, self.url, *self.letters(), expected=TARGET)
        for key in ("list:0", "hash:1", "str:big:0"):
            self.assertIn(f"'{key}'", self.said)

    def test_fail_fast(self):
        """The key is named, and not all of the others are written."""
        dump = self.dump_of(lambda call: call.pipeline([("SET", f"key:{i}", "x" * 1000) for i in range(20_000)]))
        first = self.ferry("convert", dump, "-o", "-", "--to", "aof").split(b"\r\n")
        key = next(word for word in first if word.startswith(b"key:"))
        for options in (["--mode", "auto"], ["--mode", "restore"], ["--big-key", "10"]):
            with self.subcase(options=options):
                self.call("SET", key, "before")
                report = self.replay(dump, self.url, "--fail-fast", *options, *LONG, *self.letters(), expected=TARGET)
                self.assertIn(f"'{key.decode()}'", self.said)
                self.assertEqual(failures(report, "exists"), 1)
                self.assertLess(self.call("DBSIZE"), 20_000)
                self.assert_no_temporaries(self.call)

    # --- values that a server refuses ---

    def twice_in_a_hash(self):
        """A dump with a hash that has a field twice: a server that looks closely takes no such payload."""
        self.source.call("CONFIG", "SET", "rdbcompression", "no")
        self.addCleanup(self.source.call, "CONFIG", "SET", "rdbcompression", "yes")

        def fill(call):
            fill_some(call, scale=0.3)
            call("HSET", "twice", "fieldaaaa", 1, "fieldaaab", 2)

        path = self.dump_of(fill)
        with open(path, "rb") as file:
            data = file.read()
        self.assertEqual(data.count(b"fieldaaab"), 1)
        data = data[:-8].replace(b"fieldaaab", b"fieldaaaa") + bytes(8)  # no checksum
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_a_field_that_occurs_twice(self):
        """Whether the server would look for it or not."""
        dump = self.twice_in_a_hash()
        for sanitize in ("yes", "no"):
            with self.subcase(sanitize=sanitize):
                self.configure("sanitize-dump-payload", sanitize)
                report = self.replay(dump, self.url, "--mode", "restore", expected=TARGET)
                self.assertRegex(self.said, "'twice'.*duplicate field 'fieldaaaa'")
                self.assertEqual((counts(report)["failed"], failures(report, "damaged")), (1, 1))
                self.assertEqual(self.call("EXISTS", "twice"), 0)
                self.assertGreater(counts(report)["written"], 100)

    def generate(self, *options):
        path = os.path.join(self.fresh(), "generated")
        names = ["-o", path + ".rdb", "--plain-json", path + ".json"]
        subprocess.run([RDBGEN, "--kind", "types", *names, *map(str, options)], check=True)
        return path + ".rdb"

    def test_damaged_values(self):
        """They never reach the server, which would crash over them; what is behind them is written."""
        elements = b"".join(b"\x88" + 8 * bytes([letter]) + b"\x09" for letter in b"abcd")
        listpack = bytearray((7 + len(elements)).to_bytes(4, "little") + b"\x04\x00" + elements + b"\xff")
        listpack[26] = 0xF0  # a length that goes beyond its end
        path = os.path.join(self.fresh(), "damaged.rdb")
        with open(path, "wb") as file:
            file.write(b"REDIS0010\xfe\x00\x10\x01h" + bytes([len(listpack)]) + listpack)
            file.write(b"\x00\x02ok\x01v\xff" + bytes(8))
        for mode in ("auto", "restore", "commands"):
            with self.subcase(mode=mode):
                letters = os.path.join(self.fresh(), "letters")
                options = ["--mode", mode, "--dead-letter", letters, "--verify"]
                report = self.replay(path, self.url, *options, expected=TARGET)
                self.assertEqual(failures(report, "damaged"), 1)
                self.assertEqual(counts(report)["written"], 1)
                self.assertEqual((self.call("EXISTS", "h"), self.call("GET", "ok")), (0, b"v"))
                self.assertFalse(os.path.exists(letters))
                self.call("FLUSHALL")

    def test_module_that_the_target_lacks(self):
        """Its values, and no others, are not sent; none of them leaves anything."""
        path = self.generate("--rdb-version", 10)
        # the server loads no file of which it lacks a module, be it without its keys
        options = ["-T", "module", "--expired", "drop", "--drop-unsupported"]
        expected = self.served_conversion(path, "appendonly.aof", *options)
        self.leave_out, self.old_streams = negative_zeros(load(path[:-4] + ".json")), True
        for mode in ("auto", "restore"):
            for big in ("1", "1M"):
                with self.subcase(mode=mode, big=big):
                    letters = os.path.join(self.fresh(), "letters")
                    options = ["--mode", mode, "--big-key", big, "--dead-letter", letters]
                    report = self.replay(path, self.url, *options, expected=TARGET)
                    self.assertGreater(counts(report)["failed"], 0)
                    self.assertEqual(counts(report)["failed"], failures(report, "unsupported"))
                    self.assert_same(path, expected, observe(self.call))

    def test_types_that_the_target_does_not_know(self):
        """By RESTORE it cannot be said to the target, so it is not tried."""
        path = self.generate("--rdb-version", 12, "--no-modules")
        report = self.replay(path, self.url, "--mode", "restore", expected=TARGET)
        self.assertGreater(failures(report, "unsupported"), 0)
        self.assertEqual(counts(report)["failed"], failures(report, "unsupported") + failures(report, "rejected"))
        self.assertEqual(counts(report)["written"], self.written())

    def written(self):
        return sum(int(part.split(b",")[0]) for part in self.call("INFO", "keyspace").split(b"keys=")[1:])

    def limited(self, fill, *rights):
        """A target that takes no longer strings than a megabyte, a user, and a dump."""
        self.configure("proto-max-bulk-len", 1 << 20)
        self.call("ACL", "SETUSER", "app", "reset", "on", "nopass", "~*", "&*", "+@all", *rights)
        self.addCleanup(self.call, "ACL", "DELUSER", "app")
        return self.dump_of(fill), ["--user", "app", "-a", "any"]

    def test_elements_that_are_too_long(self):
        """It is not tried: the server would close the connection."""

        def fill(call):
            fill_some(call, scale=0.3)
            long = random.Random(7).randbytes(1_500_000)
            call.pipeline([("RPUSH", "item", "a", long, "b"), ("SET", "string", long)])
            call.pipeline([("SET", "fits", long[:1_000_000])])

        dump, user = self.limited(fill)
        for mode in ("auto", "restore", "commands"):
            with self.subcase(mode=mode):
                report = self.replay(dump, self.url, *user, "--mode", mode, expected=TARGET)
                self.assertRegex(self.said, "(?s)('item'.*'string'|'string'.*'item')")
                self.assertNotIn("lost", self.said)
                self.assertEqual((counts(report)["failed"], failures(report, "unsupported")), (2, 2))
                self.assert_holds(self.expected(dump, [("DEL", "item"), ("DEL", "string")]), self.call)

    def test_elements_that_turn_out_to_be_too_long(self):
        """Who may not ask for the limit finds it out, from an answer or, where that is lost with the connection, by
        trying for a while. Whatever has been sent too much must not be taken for commands."""

        def fill(call):
            make = random.Random(7)
            call("SET", "string", b"".join(make.randbytes(80) + b"\r\nSET poison 1\r\n" for _ in range(15_000)))
            call.pipeline([("SET", f"key:{i}", i) for i in range(2000)])

        dump, user = self.limited(fill, "-config")
        for mode in ("auto", "restore", "commands"):
            with self.subcase(mode=mode):
                self.replay(dump, self.url, *user, "--mode", mode, "--retry-for", "2s", expected=TARGET)
                self.assertIn("'string'", self.said)
                self.assertEqual(self.call("KEYS", "[ps]*"), [])


@needs_version(redis=(7, 0))
class Fatal(WithTarget):
    """The run ends, says why and what to do, and can be resumed."""

    secret = "s3cret"
    settings = {"enable_protected_configs": "local"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some)
        cls.facts = cls.oracle.facts(cls.dump)

    def setUp(self):
        super().setUp()
        self.checkpoint = self.path("checkpoint")
        self.job = [self.dump, self.url, "--checkpoint", self.checkpoint, "--big-key", BIG, *LONG]

    def begin_slowly(self, *options, least=60):
        """A replay that has written some keys."""
        running = self.begin(*self.job, "--rate", "500KB/s", *options)
        self.begun(running, lambda: self.call("DBSIZE") > least)
        return running

    def end(self, running, *reasons, status=TARGET):
        self.finish(running, status)
        for reason in reasons:
            self.assertRegex(self.said, reason)
        self.assertIn("--resume", self.said)

    def resume(self, *options):
        self.replay(*self.job, "--resume", *options)
        self.assert_holds(self.facts, self.call)

    def test_out_of_memory(self):
        """Whatever has been written is not "there already" when there is more memory."""
        for mode in ("auto", "restore", "commands"):
            with self.subcase(mode=mode):
                self.checkpoint = os.path.join(self.fresh(), "checkpoint")
                job = [self.dump, self.url, "--checkpoint", self.checkpoint, "--mode", mode, "--big-key", BIG, *LONG]
                used = int(self.call("INFO", "memory").split(b"used_memory:")[1].split(b"\r")[0])
                self.configure("maxmemory", used + 1_500_000)
                self.replay(*job, expected=TARGET)
                self.assertRegex(self.said, "(?s)OOM.*maxmemory")
                self.assertIn("--resume", self.said)
                self.assertLess(self.written(), sum(self.facts["sizes"].values()))
                self.call("CONFIG", "SET", "maxmemory", 0)
                self.replay(*job, "--resume")
                self.assert_holds(self.facts, self.call)

    def written(self):
        return sum(int(part.split(b",")[0]) for part in self.call("INFO", "keyspace").split(b"keys=")[1:])

    def test_no_permission_any_more(self):
        self.call("ACL", "SETUSER", "app", "reset", "on", ">s3cret", "~*", "&*", "+@all")
        self.addCleanup(self.call, "ACL", "DELUSER", "app")
        user = ["--user", "app", "-a", "s3cret"]
        running = self.begin_slowly(*user)
        self.call("ACL", "SETUSER", "app", "-@write")
        self.end(running, "NOPERM", "user|ACL|permission")
        self.call("ACL", "SETUSER", "app", "+@all")
        self.resume(*user)

    def test_password_that_is_not_good_any_more(self):
        self.addCleanup(self.call, "CONFIG", "SET", "requirepass", "")
        self.call("CONFIG", "SET", "requirepass", "s3cret")
        running = self.begin_slowly("-a", "s3cret")
        self.call("CONFIG", "SET", "requirepass", "s3cret too")
        self.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        self.end(running, "WRONGPASS")
        self.resume("-a", "s3cret too")

    def test_password_that_is_needed_now(self):
        self.addCleanup(self.call, "CONFIG", "SET", "requirepass", "")
        running = self.begin_slowly()
        self.call("CONFIG", "SET", "requirepass", "s3cret")
        self.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        self.end(running, "NOAUTH")
        self.resume("-a", "s3cret")

    def test_server_that_cannot_save(self):
        """Its directory is gone."""
        gone = self.fresh()
        self.configure("dir", gone)
        self.configure("save", "3600 1")
        shutil.rmtree(gone)
        self.call("BGSAVE")
        self.target.wait(lambda info: info["rdb_last_bgsave_status"] == "err")
        self.addCleanup(self.save_again)
        self.replay(*self.job, expected=TARGET)
        self.assertRegex(self.said, "MISCONF")
        self.assertIn("--resume", self.said)
        self.save_again()
        self.resume()

    def save_again(self):
        self.call("CONFIG", "SET", "dir", self.target.folder)
        self.call("BGSAVE")
        self.target.wait(lambda info: info["rdb_last_bgsave_status"] == "ok" and info["rdb_bgsave_in_progress"] == "0")

    def test_becomes_a_replica_for_good(self):
        with TcpServer(self.fresh()) as server:
            self.job = [self.dump, url_of(server), "--checkpoint", self.checkpoint, "--retry-for", "2s"]
            running = self.begin(*self.job, "--rate", "500KB/s")
            self.begun(running, lambda: server.call("DBSIZE") > 60)
            server.call("REPLICAOF", "127.0.0.1", "1")
            self.end(running, "READONLY|replica", status=UNAVAILABLE)
            server.call("REPLICAOF", "NO", "ONE")
            self.replay(*self.job, "--resume")
            self.assert_holds(self.facts, server.call)

    def test_what_is_left(self):
        """Where it stands is told, and in the report."""
        self.call("ACL", "SETUSER", "app", "reset", "on", "nopass", "~str:*", "&*", "+@all")
        self.addCleanup(self.call, "ACL", "DELUSER", "app")
        report = self.replay(*self.job, "--mode", "commands", "--user", "app", "-a", "any", expected=TARGET)
        self.assertIn("NOPERM", self.said)
        self.assertEqual(report["error"]["code"], "E_TARGET")


if __name__ == "__main__":
    unittest.main()
