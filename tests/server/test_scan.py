# SPDX-License-Identifier: MIT
"""Live servers as inputs by SCAN and DUMP: quiet ones, ones that are written to, users without PSYNC, clusters, TLS."""
import os
import random
import subprocess
import threading
import time

from lib.cases import Folder
from lib.dataset import fill
from lib.kinds import FUNCTIONS, KIND, TLS, needs
from lib.live_targets import Authority, Cluster, TcpServer, slot_of, tls_settings
from lib.program import PROGRAM, run
from lib.resp import Client
from lib.server import Server
from lib.splitting import printed_seed
from lib.workload import Workload

NO_POINT = "this is not a point in time"


def setUpModule():
    global SEED
    SEED = printed_seed()


def expiries(call):
    found = {}
    for db in (0, 3, 9):
        call("SELECT", db)
        names = call("KEYS", "*")
        found.update(zip(((db, name) for name in names), call.pipeline([("PEXPIRETIME", name) for name in names])))
    return found


class Scanning(Folder):
    """Tests that convert a scanned server into an RDB, and start a server with it."""

    def scan(self, url, *options, code=0):
        done = run("convert", url, "--scan", "-o", self.path("copy/dump.rdb"), "--force", *options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr.decode()

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("copy"))

    def start_copy(self):
        server = Server(self.path("copy"))
        self.addCleanup(server.stop)
        return server

    def assert_copied(self, source):
        copy = self.start_copy()
        self.assertEqual(copy.call("DEBUG", "DIGEST"), source.call("DEBUG", "DIGEST"))
        return copy


class Standalone(Scanning):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("source"))
        self.server = Server(self.path("source"))
        self.addCleanup(self.server.stop)
        self.call = self.server.call
        fill(self.call)
        self.call("SELECT", 0)
        self.call("ACL", "SETUSER", "copy", "on", ">pw", "~*", "+scan", "+dump", "+pttl", "+time", "+select", "+info",
                  "+function|list")
        self.socket = self.path("source/socket")

    def url(self, user=""):
        return f"unix://{user}{self.socket}"

    def test_a_quiet_server(self):
        said = self.scan(self.url())
        self.assertIn(NO_POINT, said)
        copy = self.assert_copied(self.server)
        self.assertEqual(expiries(copy.call), expiries(self.call))
        if KIND.knows(FUNCTIONS):
            self.assertCountEqual(copy.call("FUNCTION", "LIST", "WITHCODE"), self.call("FUNCTION", "LIST", "WITHCODE"))
        self.assertEqual(self.call("INFO", "replication").count(b"slave0"), 0)

    def test_a_user_without_psync(self):
        """Expiries by the time left are never too early, and late by no more than is said."""
        refused = run("convert", self.url("copy:pw@"), "-o", self.path("copy/dump.rdb"))
        self.assertEqual(refused.returncode, 3)
        self.assertIn(b"use --scan", refused.stderr)
        self.scan(self.url("copy:pw@"))
        copy, source = expiries(self.assert_copied(self.server).call), expiries(self.call)
        self.assertEqual(copy.keys(), source.keys())
        for name, expiry in source.items():
            self.assertEqual(expiry < 0, copy[name] < 0, name)
            self.assertTrue(expiry <= copy[name] <= expiry + 1000, (name, expiry, copy[name]))

    def test_missing_permissions(self):
        self.call("ACL", "SETUSER", "copy", "-dump", "-select")
        self.assertIn("the user lacks permissions that a scan needs: +dump +select", self.scan(self.url("copy:pw@"), code=3))
        self.call("ACL", "SETUSER", "copy", "+dump", "+select", "resetkeys", "~app:*")
        self.assertIn("~* (all keys)", self.scan(self.url("copy:pw@"), code=3))
        self.assertFalse(os.path.exists(self.path("copy/dump.rdb")))

    def test_while_it_is_written(self):
        """Passes go on until the writer has stopped, and then agree with the server: deletions, too."""
        stop = threading.Event()

        def write():
            client, work = Client(self.socket), Workload(random.Random(SEED), flushes=False, swaps=False)
            while not stop.is_set():
                work.run(client, 1)
            client.close()

        writer = threading.Thread(target=write)
        writer.start()
        options = "--scan-passes", "100", "--scan-rate", "10MB/s", "-v"
        command, said = [PROGRAM, "convert", self.url(), "--scan", "-o", self.path("copy/dump.rdb"), *options], []
        try:
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
                for line in process.stderr:
                    said.append(line)
                    if "scan: pass 3: " in line:
                        stop.set()
        finally:
            seen = stop.is_set()
            stop.set()
            writer.join()
        self.assertEqual((process.returncode, seen), (0, True), said)
        self.assert_copied(self.server)

    def test_what_still_changes_is_said(self):
        self.assertIn("one pass", self.scan(self.url(), "--scan-passes", "1"))
        self.assert_copied(self.server)

    def test_read_twice(self):
        """Names that may collide are read in advance: the same copy once more."""
        self.scan(self.url(), "--rename", "s/^only:/renamed:/", "--map-db", "9=2")
        copy = self.start_copy()
        copy.call("SELECT", 2)
        self.assertCountEqual(copy.call("KEYS", "*"), [b"renamed:%d" % i for i in range(5)])

    def test_a_server_that_ends(self):
        def kill():
            time.sleep(2)
            self.server.stop(9)

        thread = threading.Thread(target=kill)
        thread.start()
        self.scan(self.url(), "--scan-rate", "1MB/s", "--source-retry-for", "2s", code=5)
        thread.join()
        self.assertEqual(os.listdir(self.path("copy")), [])


class InCluster(Scanning):
    def setUp(self):
        super().setUp()
        for name in ("source", "cluster/node0", "cluster/node1", "cluster/node2"):
            os.makedirs(self.path(name))
        self.server = Server(self.path("source"))
        self.addCleanup(self.server.stop)
        fill(self.server.call)
        self.server.call("SELECT", 9)
        self.server.call("FLUSHDB")
        self.server.call("SELECT", 3)
        self.server.call("FLUSHDB")
        self.server.call("SELECT", 0)
        self.cluster = Cluster(self.path("cluster"), 3)
        self.addCleanup(self.cluster.close)
        self.cluster.load_from(self.server.call)

    def test_all_primaries_and_moving_slots(self):
        url = f"redis+cluster://127.0.0.1:{self.cluster.nodes[0].port}"
        names = self.server.call("KEYS", "*")
        slots = [slot_of(name) for name in names]
        moving = next(name for name in names if slots.count(slot_of(name)) == 1 and self.cluster.owner(slot_of(name)) == 0)
        self.scan(url)
        with Server(self.path("copy")) as copy:
            self.assertEqual(copy.call("DEBUG", "DIGEST"), self.server.call("DEBUG", "DIGEST"))
        self.cluster.begin_move(moving)
        self.assertIn("slots were moved between nodes", self.scan(url, "--scan-passes", "2", code=5))
        self.cluster.end_move(moving)
        self.scan(url)
        self.assert_copied(self.server)


@needs(TLS)
class Encrypted(Scanning):
    def test_tls(self):
        os.mkdir(self.path("source"))
        authority = Authority(self.path("ca"), "ca")
        server = TcpServer(self.path("source"), **tls_settings(authority, "IP:127.0.0.1"))
        self.addCleanup(server.stop)
        server.call("SET", "key", "value", "PX", 1000000)
        port = server.call("CONFIG", "GET", "tls-port")[1].decode()
        self.scan(f"rediss://127.0.0.1:{port}", "--source-retry-for", "1s", code=3)
        self.scan(f"rediss://127.0.0.1:{port}", "--source-cacert", authority.certificate)
        self.assert_copied(server)
