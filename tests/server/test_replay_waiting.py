# SPDX-License-Identifier: MIT
"""`rdbferry replay` and targets that are not available: what is waited for, what is said, and which exit code tells what."""
import os
import random
import subprocess
import unittest

from lib import silent_names
from lib.live_targets import HOST, Cluster, TcpServer, free_port, slot_of, wait_until
from lib.program import PROGRAM
from lib.replaying import DONE, TARGET, TEMPORARY, UNAVAILABLE, WithTarget, url_of

PASSWORD = "the-first-line"
NOBODY = f"redis://{HOST}:1"


def fill_little(call):
    call.pipeline([("SET", f"key:{i}", "value") for i in range(100)])


def fill_large(call):
    make = random.Random(1)
    for start in range(0, 60_000, 1000):
        call("RPUSH", "large", *(make.randbytes(400) for _ in range(1000)))


class First(WithTarget):
    """The first connection."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(fill_little)

    def test_nobody(self):
        for url in (NOBODY, f"redis+sentinel://{HOST}:1,{HOST}:2/main", "redis://name.invalid", "unix:///nowhere/socket"):
            for command in (["replay", self.dump, url], ["replay", "--dry-run", self.dump, url],
                            ["verify", self.dump, "--against", url]):
                with self.subTest(command=command):
                    self.ferry(*command, "--retry-for", "1s", expected=UNAVAILABLE)
                    self.assertRegex(self.said, r"waiting for .*, for up to 1 s\n(.*\n)*.*gave up after 1 s")
                    self.ferry(*command, "--retry-for", "0", expected=UNAVAILABLE)
                    self.assertNotIn("waiting", self.said)
        self.ferry("split", self.dump, "--topology", NOBODY, "-o", self.path("out"), "--retry-for", "0",
                   expected=UNAVAILABLE)

    def test_it_comes_later(self):
        port = free_port()
        running = self.begin(self.dump, f"redis://{HOST}:{port}")
        wait_until(lambda: "Connection refused" in running.said())
        with TcpServer(self.fresh(), port=port) as server:
            self.finish(running, DONE)
            self.assertRegex(self.said, rf"waiting for {HOST}:{port} \(.*refused\), for up to 60 s\n"
                                        rf".*connected to redis://{HOST}:{port} after \d+ s")
            self.assertEqual(server.call("DBSIZE"), 100)

    def test_what_is_final(self):
        with TcpServer(self.fresh()) as server:
            server.call("CONFIG", "SET", "requirepass", PASSWORD)
            for options in ([], ["-a", "wrong"]):
                self.ferry("replay", self.dump, url_of(server), *options, expected=TARGET)
                self.assertNotIn("waiting", self.said)

    def test_tls_or_not(self):
        self.ferry("replay", self.dump, self.url.replace("redis:", "rediss:"), "--timeout", "1s", expected=TARGET)
        self.assertIn("does not use TLS", self.said)

    def test_a_signal_ends_it(self):
        running = self.begin(self.dump, NOBODY)
        wait_until(lambda: "waiting for" in running.said())
        running.kill(2)
        self.assertEqual(running.wait(), -2, running.said())

    def test_passwords_in_files(self):
        path, empty_path = self.path("password"), self.path("empty")
        with open(path, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\nsecond line\n")
        with open(empty_path, "w", encoding="utf-8") as file:
            file.write("\n")
        with TcpServer(self.fresh()) as server:
            server.call("CONFIG", "SET", "requirepass", PASSWORD)
            self.ferry("replay", self.dump, url_of(server), "--pass-file", path)
            with_both = {**os.environ, "REDISCLI_AUTH": PASSWORD, "VALKEYCLI_AUTH": "wrong"}
            self.ferry("verify", self.dump, "--against", url_of(server), env=with_both)
            self.ferry("verify", self.dump, "--against", url_of(server), env={**os.environ, "VALKEYCLI_AUTH": PASSWORD})
        for wrong in (empty_path, self.path("nowhere"), self.fresh()):
            self.ferry("replay", self.dump, self.url, "--pass-file", wrong, expected=2)
            self.assertIn(wrong, self.said)

    def test_a_shard_by_its_index(self):
        for index in range(4):
            self.ferry("replay", self.dump, self.url, "--shard-index", index, "--shards", 4)
            self.ferry("verify", self.dump, "--against", self.url, "--shard", f"{index + 1}/4")
        self.assertEqual(self.call("DBSIZE"), 100)


class Name(WithTarget):
    """The name server does not answer for a minute."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = silent_names.reason_against()
        if reason:
            raise unittest.SkipTest(reason)
        cls.dump = cls.dump_of(fill_little)

    def ferry_there(self, *arguments):
        command = silent_names.command(PROGRAM, *arguments)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    def test_the_timeout_ends_it(self):
        url = "redis://name.example"
        for command in (["replay", self.dump, url], ["verify", self.dump, "--against", url]):
            with self.subTest(command=command):
                done = self.ferry_there(*command, "--timeout", "200ms", "--retry-for", "1s")
                self.assertEqual(done.returncode, UNAVAILABLE, done.stderr)
                self.assertIn("name.example:6379: cannot resolve the host name within 0.2 s; gave up after 1 s", done.stderr)


class Lost(WithTarget):
    def test_it_is_found_again(self):
        dump = self.dump_of(lambda call: call.pipeline([("SET", f"key:{i}", "v" * 100) for i in range(60_000)]))
        port = free_port()
        server = TcpServer(self.fresh(), port=port)
        self.addCleanup(lambda: server.stop())
        running = self.begin(dump, f"redis://{HOST}:{port}", "--rate", "2MB/s", "--on-exists", "replace")
        wait_until(lambda: server.call("DBSIZE") > 1000)
        server.kill()
        wait_until(lambda: "lost" in running.said() or "closed" in running.said())
        server.stop()
        server = TcpServer(self.fresh(), port=port)
        self.finish(running, DONE)
        self.assertEqual(self.said.count("; retrying for up to 60 s"), 1, self.said)
        self.assertEqual(self.said.count(f"connected again to {HOST}:{port} after "), 1, self.said)


class Killed(WithTarget):
    """What a run leaves that is killed while it writes a large value."""

    def test_staging_keys_expire(self):
        dump = self.dump_of(fill_large)
        options = ["--mode", "commands", "--rate", "2MB/s"]
        runs = [self.begin(dump, self.url, *options) for _ in range(2)]
        wait_until(lambda: len(self.call("KEYS", TEMPORARY)) == 2)
        wait_until(lambda: all(self.call("PTTL", key) > 0 for key in self.call("KEYS", TEMPORARY)))
        runs[0].kill()
        runs[0].wait()
        self.finish(runs[1], DONE)
        (left,) = self.call("KEYS", TEMPORARY)
        self.assertTrue(0 < self.call("PTTL", left) <= 300_000)
        self.assertEqual((self.call("LLEN", "large"), self.call("PTTL", "large")), (60_000, -1))
        self.call("PEXPIRE", left, 1)
        wait_until(lambda: not self.call("KEYS", TEMPORARY))

    def test_in_a_cluster(self):
        dump = self.dump_of(fill_large)
        with Cluster(self.fresh(), 3) as cluster:
            node = cluster.nodes[cluster.owner(slot_of(b"large"))]
            url = f"redis+cluster://{HOST}:{node.port}"
            running = self.begin(dump, url, "--mode", "commands", "--rate", "2MB/s")
            wait_until(lambda: [1 for key in node.call("KEYS", TEMPORARY) if node.call("PTTL", key) > 0])
            running.kill()
            running.wait()
            (left,) = node.call("KEYS", TEMPORARY)
            self.assertTrue(0 < node.call("PTTL", left) <= 300_000)
            self.ferry("replay", dump, url, "--mode", "commands")
            self.assertEqual((node.call("LLEN", "large"), node.call("PTTL", "large")), (60_000, -1))

    def test_a_staging_key_that_expires_is_written_again(self):
        dump = self.dump_of(fill_large)
        running = self.begin(dump, self.url, "--mode", "commands", "--rate", "4MB/s")
        wait_until(lambda: [self.call("PEXPIRE", key, 1) for key in self.call("KEYS", TEMPORARY)
                            if self.call("PTTL", key) > 0])
        self.finish(running, DONE)
        self.assertEqual((self.call("LLEN", "large"), self.call("PTTL", "large")), (60_000, -1))


class Present(WithTarget):
    """--on-exists fail, and what is said of keys and commands."""

    def test_nothing_is_written(self):
        dump = self.dump_of(fill_little)
        self.call("MSET", "key:7", "another", "key:8", "another")
        report = self.replay(dump, self.url, expected=TARGET)
        self.assertRegex(self.said, r"nothing written: 2 keys already exist on the target, the first is 'key:\d+' \(db 0\)")
        self.assertIn("--on-exists skip or replace", self.said)
        self.assertEqual(self.call("DBSIZE"), 2)
        self.assertEqual(report["error"]["code"], "E_EXISTS")
        with open(dump, "rb") as file:
            self.ferry("replay", "-", self.url, stdin=file.read(), expected=TARGET)
        self.assertIn("already exists on the target (see --on-exists)", self.said)
        self.assertEqual(self.call("DBSIZE"), 100)

    def test_commands_have_numbers(self):
        path = self.path("x.aof")
        with open(path, "wb") as file:
            for words in (("SELECT", "0"), ("SET", "a", "1"), ("LPUSH", "a", "x")):
                file.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w.encode()) for w in words))
        report = self.replay(path, self.url, expected=TARGET)
        self.assertRegex(self.said, r"x.aof: offset 0x[0-9a-f]+: command 2, LPUSH: WRONGTYPE")
        self.assertEqual(report["failures"]["examples"][0]["command"], 2)


if __name__ == "__main__":
    unittest.main()
