# SPDX-License-Identifier: MIT
"""Live servers as inputs: alone, as replicas, over TLS, for users with few permissions, behind Sentinels, in clusters,
and with trouble on the way. What comes out is started as a server, whose digest has to be that of the source."""
import os
import subprocess
import time

from lib import dataset
from lib.cases import Folder
from lib.failovers import Watched
from lib.kinds import ACL, TLS, needs
from lib.live_targets import HOST, Authority, Cluster, TcpServer, free_port, tls_settings, wait_until
from lib.program import PROGRAM, run
from lib.server import Server

DONE, USAGE, INPUT, UNAVAILABLE = 0, 2, 3, 5
LARGE = 40_000  # keys of some 200 bytes: more than all buffers on the way hold
AT_ONCE = ("--source-retry-for", "0")


class Source(Folder):
    """Tests with one source."""

    def start(self, **settings):
        server = TcpServer(self.path("source"), **{"repl_diskless_sync_delay": 0, **settings})
        self.addCleanup(server.stop)
        return server

    def fill(self, server, large=0):
        dataset.fill(server.call)
        if large:
            server.call("DEBUG", "POPULATE", large, "large", 200)
        server.call("PEXPIREAT", "gone", 1)

    def url(self, server):
        return f"redis://{HOST}:{server.port}"

    def convert(self, url, *options):
        """Converts to an AOF directory; returns its folder."""
        folder = self.fresh()
        done = run("convert", url, "-o", os.path.join(folder, "appendonlydir"), *options)
        self.assertEqual(done.returncode, DONE, done.stderr)
        return folder

    def digest_of(self, folder):
        with Server(folder, appendonly="yes") as server:
            return server.call("DEBUG", "DIGEST")

    def assert_same(self, server, url, *options):
        self.assertEqual(self.digest_of(self.convert(url, *options)), server.call("DEBUG", "DIGEST"))

    def assert_fails(self, status, text, *arguments):
        """Nothing is written, at once."""
        output = self.path("nothing")
        done = run("convert", *arguments, "-o", output, *AT_ONCE)
        self.assertEqual((done.returncode, done.stdout), (status, b""), done.stderr)
        self.assertIn(text, done.stderr)
        self.assertEqual([name for name in os.listdir(self.folder) if "nothing" in name], [])


class Standalone(Source):
    def test_diskless(self):
        server = self.start(repl_diskless_sync="yes")
        self.fill(server, LARGE)
        self.assert_same(server, self.url(server))
        self.assertFalse(os.path.exists(os.path.join(server.folder, "dump.rdb")))

    def test_from_disk(self):
        server = self.start(repl_diskless_sync="no")
        self.fill(server, LARGE)
        self.assert_same(server, self.url(server))

    def test_unix_socket(self):
        server = self.start()
        self.fill(server)
        self.assert_same(server, "unix://" + os.path.join(server.folder, "socket"))

    def test_each_command(self):
        server = self.start()
        self.fill(server)
        server.call("SELECT", 0)
        server.call("SET", "explained", 1)
        url = self.url(server)
        for arguments in (
            ("inspect", url),
            ("verify", url),
            ("verify", url, "--against", url),
            ("diff", url, url),
            ("diff", url, url, "--explain", "explained"),
            ("split", url, "--shards", 3, "-d", 0, "-o", self.path("shards")),
            ("convert", url, url, "-d", 0, "--on-collision", "overwrite", "-o", self.path("twice.rdb")),
        ):
            with self.subTest(arguments[0]):
                done = run(*arguments)
                self.assertEqual(done.returncode, DONE, done.stderr)

    def test_replay(self):
        server = self.start()
        self.fill(server)
        with TcpServer(self.path("target")) as target:
            done = run("replay", self.url(server), self.url(target), "--verify")
            self.assertEqual(done.returncode, DONE, done.stderr)
            self.assertEqual(target.call("DEBUG", "DIGEST"), server.call("DEBUG", "DIGEST"))
            target.call("SET", "their", "own")
            before = target.call("DEBUG", "DIGEST")
            done = run("replay", self.url(server), self.url(target))
            self.assertIn(b"nothing written", done.stderr)
            self.assertEqual(target.call("DEBUG", "DIGEST"), before)

    def test_replica(self):
        primary = self.start()
        self.fill(primary)
        with TcpServer(self.path("replica"), replicaof=f"{HOST} {primary.port}", repl_diskless_sync_delay=0) as replica:
            wait_until(lambda: b"master_link_status:up" in replica.call("INFO", "replication"))
            self.assert_same(primary, self.url(replica))
            replica.call("REPLICAOF", HOST, free_port())
            self.assert_fails(UNAVAILABLE, b"NOMASTERLINK", self.url(replica))

    def test_slow_reader(self):
        """The source waits, and loses nothing."""
        server = self.start()
        self.fill(server, LARGE)
        with subprocess.Popen([PROGRAM, "convert", self.url(server), "-o", "-", "--to", "rdb", "--target-version", "7.0"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            data = bytearray()
            while block := process.stdout.read(100_000):
                data += block
                time.sleep(0.01)
        self.assertEqual(process.returncode, DONE)
        folder = self.fresh()
        with open(os.path.join(folder, "dump.rdb"), "wb") as file:
            file.write(data)
        with Server(folder) as loaded:
            self.assertEqual(loaded.call("DEBUG", "DIGEST"), server.call("DEBUG", "DIGEST"))


class Refused(Source):
    def test_password(self):
        server = self.start()
        self.fill(server)
        server.call("CONFIG", "SET", "requirepass", "right")
        url = f"{HOST}:{server.port}"
        self.assert_fails(INPUT, b"WRONGPASS", f"redis://:wrong@{url}")
        self.assert_fails(INPUT, b"--source-pass-file", f"redis://{url}")
        with open(self.path("password"), "w", encoding="ascii") as file:
            file.write("right\n")
        self.assert_same(server, f"redis://{url}", "--source-pass-file", self.path("password"))

    @needs(ACL)
    def test_permissions(self):
        """A user that has only what the manual names, and users that lack one of it."""
        server = self.start()
        self.fill(server)
        url = f"{HOST}:{server.port}"
        server.call("ACL", "SETUSER", "few", "on", ">pw", "+psync", "+replconf", "+ping")
        self.assert_same(server, f"redis://few:pw@{url}")
        server.call("ACL", "SETUSER", "fewer", "on", ">pw", "+replconf", "+ping")
        self.assert_fails(INPUT, b"+psync +replconf +ping", f"redis://fewer:pw@{url}")

    def test_unknown_command(self):
        server = self.start(rename_command=["PSYNC", "secret"])
        self.assert_fails(INPUT, b"rename-command", self.url(server))

    def test_not_there(self):
        self.assert_fails(UNAVAILABLE, b"Connection refused", f"redis://{HOST}:{free_port()}")

    def test_killed(self):
        """In the middle of its snapshot."""
        server = self.start()
        server.call("CONFIG", "SET", "rdb-key-save-delay", 100)
        server.call("DEBUG", "POPULATE", LARGE, "large", 200)
        with subprocess.Popen([PROGRAM, "convert", self.url(server), "-o", self.path("out.rdb"), "--source-retry-for", "3s"],
                              stderr=subprocess.PIPE) as process:
            wait_until(lambda: b"state=send_bulk" in server.call("INFO", "replication")
                       or b"rdb_bgsave_in_progress:1" in server.call("INFO", "persistence"))
            server.kill()
            stderr = process.stderr.read()
        self.assertEqual(process.returncode, UNAVAILABLE, stderr)
        self.assertFalse(os.path.exists(self.path("out.rdb")))


@needs(TLS)
class Encrypted(Source):
    def test_tls(self):
        authority = Authority(self.path("authority"), "test")
        certificate, key = authority.issue("client", "DNS:client")
        server = self.start(port=0, **tls_settings(authority, f"IP:{HOST}", tls_auth_clients="yes"))
        self.fill(server, LARGE)
        url = f"rediss://{HOST}:{server.port}"
        self.assert_same(server, url, "--source-cacert", authority.certificate, "--source-cert", certificate,
                         "--source-key", key)
        self.assert_fails(INPUT, b"certificate", url)


class Monitored(Source):
    def test_sentinel(self):
        watched = Watched(self.path("watched"))
        self.addCleanup(watched.stop)
        primary = watched.primary()
        self.fill(primary)
        before = self.syncs(primary)
        self.assert_same(primary, watched.url)
        self.assertEqual(self.syncs(primary), before)
        self.assert_same(primary, watched.url, "--from-primary")
        self.assertEqual(self.syncs(primary), before + 1)

    @staticmethod
    def syncs(server):
        """How many snapshots it has sent."""
        return int(server.call("INFO", "stats").split(b"sync_full:")[1].split()[0])


class Clustered(Source):
    def test_cluster(self):
        cluster = Cluster(self.path("cluster"), 3, lambda: {"repl_diskless_sync_delay": 0})
        self.addCleanup(cluster.close)
        with Server(self.fresh()) as single:
            single.call.pipeline([("SET", f"key:{i}", i) for i in range(3000)])
            cluster.load_from(single.call)
            expected = single.call("DEBUG", "DIGEST")
        url = f"redis+cluster://{HOST}:{cluster.nodes[1].port}"
        self.assertEqual(self.digest_of(self.convert(url)), expected)
        self.assertEqual(self.digest_of(self.convert(self.url(cluster.nodes[0]))), expected)
        done = run("split", url, "--shards", 5, "-o", self.path("five"))
        self.assertEqual(done.returncode, DONE, done.stderr)
        slot = 0  # of the first node
        cluster.nodes[1].call("CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.ids[0])
        cluster.nodes[0].call("CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.ids[1])
        self.assert_fails(INPUT, b"is being migrated", url)
