# SPDX-License-Identifier: MIT
"""`rdbferry replay` into targets that are poorer than a server: users with few rights, commands that are renamed away,
proxies and services. Whatever a run can do, it does; and the dry run says the same."""
import os

from lib import dataset
from lib.kinds import needs_version
from lib.live_targets import HOST, TcpServer
from lib.refusing_proxy import RefusingProxy
from lib.replaying import BIG, TARGET, WithTarget, counts, fill_some, url_of
from lib.splitting import DONE, NO
from test_dry_run import DryRunning


def fill_plain(call):
    """What every version has commands for, in database 0."""
    call.pipeline(
        [
            ("SET", "string", "value"),
            ("SET", "expiring", "value", "PXAT", dataset.FAR),
            ("RPUSH", "list", *range(300)),
            ("RPUSH", "list:expiring", "a", "b"),
            ("PEXPIREAT", "list:expiring", dataset.FAR),
            ("HSET", "hash", "field", "value"),
            ("SADD", "set", "a", "b", "c"),
            ("ZADD", "zset", 1, "a", 2.5, "b"),
        ]
    )


@needs_version(redis=(7, 0))
class Poor(WithTarget, DryRunning):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_some, scale=0.3)
        cls.plain = cls.dump_of(fill_plain)
        cls.socket = os.path.join(cls.target.folder, "socket")

    def user(self, *rights):
        """A URL for a user with these rights, beside those that all have."""
        self.call("ACL", "SETUSER", "app", "reset", "on", ">s3cret", "~*", "&*", "+@all", *rights)
        self.addCleanup(self.call, "ACL", "DELUSER", "app")
        return f"redis://app:s3cret@{HOST}:{self.target.port}"

    def foretold(self, dump, url, *options, expected=DONE):
        """The dry run says what then happens. Returns the report of the run."""
        self.dry(dump, url, *options, expected=NO if expected else DONE)
        return self.replay(dump, url, *options, "--retry-for", "2s", expected=expected)

    def about(self, kind):
        return [remark["about"] for remark in self.report["dry_run"][kind]]


class Rights(Poor):
    def test_all_is_written(self):
        """In whatever way is left."""
        for rights, restored in (
            (["-info"], True),
            (["-@dangerous"], False),
            (["-restore"], False),
            (["-restore", "-multi"], False),
            (["-restore", "-renamenx", "-rename"], False),
            (["-renamenx", "-multi", "-unlink"], True),
            (["-exists"], True),
            (["-msetnx", "-mset"], True),
            (["-info", "-client", "-config", "-role", "-wait", "-command", "-exists"], True),
        ):
            with self.subcase(rights=rights):
                report = self.foretold(self.dump, self.user(*rights))
                self.assert_holds(self.expected(self.dump), self.call)
                self.assertEqual(counts(report)["restored"] > 0, restored)
                self.assertNotIn("--target-version", self.said)

    def test_large_values(self):
        for rights, code in ((["-restore", "-multi"], DONE), (["-restore", "-renamenx"], TARGET)):
            with self.subcase(rights=rights):
                report = self.foretold(self.dump, self.user(*rights), "--big-key", BIG, expected=code)
                self.assertEqual(counts(report)["failed"] > 0, code == TARGET)
                if code == TARGET:
                    self.assertIn("too large for a transaction", self.said)
                self.assert_no_temporaries(self.call)

    def test_keys_that_exist(self):
        url = self.user("-restore", "-renamenx", "-rename")
        self.call.pipeline([("SET", "list", "mine"), ("RPUSH", "hash", "mine")])
        self.foretold(self.plain, url, expected=TARGET)
        self.assertEqual(self.about("blockers"), ["existing"])
        self.assertIn("nothing written: 2 keys already exist", self.said)
        self.assertEqual(self.call("DBSIZE"), 2)
        report = self.replay(self.plain, url, *self.letters(), expected=TARGET)
        self.assertEqual((counts(report)["failed"], counts(report)["written"]), (2, 5))
        self.call("DEL", "zset", "set")
        report = self.foretold(self.plain, url, "--on-exists", "skip")
        self.assertEqual((counts(report)["skipped"], counts(report)["written"]), (5, 2))
        self.assertEqual(self.call("GET", "list"), b"mine")
        report = self.foretold(self.plain, url, "--on-exists", "replace")
        self.assertEqual(counts(report)["written"], 7)
        self.assert_holds(self.expected(self.plain), self.call)

    def test_no_way(self):
        """Strings are written, and each other key is named."""
        for rights in (["-restore", "-renamenx", "-multi"], ["-restore", "-renamenx", "-watch"]):
            with self.subcase(rights=rights):
                report = self.foretold(self.plain, self.user(*rights), expected=TARGET)
                self.assertEqual((counts(report)["written"], counts(report)["failed"]), (2, 5))
                self.assertIn("neither RENAMENX nor MULTI", self.said)
        with self.subcase(rights="rpush"):
            report = self.foretold(self.plain, self.user("-restore", "-rpush"), expected=TARGET)
            self.assertEqual(counts(report)["failed"], 2)

    def test_what_only_restore_can_write(self):
        """A stream whose pending entry is gone."""

        def fill(call):
            fill_plain(call)
            call.pipeline([("XADD", "stream", "1-1", "a", "b"), ("XGROUP", "CREATE", "stream", "g", 0)])
            call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">")
            call("XDEL", "stream", "1-1")

        report = self.foretold(self.dump_of(fill), self.user("-restore"), expected=TARGET)
        self.assertEqual((counts(report)["written"], counts(report)["failed"]), (7, 1))
        self.assertRegex(self.said, "'stream'.*RESTORE")

    def test_mode_restore(self):
        url = self.user("-restore")
        self.dry(self.plain, url, "--mode", "restore", expected=NO)
        self.assertIn("restore", self.about("blockers"))
        self.replay(self.plain, url, "--mode", "restore", expected=TARGET)
        self.assertIn("use --mode auto or commands", self.said)

    def test_restore_is_taken_away_meanwhile(self):
        """Payloads that were sent ahead are written as commands, too."""
        url = self.user()
        running = self.begin(self.dump, url, "--rate", "300KB/s")
        self.begun(running, lambda: self.call("DBSIZE") > 60)
        self.call("ACL", "SETUSER", "app", "-restore")
        self.finish(running)
        self.assertEqual(self.said.count("all values are written as commands from now on"), 1, self.said)
        self.assert_holds(self.expected(self.dump), self.call)

    def test_exists_is_not_asked(self):
        url = self.user("-exists")
        self.call("SET", "list", "mine")
        self.dry(self.plain, url)
        self.assertEqual(self.about("warnings"), ["exists"])
        report = self.replay(self.plain, url, expected=TARGET)
        self.assertEqual((counts(report)["failed"], counts(report)["written"]), (1, 6))
        self.assertEqual(self.call("GET", "list"), b"mine")

    def test_a_replica_without_info(self):
        for more in ([], ["--rename-command", "ROLE", ""]):
            settings = {"replicaof": [HOST, str(self.target.port)], "rename_command": ["INFO", "", *more]}
            with TcpServer(self.fresh(), **settings) as replica:
                self.replay(self.plain, url_of(replica), expected=TARGET)
                self.assertIn("is a replica", self.said)
                self.dry(self.plain, url_of(replica), expected=NO)
                self.assertIn("role", self.about("blockers"))

    def test_verify(self):
        """Comparing needs no INFO either."""
        report = self.replay(self.dump, self.user("-info"), "--verify")
        self.assertEqual(report["verify"]["unexplained"], 0)


class Renamed(Poor):
    def renamed(self, *names):
        """A server without these commands."""
        words = [word for name in names for word in ("--rename-command", name, "")][1:]
        server = TcpServer(self.fresh(), rename_command=words)
        self.addCleanup(server.stop)
        return server

    def test_commands_that_are_not_there(self):
        for names in (["RESTORE"], ["RESTORE", "RENAME", "RENAMENX"], ["RESTORE", "MULTI", "COMMAND"]):
            with self.subTest(names=names):
                server = self.renamed(*names)
                self.foretold(self.dump, url_of(server))
                self.assert_holds(self.expected(self.dump), server.call)

    def test_select(self):
        """Database 0 needs none."""
        server = self.renamed("SELECT")
        self.foretold(self.plain, url_of(server))
        self.assertEqual(server.call("DBSIZE"), 7)
        self.dry(self.dump, url_of(server), "--on-exists", "skip", expected=NO)
        self.assertIn("missing_database", self.about("blockers"))
        self.replay(self.dump, url_of(server), "--on-exists", "skip", expected=TARGET)
        self.assertRegex(self.said, "database [15]: .*unknown command")

    def test_info(self):
        server = self.renamed("INFO", "HELLO")
        self.foretold(self.plain, url_of(server))
        self.assertIn("INFO: ERR unknown command", self.said)
        self.assertEqual(server.call("LLEN", "list"), 300)

    def test_a_version_that_nobody_tells(self):
        """What COMMAND has tells no more than 5.0. RESTORE is not used."""
        server = self.renamed("HELLO")
        server.call("ACL", "SETUSER", "app", "on", ">s3cret", "~*", "&*", "+@all", "-info")
        url = f"redis://app:s3cret@{HOST}:{server.port}"
        report = self.foretold(self.plain, url)
        self.assertIn("assuming redis 5.0 and not using RESTORE: set --target-version", self.said)
        self.assertEqual(counts(report)["restored"], 0)
        self.assert_holds(self.expected(self.plain), server.call)
        server.call("FLUSHALL")
        report = self.foretold(self.dump, url, "--target-version", "7.0")
        self.assertNotIn("assuming", self.said)
        self.assertGreater(counts(report)["restored"], 0)
        self.assert_holds(self.expected(self.dump), server.call)

    def test_commands_of_an_aof(self):
        """That the target does not have them is known beforehand."""
        path = self.path("new.aof")
        with open(path, "wb") as file:
            file.write(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n" + b"*2\r\n$7\r\nnewcmdx\r\n$1\r\na\r\n" * 3)
        found = self.dry(path, self.url, expected=NO)
        self.assertEqual(found["findings"]["unknown_command"], {"count": 3, "examples": [{"command": "NEWCMDX"}]})
        self.assertIn("'NEWCMDX'", self.page)
        self.ferry("replay", path, self.url, expected=TARGET)
        with open(path, "wb") as file:
            file.write(b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n")
        self.clear()
        server = self.renamed("COMMAND")
        self.dry(path, url_of(server))
        self.assertEqual(self.about("warnings"), ["commands"])
        self.ferry("replay", path, url_of(server))


QUESTIONS = ("INFO", "HELLO", "COMMAND", "CLUSTER", "CLIENT", "CONFIG", "ROLE", "WAIT", "MODULE", "DBSIZE", "SELECT")
OWN_INFO = b"$18\r\nversion:1.0.5\r\nx:y\r\n"


class Proxies(Poor):
    def test_kinds(self):
        kinds = {
            "twemproxy": ([*QUESTIONS, "MULTI", "WATCH", "DISCARD"], None, {}),
            "envoy": ([*QUESTIONS, "RESTORE", "WATCH", "MULTI"], "invalid request", {}),
            "predixy": (["HELLO", "COMMAND", "CLIENT", "CONFIG"], "ERR unknown command", {"INFO": OWN_INFO}),
            "pika": (["HELLO", "RESTORE", "RENAME", "RENAMENX"], "ERR unknown command", {"INFO": OWN_INFO}),
        }
        for kind, (refused, says, answers) in kinds.items():
            with self.subcase(kind=kind), RefusingProxy(self.socket, refused, says, answers) as proxy:
                self.foretold(self.plain, proxy.url)
                self.assertIn("set --target-version", self.said)
                self.assertNotIn("RESTORE", proxy.seen)
                self.assert_holds(self.expected(self.plain), self.call)

    def test_a_version_that_is_said_by_hand(self):
        """It counts more than what the target says, too."""

        def fill(call):
            fill_plain(call)
            call("XADD", "stream", "1-1", "a", "b")

        dump, info = self.dump_of(fill), b"$19\r\nredis_version:4.0.0\r\n"
        with RefusingProxy(self.socket, ["HELLO"], answers={"INFO": info}) as proxy:
            self.foretold(dump, proxy.url, expected=TARGET)
            self.clear()
            self.foretold(dump, proxy.url, "--target-version", "7.0")
        self.assert_holds(self.expected(dump), self.call)

    def test_restore_is_refused_when_it_is_tried(self):
        """Nothing tells beforehand."""
        refused = ["RESTORE", "MULTI", "COMMAND"]
        tried = {"RESTORE": b"-ERR command 'RESTORE' is not allowed\r\n"}
        with RefusingProxy(self.socket, refused, answers=tried) as proxy:
            self.replay(self.dump, proxy.url)
        self.assert_holds(self.expected(self.dump), self.call)


if __name__ == "__main__":
    import unittest

    unittest.main()
