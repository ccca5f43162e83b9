# SPDX-License-Identifier: MIT
"""`rdbferry verify --against` real servers: alone, with passwords and users, over TLS, behind Sentinels, in clusters,
and with trouble on the way."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from lib import dataset
from lib.kinds import ACL, CLUSTER_DATABASES, CLUSTER_PORTS, ERRORSTATS, EXPIRETIME, FUNCTIONS, KIND, RELOAD, TLS, needs
from lib.live_targets import (
    HOST,
    SLOTS,
    Authority,
    Cluster,
    Proxy,
    Sentinel,
    TcpServer,
    called_redis,
    free_port,
    slot_of,
    tls_settings,
    wait_until,
)
from lib.program import PROGRAM, SANITIZED, run
from lib.resp import Client

EQUAL, DIFFERENT, USAGE, TARGET, UNAVAILABLE = 0, 1, 2, 4, 5
AT_ONCE = ("--retry-for", "0")
PASSWORD = "s3cret/@:pass"
IN_URL = "s3cret%2F%40%3Apass"


def setUpModule():
    global folder
    folder = tempfile.mkdtemp(prefix="rdbferry-")
    unittest.addModuleCleanup(shutil.rmtree, folder)


def place(name):
    return os.path.join(folder, name)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as listener:
            listener.bind(("::1", 0))
        return True
    except OSError:
        return False


def saved(server):
    server.call("SAVE")
    return os.path.join(server.folder, "dump.rdb")


class Verification(unittest.TestCase):
    """Verifies the class's `dump`, or another one, against targets."""

    @classmethod
    def started(cls, server):
        """A server that stays until the class is through."""
        cls.addClassCleanup(server.stop)
        return server

    def verify(self, expected, *arguments, dump=None):
        """Returns what is said on stdout; the rest is in self.said."""
        done = run("verify", dump or self.dump, "--timeout", "60s", *arguments)
        self.said = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, expected, (arguments, done.stdout, self.said))
        self.assertNotIn(PASSWORD, self.said)
        return done.stdout.decode(errors="replace")

    def differences(self, *arguments, **options):
        """The lines that tell a difference; there have to be some."""
        lines = self.verify(DIFFERENT, *arguments, **options).splitlines()
        return [line for line in lines if line[0] in "+-~"]

    def halted(self, share, *arguments):
        """A verification that has read a part of the dump and waits for the rest."""
        process = subprocess.Popen(
            [PROGRAM, "verify", "-", "--timeout", "60s", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(process.kill)
        with open(self.dump, "rb") as file:
            data = file.read()
        read = int(len(data) * share)
        process.stdin.write(data[:read])
        process.stdin.flush()
        return process, data[read:]

    def finish(self, expected, halted):
        process, rest = halted
        stdout, stderr = process.communicate(rest, timeout=300)
        self.assertEqual(process.returncode, expected, stdout + stderr)


# --- one server ---


class Standalone(Verification):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.started(TcpServer(place("standalone")))
        cls.call = cls.server.call
        dataset.fill(cls.call)
        cls.call("CONFIG", "SET", "requirepass", PASSWORD)
        cls.call("AUTH", PASSWORD)
        cls.dump = place("standalone.rdb")
        os.rename(saved(cls.server), cls.dump)
        cls.url = f"redis://:{IN_URL}@{HOST}:{cls.server.port}"

    def change(self):
        """The test will change data, which is put back after it."""
        self.addCleanup(self.put_back)
        self.call("SELECT", 0)

    def put_back(self):
        shutil.copy(self.dump, os.path.join(self.server.folder, "dump.rdb"))
        self.call("DEBUG", "RELOAD", "NOSAVE")

    def test_the_same(self):
        self.assertIn(": matches\n", self.verify(EQUAL, "--against", self.url))
        self.verify(EQUAL, "--against", self.url, "--strict")

    def test_ways_to_reach_it(self):
        path, port = os.path.join(self.server.folder, "socket"), self.server.port
        users = (
            ["--against", f"redis://default:{IN_URL}@{HOST}:{port}"],
            ["-h", "localhost", "-p", port, "-a", PASSWORD, "--user", "default"],
        )
        for arguments in (
            *(users if KIND.knows(ACL) else ()),
            ["--against", f"valkey://:{IN_URL}@localhost:{port}/0"],
            ["--against", f"unix://:{IN_URL}@{path}"],
            ["--against", f"redis://{HOST}:{port}", "-a", PASSWORD],
            ["-p", port, "--pass", PASSWORD],
            ["-s", path, "-a", PASSWORD],
        ):
            with self.subTest(arguments=arguments):
                self.verify(EQUAL, *arguments)

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_ipv6(self):
        self.verify(EQUAL, "--against", f"redis://:{IN_URL}@[::1]:{self.server.port}")

    def test_password_in_the_environment(self):
        os.environ["REDISCLI_AUTH"] = PASSWORD
        self.addCleanup(os.environ.pop, "REDISCLI_AUTH")
        self.verify(EQUAL, "-p", self.server.port)
        self.verify(TARGET, "-p", self.server.port, "-a", "another")

    def test_password_cannot_be_seen(self):
        for way in (["--against", self.url], ["-p", str(self.server.port), "-a", PASSWORD]):
            with self.subTest(way=way), self.server.halted():
                command = [PROGRAM, "verify", self.dump, *way]
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    wait_until(lambda: self.hides_password(self.command_line(process)))
                finally:
                    process.kill()
                    process.wait()

    def hides_password(self, line):
        """It is empty until the program runs, which then writes over it."""
        return b"verify" in line and str(self.server.port).encode() in line and b"s3cret" not in line

    def command_line(self, process):
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            return file.read()

    @needs(ACL)
    def test_refused(self):
        self.verify(TARGET, "-p", self.server.port)
        self.assertIn("NOAUTH", self.said)
        self.verify(TARGET, "-p", self.server.port, "-a", "wrong")
        self.assertIn(f"{HOST}:{self.server.port}: AUTH: WRONGPASS", self.said)
        self.verify(TARGET, "-p", self.server.port, "-a", PASSWORD, "--user", "nobody")
        self.assertIn("AUTH: WRONGPASS", self.said)

    def test_a_password_that_comes_back_is_not_shown(self):
        """Servers that do not know AUTH repeat its arguments."""
        with TcpServer(place("renamed"), rename_command=["AUTH", "SECRET-AUTH"]) as server:
            self.verify(TARGET, "-p", server.port, "-a", PASSWORD)
            self.assertIn("AUTH: rejected\n", self.said)

    def test_nobody_there(self):
        self.verify(UNAVAILABLE, "--against", f"redis://{HOST}:1", *AT_ONCE)
        self.assertIn(f"{HOST}:1: cannot connect: Connection refused", self.said)
        self.verify(UNAVAILABLE, "--against", "unix:///nowhere/socket", *AT_ONCE)
        self.assertIn("/nowhere/socket: cannot connect", self.said)

    def test_no_answer(self):
        with self.server.halted():
            self.verify(UNAVAILABLE, "--against", self.url, "--timeout", "500ms", *AT_ONCE)
        self.assertIn("no reply within 0.5 s", self.said)

    def test_no_sense(self):
        port = self.server.port
        for arguments in (
            ["--against", self.url + "/3"],
            ["--against", self.url, "-p", 1],
            ["--against", f"redis://{HOST}:99999"],
            ["-s", "/a", "-p", 1],
            ["-p", 0],
            ["-p", port, "--cacert", "ca.crt"],
            ["-p", port, "--timeout", "soon"],
            ["-s", "/a", "--tls"],
            ["--tls", "--cert", "a.crt"],
            ["--tls", "--cacert", "/nowhere/ca.crt", "-p", port],
        ):
            with self.subTest(arguments=arguments):
                self.verify(USAGE, *arguments)

    @needs(FUNCTIONS)
    def test_differences(self):
        """One of each kind, in each database."""
        self.change()
        self.call("DEL", "hash:3", "list:3")
        self.call("SET", "list:3", "not a list")
        self.call("SETRANGE", "str:big", 2_999_999, "x")
        self.call("HSET", "hash:1000", "field:999", "changed")
        self.call("SELECT", 3)
        self.call("PEXPIRE", "set:3", 1_000_000)
        self.call("SELECT", 9)
        self.call("SET", "more", 1)
        self.call("FUNCTION", "DELETE", "first")
        self.call("FUNCTION", "LOAD", "REPLACE", dataset.LIBRARIES[1] + b"\n")
        lines = self.differences("--against", self.url)
        expected = {"hash:3": "-", "str:big": "~", "list:3": "~", "hash:1000": "~", "set:3": "~", "first": "-",
                    "second": "~"}  # fmt: skip
        self.assertEqual({line.split("'")[1]: line[0] for line in lines}, expected)

    @needs(FUNCTIONS)
    def test_strict_finds_what_only_the_target_has(self):
        self.change()
        self.call("SELECT", 11)
        self.call("SET", "extra", 1)
        self.call("FUNCTION", "LOAD", "#!lua name=third\nredis.register_function('third', function() end)")
        self.assertIn("matches; 1 extra key on the target (--strict", self.verify(EQUAL, "--against", self.url))
        lines = self.differences("--against", self.url, "--strict")
        self.assertEqual({line.split("'")[1]: line[0] for line in lines}, {"extra": "+", "third": "+"})

    @needs(RELOAD)
    def test_extra_keys_are_those_that_are_chosen(self):
        self.change()
        self.call("SELECT", 11)
        for command in (
            ["MSET", "x:1", 1, "x:2", 2, "y:1", 1],
            ["RPUSH", "x:list", 1],
            ["SET", "x:1:rdbferry:abcdefgh:xyz", 1],
            ["SET", "x:gone", 1, "PX", 1],
        ):
            self.call(*command)
        shard = 1 + (slot_of(b"x:1") >= SLOTS // 2)
        report = place("report.json")
        for options, extra, said in (
            ([], 5, "matches; 5 extra keys on the target, 1 of them temporary (--strict lists them)"),
            (["--match", "x:*"], 4, "matches; 4 extra keys on the target, 1 of them temporary (--strict"),
            (["--match", "x:*", "--type", "list"], 1, "matches; 1 extra key on the target (--strict lists them)"),
            (["--no-type", "string,list"], 0, "matches\n"),
            (["--no-db", "11"], 0, "matches\n"),
            (["--match", "x:1", "--shard", f"{shard}/2"], 1, "matches; 1 extra key on the target"),
            (["--match", "x:1", "--shard", f"{3 - shard}/2"], 0, "matches\n"),
            (["--match", "x:*", "--rename", "s/^a$/b/"], None, "matches; extra keys on the target not counted"),
        ):
            with self.subTest(options=options):
                self.assertIn(said, self.verify(EQUAL, "--against", self.url, *options, "--report", report))
                with open(report, encoding="utf-8") as file:
                    self.assertEqual(json.load(file)["against"]["keys_extra"], extra)
        lines = self.differences("--against", self.url, "--strict", "--match", "x:*", "--type", "list")
        self.assertEqual([line.split("'")[1] for line in lines], ["x:list"])
        self.verify(USAGE, "--against", self.url, "--strict", "--match", "x:*", "--rename", "s/^a$/b/")

    @needs(RELOAD)
    def test_tolerance(self):
        self.change()
        self.call("PEXPIREAT", "hash:3", dataset.FAR)
        dump = saved(self.server)
        self.verify(EQUAL, "--against", self.url, dump=dump)
        self.call("PEXPIREAT", "hash:3", dataset.FAR - 900)
        self.assertEqual(len(self.differences("--against", self.url, dump=dump)), 1)
        self.assertEqual(len(self.differences("--against", self.url, "--ttl-tolerance", "899ms", dump=dump)), 1)
        self.verify(EQUAL, "--against", self.url, "--ttl-tolerance", "900ms", dump=dump)

    @needs(RELOAD)
    def test_expired_meanwhile(self):
        self.change()
        self.call("SET", "short", "lived", "PX", 2000)  # it has to be there when the server saves
        dump = saved(self.server)
        self.verify(EQUAL, "--against", self.url, dump=dump)
        time.sleep(2.2)
        self.verify(EQUAL, "--against", self.url, dump=dump)
        self.call("SET", "short", "lived")
        self.assertEqual(len(self.differences("--against", self.url, dump=dump)), 1)

    @needs(RELOAD)
    def test_large_values(self):
        """In little more memory than the largest takes, here and, of what is not read yet, in the server."""
        self.change()
        self.addCleanup(self.call, "CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0")
        self.call("CONFIG", "SET", "client-output-buffer-limit", "normal 25mb 0 0")
        self.call("FLUSHALL")
        self.call("CONFIG", "SET", "rdbcompression", "no")
        self.addCleanup(self.call, "CONFIG", "SET", "rdbcompression", "yes")
        self.call("SET", "large", os.urandom(10_000_000))
        for i in range(80):
            self.call("SET", f"middling:{i}", os.urandom(1_000_000))
        dump = saved(self.server)
        process = subprocess.Popen([PROGRAM, "verify", dump, "--against", self.url], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, EQUAL)
        if not SANITIZED:
            self.assertLess(usage.ru_maxrss, 75_000)
        self.call("SETRANGE", "large", 9_999_999, "x")
        self.assertEqual(len(self.differences("--against", self.url, dump=dump)), 1)

    @needs(ACL, EXPIRETIME)
    def test_user_with_few_rights(self):
        rights = ["+info", "+select", "+dump", "+pexpiretime", "+function|list"]
        self.call("ACL", "SETUSER", "checker", "on", ">" + PASSWORD, "~*", "-@all", *rights)
        self.addCleanup(self.call, "ACL", "DELUSER", "checker")
        user = ["-p", self.server.port, "--user", "checker", "-a", PASSWORD]
        self.verify(EQUAL, *user)
        self.call("SET", "extra", 1)
        self.addCleanup(self.call, "DEL", "extra")
        self.assertIn("matches; extra keys on the target not counted: ", self.verify(EQUAL, *user))
        self.verify(TARGET, *user, "--strict")
        self.assertIn("SCAN: NOPERM", self.said)
        self.call("ACL", "SETUSER", "checker", "-dump")
        self.verify(TARGET, *user)
        self.assertRegex(self.said, "DUMP: NOPERM .* in key '")

    def test_too_few_databases(self):
        with TcpServer(place("few"), databases=2) as server:
            self.verify(TARGET, "-p", server.port)
            self.assertIn("SELECT: ERR DB index is out of range", self.said)


# --- trouble that passes ---


class Trouble(Verification):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.started(TcpServer(place("trouble")))
        dataset.fill(cls.server.call)
        cls.dump = saved(cls.server)
        cls.path = os.path.join(cls.server.folder, "socket")

    def test_connections_that_are_cut(self):
        """Early, in the middle of answers, between them; not the first one, which finds out who is there."""
        for cuts in ([None, 0], [None, 1], [None, 5], [None, 1000, 100_000], [None, 3_000_000, 40, 7_000_000]):
            with self.subTest(cuts=cuts), Proxy(self.path, cuts) as proxy:
                self.verify(EQUAL, "-p", proxy.port)
                self.assertGreater(proxy.connections, len(cuts))

    def test_connections_that_are_cut_again_and_again(self):
        """As long as there are some answers each time it goes on."""
        with TcpServer(place("many")) as server:
            for i in range(3000):
                server.call("SET", f"key:{i}", os.urandom(1000))
            with Proxy(os.path.join(server.folder, "socket"), [60_000] * 1000) as proxy:
                self.verify(EQUAL, "-p", proxy.port, dump=saved(server))
                self.assertGreater(proxy.connections, 50)

    def test_connections_that_are_always_cut(self):
        """Three times over the same answer are enough."""
        with TcpServer(place("one")) as server:
            server.call("SET", "long", os.urandom(100_000))
            with Proxy(os.path.join(server.folder, "socket"), [6000] * 1000) as proxy:
                self.verify(UNAVAILABLE, "-p", proxy.port, dump=saved(server))
                self.assertRegex(self.said, "connection (closed by the server|lost).* in key 'long'")
                self.assertLess(proxy.connections, 12)

    def test_a_server_that_is_none(self):
        with Proxy(self.path, answers=[(b"$", b"?")]) as proxy:
            self.verify(TARGET, "-p", proxy.port)
            self.assertIn("protocol error: not a RESP reply", self.said)

    def test_older_servers_tell_no_time_of_expiry(self):
        """They are asked with PTTL. This one calls itself 6.2, and refuses PEXPIRETIME as if it were."""
        unknown = b"PEXPIRETIME", b"PEXPIREWHEN"
        self.server.call("SELECT", 0)
        with Proxy(self.path, answers=called_redis("6.2"), requests=[unknown]) as proxy:
            self.server.call("PEXPIREAT", "hash:3", dataset.FAR)
            dump = saved(self.server)
            self.verify(EQUAL, "-p", proxy.port, dump=dump)
            self.server.call("PEXPIREAT", "hash:3", dataset.FAR - 900)
            self.assertEqual(len(self.differences("-p", proxy.port, dump=dump)), 1)
            self.verify(EQUAL, "-p", proxy.port, "--ttl-tolerance", "1s", dump=dump)
        self.server.call("PERSIST", "hash:3")
        self.server.call("SAVE")

    @needs(ERRORSTATS)
    def test_a_server_that_goes_and_comes_back(self):
        """When it is back it needs a while to load, and says so."""
        os.makedirs(place("back"))
        shutil.copy(self.dump, place("back"))
        with TcpServer(place("back")) as server:
            halted = self.halted(0.9, "-p", server.port)
            wait_until(lambda: server.count_calls(b"dump") > 0)
            server.kill()
        slowly = {"key_load_delay": 300, "loading_process_events_interval_bytes": 1024}
        with TcpServer(place("back"), port=server.port, **slowly) as server:
            self.finish(EQUAL, halted)
            self.assertGreater(server.count_errors(b"LOADING"), 0)


# --- TLS ---


@needs(TLS)
class Tls(Verification):
    @classmethod
    def setUpClass(cls):
        cls.authority, cls.other = (Authority(place("authorities"), name) for name in ("ours", "theirs"))
        settings = tls_settings(cls.authority, f"IP:{HOST},DNS:cache.example")
        cls.server = cls.started(TcpServer(place("tls"), **settings))
        dataset.fill(cls.server.call)
        cls.dump = saved(cls.server)
        cls.url = f"rediss://{HOST}:{cls.server.port}"
        cls.trusting = ["--cacert", cls.authority.certificate]

    def test_verified(self):
        self.verify(EQUAL, "--against", self.url, *self.trusting)
        self.verify(EQUAL, "--tls", "-p", self.server.port, *self.trusting)
        self.verify(EQUAL, "--against", self.url, *self.trusting, "--sni", "cache.example")

    def test_directory_of_certificates(self):
        os.makedirs(place("trusted"))
        shutil.copy(self.authority.certificate, os.path.join(place("trusted"), "ours.pem"))
        subprocess.run(["openssl", "rehash", place("trusted")], check=True, capture_output=True)
        self.verify(EQUAL, "--against", self.url, "--cacertdir", place("trusted"))

    def test_unknown_authority(self):
        self.verify(TARGET, "--against", self.url)
        self.assertIn("certificate rejected", self.said)
        self.verify(TARGET, "--against", self.url, "--cacert", self.other.certificate)
        self.assertIn("certificate rejected", self.said)

    def test_another_host(self):
        self.verify(TARGET, "--against", f"rediss://localhost:{self.server.port}", *self.trusting)
        self.assertIn("certificate rejected: hostname mismatch", self.said)
        self.verify(TARGET, "--against", self.url, *self.trusting, "--sni", "cache.example.org")
        self.assertIn("certificate rejected: hostname mismatch", self.said)

    def test_insecure(self):
        self.verify(EQUAL, "--against", f"rediss://localhost:{self.server.port}", "--insecure")

    def test_own_certificate(self):
        certificate, key = self.authority.issue("client", "DNS:client")
        self.server.call("CONFIG", "SET", "tls-auth-clients", "yes")
        self.addCleanup(self.server.call, "CONFIG", "SET", "tls-auth-clients", "no")
        self.verify(EQUAL, "--against", self.url, *self.trusting, "--cert", certificate, "--key", key)
        self.verify(TARGET, "--against", self.url, *self.trusting)

    def test_versions(self):
        self.addCleanup(self.server.call, "CONFIG", "SET", "tls-protocols", "")
        self.server.call("CONFIG", "SET", "tls-protocols", "TLSv1.2")
        self.verify(EQUAL, "--against", self.url, *self.trusting)
        self.server.call("CONFIG", "SET", "tls-protocols", "TLSv1.1")
        self.verify(TARGET, "--against", self.url, *self.trusting)
        self.assertIn("TLS: ", self.said)

    def test_on_one_side_only(self):
        self.verify(TARGET, "--against", f"redis://{HOST}:{self.server.port}")


# --- Sentinel ---


class BehindSentinel(Verification):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.started(TcpServer(place("primary")))
        dataset.fill(cls.server.call)
        cls.server.call("CONFIG", "SET", "requirepass", PASSWORD)
        cls.server.call("AUTH", PASSWORD)
        cls.dump = saved(cls.server)
        cls.sentinel = cls.started(Sentinel(place("sentinel"), {"main": cls.server.port}, password=PASSWORD))
        cls.url = f"redis+sentinel://:{IN_URL}@{HOST}:{cls.sentinel.port}"

    def before(self, port):
        """The URL with another Sentinel to ask first."""
        return self.url.replace(f"@{HOST}", f"@{HOST}:{port},{HOST}")

    def test_by_name(self):
        said = self.verify(EQUAL, "--against", self.url + "/main")
        self.assertIn(f"redis+sentinel://{HOST}:{self.sentinel.port}/main", said)
        self.verify(EQUAL, "--against", self.url + "/main/0")

    def test_the_only_one_needs_no_name(self):
        self.verify(EQUAL, "--against", self.url)
        self.verify(EQUAL, "-p", self.sentinel.port, "-a", PASSWORD)

    def test_unknown_name(self):
        self.verify(TARGET, "--against", self.url + "/other")
        self.assertIn("no primary 'other'; it monitors main", self.said)

    def test_several(self):
        watched = {"one": self.server.port, "two": free_port()}
        with Sentinel(place("several"), watched, password=PASSWORD) as sentinel:
            self.verify(TARGET, "-p", sentinel.port, "-a", PASSWORD)
            self.assertRegex(self.said, "name one of them: (one, two|two, one)")
            self.verify(EQUAL, "--against", f"redis+sentinel://:{IN_URL}@{HOST}:{sentinel.port}/one")

    def test_next_sentinel(self):
        self.verify(EQUAL, "--against", self.before(free_port()) + "/main")
        with Sentinel(place("ignorant"), {}) as sentinel:
            self.verify(EQUAL, "--against", self.before(sentinel.port) + "/main")

    def test_a_server_is_no_sentinel(self):
        self.verify(TARGET, "--against", f"redis+sentinel://:{IN_URL}@{HOST}:{self.server.port}/main")
        self.assertIn("is a standalone server, not a Sentinel", self.said)

    def test_a_primary_that_is_none(self):
        with TcpServer(place("mistaken")) as server, Sentinel(place("in-error"), {"main": server.port}) as sentinel:
            server.call("REPLICAOF", HOST, free_port())
            self.verify(UNAVAILABLE, "--against", f"redis+sentinel://{HOST}:{sentinel.port}/main", *AT_ONCE)
            self.assertIn("not a primary, although", self.said)
            self.verify(EQUAL, "--against", self.before(sentinel.port) + "/main")

    def test_failover(self):
        """The primary goes half-way through; its replica gives the other answers."""
        with TcpServer(place("first"), repl_diskless_sync_delay=0) as first:
            dataset.fill(first.call)
            self.dump = saved(first)
            with TcpServer(place("second"), replicaof=[HOST, str(first.port)]) as second:
                wait_until(lambda: second.call("ROLE")[3] == b"connected")
                with Sentinel(place("on-watch"), {"main": first.port}) as sentinel:
                    wait_until(lambda: sentinel.knows_replica("main"))
                    halted = self.halted(0.9, "--against", f"redis+sentinel://{HOST}:{sentinel.port}/main")
                    wait_until(lambda: first.count_calls(b"dump") > 0)
                    first.kill()
                    self.finish(EQUAL, halted)
                    role = Client(os.path.join(second.folder, "socket"))("ROLE")  # Sentinel has closed the first one
                    self.assertEqual(role[0], b"master")


# --- Cluster ---


@needs(TLS)
class OverTls(Verification):
    """TLS settings and passwords are for the servers that are found, too."""

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority(place("tls-authority"), "ours")
        cls.source = cls.started(TcpServer(place("tls-source"), **cls.settings(), tls_replication="yes"))
        for i in range(1000):
            cls.source.call("SET", f"key:{i}", i)
        cls.dump = saved(cls.source)
        cls.credentials = ["-a", PASSWORD, "--cacert", cls.authority.certificate]

    @classmethod
    def settings(cls):
        return tls_settings(cls.authority, f"IP:{HOST}")

    def test_sentinel(self):
        settings = {**self.settings(), "tls_replication": "yes"}
        self.source.call("CONFIG", "SET", "requirepass", PASSWORD)
        self.addCleanup(self.source.call, "CONFIG", "SET", "requirepass", "")
        watched = {"main": self.source.port}
        with Sentinel(place("tls-sentinel"), watched, password=PASSWORD, **settings) as sentinel:
            url = f"rediss+sentinel://{HOST}:{sentinel.port}/main"
            self.verify(EQUAL, "--against", url, *self.credentials)
            self.verify(TARGET, "--against", url, "-a", PASSWORD)

    def test_cluster(self):
        with Cluster(place("tls-cluster"), 3, lambda: {**self.settings(), "tls_cluster": "yes"}) as cluster:
            cluster.load_from(self.source.call)
            for node in cluster.nodes:
                node.call("CONFIG", "SET", "requirepass", PASSWORD)
            self.verify(EQUAL, "--tls", "-p", cluster.nodes[0].port, "--strict", *self.credentials)
            self.verify(TARGET, "--tls", "-p", cluster.nodes[0].port, "-a", PASSWORD)


@needs(CLUSTER_PORTS)
class InCluster(Verification):
    @classmethod
    def setUpClass(cls):
        source = cls.started(TcpServer(place("source")))
        dataset.fill(source.call)
        source.call("FUNCTION", "FLUSH")
        for db in (9, 3):
            source.call("SELECT", db)
            source.call("FLUSHDB")
        source.call("SELECT", 0)
        cls.dump = saved(source)
        cls.cluster = Cluster(place("cluster"), 3)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.load_from(source.call)
        cls.nodes = cls.cluster.nodes
        for node in cls.nodes:
            node.call("CONFIG", "SET", "requirepass", PASSWORD)
        cls.url = f"redis+cluster://:{IN_URL}@{HOST}:{cls.nodes[1].port}"
        cls.keys = source.call("KEYS", "*")  # in the order of the dump

    def setUp(self):
        for node in self.nodes:
            node.call("CONFIG", "RESETSTAT")

    def lonely(self, most):
        """Keys of the first node, each with a slot for itself: those that come last in the dump."""
        slots = [slot_of(key) for key in self.keys]
        ours = [key for key in self.keys if self.cluster.owner(slot_of(key)) == 0]
        return [key for key in ours if slots.count(slot_of(key)) == 1][-most:]

    def test_the_same(self):
        self.verify(EQUAL, "--against", self.url, "--strict")
        self.verify(EQUAL, "-p", self.nodes[2].port, "-a", PASSWORD)
        self.verify(EQUAL, "-s", os.path.join(self.nodes[0].folder, "socket"), "-a", PASSWORD)
        self.assertEqual([node.count_errors(b"MOVED") for node in self.nodes], [0, 0, 0])

    def test_next_seed(self):
        self.verify(EQUAL, "--against", self.url.replace(f"@{HOST}", f"@{HOST}:{free_port()},{HOST}"))

    def test_a_cluster_where_none_is(self):
        with TcpServer(place("alone")) as server:
            self.verify(TARGET, "--against", f"redis+cluster://{HOST}:{server.port}")
            self.assertIn("not a cluster node", self.said)

    def test_differences(self):
        for key, change in zip(self.lonely(2), (("SET", "x"), ("UNLINK",))):
            call = self.nodes[0].call
            payload, expiry = call.pipeline([("DUMP", key), ("PEXPIRETIME", key)])
            self.addCleanup(call, "RESTORE", key, max(expiry, 0), payload, "ABSTTL", "REPLACE")
            call(change[0], key, *change[1:])
        lines = self.differences("--against", self.url)
        self.assertEqual(sorted(line[0] for line in lines), ["-", "~"], lines)

    def test_not_in_database_0(self):
        with TcpServer(place("elsewhere")) as server:
            server.call("SELECT", 3)
            server.call("SET", "key", 1)
            self.verify(TARGET, "--against", self.url, dump=saved(server))
        reason = "DB index is out of range" if KIND.knows(CLUSTER_DATABASES) else "SELECT is not allowed in cluster mode"
        self.assertIn("SELECT: ERR " + reason, self.said)

    def test_slots_on_their_way(self):
        """The keys have gone, their slots have not: ASK."""
        moving = self.lonely(40)
        for key in moving:
            self.cluster.begin_move(key)
        self.verify(EQUAL, "--against", self.url)
        self.assertGreaterEqual(self.nodes[0].count_errors(b"ASK"), len(moving))
        for key in moving:
            self.cluster.end_move(key)

    def test_slots_that_have_moved(self):
        """After the primaries were found: MOVED."""
        halted = self.halted(0.01, "--against", self.url)
        wait_until(lambda: self.nodes[1].count_calls(rb"cluster\|slots") > 0)
        for key in self.lonely(60):
            self.cluster.begin_move(key)
            self.cluster.end_move(key)
        self.finish(EQUAL, halted)
        self.assertGreater(self.nodes[0].count_errors(b"MOVED"), 0)

    def test_failover(self):
        """A primary goes half-way through; the others say so once its replica has taken over."""
        with TcpServer(place("failover-source")) as source:
            for i in range(4000):
                source.call("SET", f"key:{i}", os.urandom(2000))
            self.dump = saved(source)
            with Cluster(place("failover"), 3, lambda: {"cluster_node_timeout": 1000}) as cluster:
                cluster.load_from(source.call)
                replica = cluster.add_replica(place("failover/replica"), 0)
                halted = self.halted(0.9, "--against", f"redis://{HOST}:{cluster.nodes[1].port}")
                wait_until(lambda: cluster.nodes[0].count_calls(b"dump") > 0)
                cluster.nodes[0].kill()
                self.finish(EQUAL, halted)
                self.assertEqual(Client(os.path.join(replica.folder, "socket"))("ROLE")[0], b"master")

    def test_slots_that_nobody_has(self):
        for node in self.nodes:
            node.call("CLUSTER", "DELSLOTS", 7)
        try:
            self.verify(TARGET, "--against", self.url)
            self.assertIn("unassigned cluster slots: 1, the first is 7", self.said)
        finally:
            self.nodes[0].call("CLUSTER", "ADDSLOTS", 7)
            wait_until(lambda: all(b"cluster_state:ok" in node.call("CLUSTER", "INFO") for node in self.nodes))


if __name__ == "__main__":
    unittest.main()
