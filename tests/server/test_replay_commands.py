# SPDX-License-Identifier: MIT
"""What a replay does not do: commands of an AOF that would change what is there, or that nobody could verify; and what
it says of keys that it has left, of values that cannot be compared, and of targets that do not let it in."""
import json
import os
import random
import shutil
import subprocess
import time
import unittest

from lib.dataset import FAR
from lib.kinds import KIND, needs_version
from lib.live_targets import HOST, Proxy, TcpServer, called_redis
from lib.observe import differences, observe
from lib.replaying import TARGET, Running, WithTarget, fill_some
from lib.resp import encode
from lib.server import Server
from lib.splitting import DONE, NO, USAGE

HERE = os.path.dirname(os.path.abspath(__file__))


@needs_version(redis=(7, 0))
class Commands(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.class_folder()
        cls.aof = os.path.join(folder, "only commands.aof")
        with open(cls.aof, "wb") as file:
            file.write(encode(("APPEND", "a", 1)) * 2)
        with Server(folder, appendonly="yes") as server:
            fill_some(server.call, scale=0.1)
            server.call("BGREWRITEAOF")
            server.wait_for_rewrite()
            server.call("APPEND", "a", "1")
        cls.directory = os.path.join(folder, "appendonlydir")

    def inputs(self):
        for path in (self.aof, self.directory):
            with self.subcase(path=os.path.basename(path)):
                yield path

    def test_nobody_could_verify_them(self):
        """That is known before anything is written."""
        for path in self.inputs():
            self.ferry("replay", path, self.url, "--verify", expected=USAGE)
            self.assertIn("cannot be verified", self.said)
            self.assertEqual(self.keys_there(), 0)

    def write_aof(self, *commands):
        path = os.path.join(self.fresh(), "some.aof")
        with open(path, "wb") as file:
            for command in commands:
                file.write(encode(command.split()))
        return path

    def test_errors_within_transactions(self):
        """Each is named, and in the dead letters; the others are executed."""
        failing = ["LPUSH k x", "SET j 1 BOGUS"]
        inside = ["MULTI", *failing, "SET l v", "EXEC"]
        path, letters = self.write_aof("SELECT 0", "SET k v", *inside), os.path.join(self.fresh(), "letters")
        self.ferry("replay", path, self.url, "--dead-letter", letters, expected=TARGET)
        self.assertIn("command 3, LPUSH: WRONGTYPE", self.said)
        self.assertIn("command 4, SET: ERR syntax error", self.said)
        self.assertEqual((self.call("GET", "k"), self.call("GET", "l"), self.keys_there()), (b"v", b"v", 2))
        with open(letters, "rb") as file, open(self.write_aof("SELECT 0", *failing), "rb") as whole:
            self.assertEqual(file.read(), whole.read())

    def test_commands_that_are_refused(self):
        """Nothing of the transaction is executed then; the others are sent once more."""
        path = self.write_aof("MULTI", "SET k v", "NO_SUCH_COMMAND k", "EXEC", "SET l v")
        self.ferry("replay", path, self.url, expected=TARGET)
        self.assertIn("command 3, NO_SUCH_COMMAND: ERR unknown command", self.said)
        self.assertEqual((self.call("GET", "k"), self.call("GET", "l"), self.keys_there()), (b"v", b"v", 2))

    def test_commands_that_are_never_sent(self):
        path = self.write_aof("SET k v", "SHUTDOWN NOSAVE", "REPLICAOF 127.0.0.1 1", "DEBUG SEGFAULT", "SET l v")
        self.ferry("replay", path, self.url, expected=TARGET)
        for name in ("SHUTDOWN", "REPLICAOF", "DEBUG"):
            self.assertIn(f"{name}: this command is never replayed", self.said)
        self.assertEqual((self.call("GET", "k"), self.call("GET", "l")), (b"v", b"v"))
        self.assertEqual(self.call("ROLE")[0], b"master")

    def test_a_target_that_is_not_empty(self):
        for path in self.inputs():
            self.call("SET", "a", "mine")
            self.ferry("replay", path, self.url, expected=USAGE)
            self.assertIn("the existing data of the target, 1 key:", self.said)
            self.assertEqual((self.call("GET", "a"), self.keys_there()), (b"mine", 1))
            page = self.ferry("replay", path, self.url, "--dry-run", expected=NO).decode()
            self.assertIn("would modify the existing data, 1 key", page)

    def test_a_target_that_is_not_empty_and_a_pipe(self):
        self.call("SET", "a", "mine")
        with open(self.aof, "rb") as file:
            self.ferry("replay", "-", self.url, stdin=file.read(), expected=USAGE)
        self.assertEqual(self.call("GET", "a"), b"mine")

    def test_a_key_in_another_database(self):
        self.call.pipeline([("SELECT", 7), ("SET", "z", 1), ("SELECT", 0)])
        self.ferry("replay", self.aof, self.url, expected=USAGE)

    def test_expiries_that_have_passed(self):
        """Commands that use such keys are not sent, where expiries cannot be shifted: the target would have deleted them."""
        letters = ["--dead-letter", os.path.join(self.fresh(), "letters")]
        safe, risky = ["SET s 5 PXAT 1700000000000"], ["INCR s", f"PEXPIREAT s {FAR}"]
        ends = ["DEL s", "SET s 1", "SET s 1 PXAT 1700000000001", "PEXPIREAT s 1700000000001", "RENAME n s", "FLUSHALL"]
        for end in ends:
            with self.subcase(end=end):
                path = self.write_aof("SELECT 0", "SET n 1", *safe, *risky, end, "SET k v")
                self.ferry("replay", path, self.url)
                self.assertEqual(self.call("GET", "k"), b"v")
        others = ["RENAME s d", "COPY s d DB 3", "MOVE s 1", "SET s 1 KEEPTTL", "INCRBYFLOAT s 1", "BITOP OR s s n"]
        for use in (*risky, *others, "SUNIONSTORE d s n", "INCR s | SWAPDB 0 1 | DEL s"):
            with self.subcase(use=use):
                path = self.write_aof("SELECT 0", "SET n 1", *safe, *use.split(" | "), "SET k v")
                self.ferry("replay", path, self.url, *letters, expected=TARGET)
                self.assertRegex(self.said, r"the expiry of 1 key passes .* such as '[sd]' \(db [013]\) at offset 0x")
                self.assertEqual(self.keys_there(), 0)
        for policy, expected in (("fail", DONE), ("skip", NO)):
            page = self.ferry("replay", path, self.url, "--dry-run", "--on-exists", policy, expected=expected)
            self.assertIn(b"the expiry of 1 key passes", page)

    def rewritten_in_time(self, server):
        """Counts a key in the base up to 6, before it expires. Returns the time that it had."""
        for ms in (300, 3000, 30000):
            server.call("SET", "s", 5, "PX", ms)
            server.call("BGREWRITEAOF")
            server.wait_for_rewrite()
            if server.call("INCR", "s") == 6:
                return ms
        return self.fail("the server is too slow")

    def test_expiries_of_the_snapshot_that_have_passed(self):
        """A log that continues the RDB, and may prolong its keys; the server that reads it has them."""
        with Server(self.fresh(), appendonly="yes") as server:
            server.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            ms = self.rewritten_in_time(server)
            server.call("PEXPIREAT", "s", FAR)
            directory = os.path.join(server.folder, "appendonlydir")
            time.sleep(ms / 1000)
        for options in ([], ["--server", KIND.path]):
            with self.subcase(options=options):
                self.ferry("replay", directory, self.url, *options)
                self.assertEqual((self.call("GET", "s"), self.call("PEXPIRETIME", "s")), (b"6", FAR))

    def sessions(self):
        """A log of the past, in which keys are refreshed; some have expired at its end."""
        make, commands = random.Random(4), []
        for i in range(6000):
            past, name = 1700000000000 + i, f"s{make.randrange(300)}"
            lasting = make.choice([past, FAR + i])
            kinds = [f"SET {name} {i} PXAT {past}", f"INCR {name}", f"PEXPIREAT {name} {lasting}", f"PERSIST {name}"]
            kinds += [f"EXPIREAT {name} {lasting // 1000}"]
            kinds += [f"SET {name} {i} KEEPTTL", f"COPY {name} copy:{name} DB 2 REPLACE", f"DEL copy:{name}"]
            commands.append(make.choice(kinds))
        return self.write_aof("SELECT 0", *[f"SET s{i} 1" for i in range(300)], *commands)

    def test_a_last_pass_that_fails(self):
        """Until a resumed run has repeated it, expiries are late."""
        path = self.write_aof("SELECT 3", "SET s 5 PXAT 1700000000000", "INCR s", f"PEXPIREAT s {FAR}", f"SET t 1 PXAT {FAR}")
        job = [path, self.url, "--checkpoint", os.path.join(self.fresh(), "checkpoint"), "--resume"]
        self.addCleanup(self.call, "ACL", "SETUSER", "default", "+@all")
        self.addCleanup(self.call, "SELECT", 0)
        self.call("SELECT", 3)
        for command in ("pexpiretime", "scan"):
            self.call("ACL", "SETUSER", "default", "+@all", f"-{command}")
            self.ferry("replay", *job, expected=TARGET)
            self.assertIn("317 years late until the run has been resumed", self.said)
            self.assertEqual(self.call("GET", "s"), b"6")
            self.call("ACL", "SETUSER", "default", "+@all")
            self.assertEqual(self.call("PEXPIRETIME", "s"), FAR + 10**13)
        self.call("PEXPIREAT", "t", FAR)  # as if a pass had begun
        self.ferry("replay", *job)
        self.assertEqual((self.call("PEXPIRETIME", "s"), self.call("PEXPIRETIME", "t")), (FAR, FAR))
        self.assertEqual(self.call("KEYS", "*rdbferry*"), [])

    def test_sessions(self):
        """Equal to what a server makes of the log, whose clock stands still; also after kills."""
        path = self.sessions()
        self.ferry("replay", path, self.url, "--server", KIND.path)
        expected, digest = observe(self.call), self.call("DEBUG", "DIGEST")
        self.call("FLUSHALL")
        self.ferry("replay", path, self.url)
        self.assertIn("expiries are sent 317 years late", self.said)
        self.assertEqual((differences(expected, observe(self.call)), self.call("DEBUG", "DIGEST")), ([], digest))
        for seed in range(2):
            with self.subcase(seed=seed):
                make = random.Random(seed)
                job = [path, self.url, "--checkpoint", os.path.join(self.fresh(), "checkpoint"), "--resume"]
                for _ in range(2):
                    running = Running(self.fresh(), [*job, "--rate", "150KB/s"])
                    time.sleep(make.uniform(0.1, 1))
                    running.kill()
                    running.wait()
                self.ferry("replay", *job)
                self.assertEqual((differences(expected, observe(self.call)), self.call("DEBUG", "DIGEST")), ([], digest))

    def test_expiries_in_a_pipe(self):
        with open(self.aof, "rb") as file:
            self.ferry("replay", "-", self.url, stdin=file.read())
        self.assertEqual(self.said.count("are not checked for keys that expire"), 1)

    def test_it_may_be_wanted(self):
        for policy in ("skip", "replace"):
            with self.subcase(policy=policy):
                self.call("SET", "a", "mine")
                self.ferry("replay", self.aof, self.url, "--on-exists", policy)
                self.assertEqual(self.call("GET", "a"), b"mine11")

    def test_an_empty_target(self):
        for path in self.inputs():
            self.ferry("replay", path, self.url)
            self.assertIn(self.call("GET", "a"), (b"1", b"11"))


class Left(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(lambda call: call("MSET", *(x for i in range(40) for x in (f"key:{i}", "a needle"))))

    def test_keys_that_were_skipped_excuse_no_others(self):
        """Three were skipped, and are equal; all others were changed on the way."""
        self.call("MSET", "key:1", "a needle", "key:2", "a needle", "key:3", "a needle")
        path = os.path.join(self.fresh(), "report.json")
        with Proxy(os.path.join(self.target.folder, "socket"), requests=[(b"a needle", b"a noodle")]) as proxy:
            url = f"redis://{HOST}:{proxy.port}"
            checked = ["--mode", "commands", "--on-exists", "skip", "--verify", "--report", path]
            self.ferry("replay", self.dump, url, *checked, expected=NO)
        with open(path, encoding="utf-8") as file:
            found = json.load(file)["verify"]
        self.assertEqual((found["differences"]["changed"], found["unexplained"]), (37, 37))

    def test_quiet(self):
        """A key that is refused is an error, and no warning."""
        self.call("SET", "key:7", "mine")
        self.ferry("replay", self.dump, self.url, "-q", *self.letters(), expected=TARGET)
        self.assertRegex(self.said, r"^rdbferry: .*'key:7' \(db 0\): already exists on the target \(see --on-exists\)\n")

    def test_names_in_both(self):
        other = os.path.join(self.fresh(), "other.rdb")
        shutil.copy(self.dump, other)
        both = rf"key 'key:\d+' \(db 0\) is in both {self.dump} and {other}"
        self.ferry("replay", self.dump, other, self.url, expected=TARGET)
        self.assertRegex(self.said, both)
        metrics = os.path.join(self.fresh(), "metrics.prom")
        collided = ["--on-collision", "skip", "--metrics-file", metrics]
        self.ferry("replay", self.dump, other, self.url, *collided)
        self.assertRegex(self.said, f"40 keys discarded: name already used by another .first: {both}")
        with open(metrics, encoding="utf-8") as file:
            self.assertIn('keys_total{outcome="collided"} 40\n', file.read())


@needs_version(redis=(7, 0))
class LetIn(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(lambda call: call("SET", "a", 1))

    def refused(self, *target):
        for how in ([], ["--dry-run"]):
            self.ferry("replay", self.dump, *target, *how, expected=TARGET)
            self.assertEqual(len(self.said.splitlines()), 2, self.said)
        return self.said

    def test_what_to_do(self):
        self.call("CONFIG", "SET", "requirepass", "s3cret")
        self.addCleanup(self.call, "CONFIG", "SET", "requirepass", "")
        self.assertRegex(self.refused(self.url), "NOAUTH.*\n.*REDISCLI_AUTH")
        self.assertRegex(self.refused(self.url, "-a", "wrong"), "WRONGPASS.*\n.*REDISCLI_AUTH")
        self.call("ACL", "SETUSER", "low", "on", ">low", "~*", "-@all", "+select")
        self.addCleanup(self.call, "ACL", "DELUSER", "low")
        self.ferry("replay", self.dump, self.url, "--user", "low", "-a", "low", expected=TARGET)
        self.assertRegex(self.said, "NOPERM.*'set'.*grant the user this permission")


@needs_version(redis=(7, 0))
@unittest.skipUnless(shutil.which("cc"), "no compiler here")
class VectorSets(WithTarget):
    """Each time a server is asked for one it has other bytes. The server here only says that it is one of version 8."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        module = os.path.join(cls.class_folder(), "vector_set.so")
        build = ["cc", "-shared", "-fPIC", "-o", module, os.path.join(HERE, "lib", "vector_set.c")]
        subprocess.run(build, check=True)
        cls.server = cls.started(TcpServer(cls.class_folder(), loadmodule=module))

    def setUp(self):
        super().setUp()
        call = self.server.call
        call.pipeline([("FLUSHALL",), ("VADD", "v"), ("SET", "s", 1), ("SAVE",)])
        self.dump = self.path("vectors.rdb")
        shutil.copy(os.path.join(self.server.folder, "dump.rdb"), self.dump)
        call("FLUSHALL")

    def verified(self, expected, *arguments):
        path = os.path.join(self.fresh(), "report.json")
        with Proxy(os.path.join(self.server.folder, "socket"), answers=called_redis("8.0")) as proxy:
            url = f"redis://{HOST}:{proxy.port}"
            self.ferry("replay", self.dump, url, "--verify", "--report", path, *arguments, expected=expected)
        with open(path, encoding="utf-8") as file:
            found = json.load(file)["verify"]
        return found["incomparable"], found["differences"]["changed"], found["unexplained"]

    def test_their_bytes_differ(self):
        self.server.call("VADD", "v")
        self.assertNotEqual(self.server.call("DUMP", "v"), self.server.call("DUMP", "v"))
        self.server.call("FLUSHALL")
        self.assertEqual(self.verified(DONE), (1, 0, 0))

    def test_what_is_compared(self):
        for changes in ([("VADD", "v"), ("PEXPIREAT", "v", 1 << 42)], [("SET", "v", 1)]):
            with self.subTest(changes=changes):
                self.server.call("FLUSHALL")
                self.server.call.pipeline(changes)
                self.assertEqual(self.verified(DONE, "--on-exists", "skip"), (1, 1, 0))


if __name__ == "__main__":
    unittest.main()
