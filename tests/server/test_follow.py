# SPDX-License-Identifier: MIT
"""The stream of a live server, by the library: what arrives is what the server writes into its AOF."""
import os
import random
import unittest

from lib.cases import Folder
from lib.following import Failed, Follow
from lib.live_targets import HOST, TcpServer, wait_until
from lib.program import SANITIZED
from lib.resp import commands, with_databases
from lib.splitting import printed_seed
from lib.workload import Workload


def setUpModule():
    global SEED
    SEED = printed_seed()


def commands_of_aof(folder):
    """The commands of the incremental files, as (db, arguments), from the last `SET first`."""
    data = b""
    directory = os.path.join(folder, "appendonlydir")
    for name in sorted(os.listdir(directory)):
        if name.endswith(".incr.aof"):
            with open(os.path.join(directory, name), "rb") as file:
                data += file.read()
    return list(with_databases(commands(data)))


@unittest.skipIf(SANITIZED, "the library is in an interpreter without sanitizers")
class Following(Folder):
    def start(self, **settings):
        # With "everysec" a slow fsync delays writes, and what expect() reads.
        defaults = {"repl_diskless_sync_delay": 0, "appendonly": "yes", "appendfsync": "no"}
        server = TcpServer(self.path("source"), **{**defaults, **settings})
        self.addCleanup(server.stop)
        return server

    def follow(self, url, **more):
        follow = Follow(url, **more)
        self.addCleanup(follow.close)
        return follow

    def expect(self, server, found):
        """What is found is the end of the AOF before its last command."""
        expected = commands_of_aof(server.folder)
        expected = expected[[words[:2] for _, words in expected].index([b"SET", b"first"]) + 1 : -1]
        self.assertEqual(found, expected)

    def test_workload(self):
        server = self.start()
        follow = self.follow(f"redis://{HOST}:{server.port}")
        server.call("SET", "first", 1)
        self.assertEqual(follow.until(b"first")[0], [])
        Workload(random.Random(SEED)).run(server.call, 40)
        server.call("SET", "last", 1)
        found, position = follow.until(b"last")
        self.expect(server, found)
        self.assertGreater(len(found), 500)
        offset = int(server.call("INFO", "replication").split(b"master_repl_offset:")[1].split()[0])
        self.assertLessEqual(position.offset, offset)
        self.assertEqual(server.call("WAIT", 1, 60_000), 1)
        self.assertEqual((offset - position.offset) % 14, 0)  # pings

    def test_snapshot(self):
        server = self.start()
        server.call("DEBUG", "POPULATE", 50_000, "k", 300)
        follow = self.follow(f"redis://{HOST}:{server.port}")
        server.call("SET", "first", 1)
        names = {(0, b"k:%d" % i) for i in range(50_000)}
        self.assertEqual(follow.snapshot() - {(0, b"first")}, names)

    def test_acknowledged(self):
        """One byte less than all, so that a FAILOVER does not take us; all when somebody waits."""
        server = self.start()
        follow = self.follow(f"redis://{HOST}:{server.port}")
        server.call("SET", "first", 1)
        follow.until(b"first")
        wait_until(lambda: self.acknowledged(server) == -1)
        server.call("SET", "last", 1)
        self.assertEqual(server.call("WAIT", 1, 60_000), 1)

    @staticmethod
    def acknowledged(server):
        """The offset that we have, minus the source's."""
        info = server.call("INFO", "replication")
        ours, all_of_it = (int(info.split(name)[1].split(b"\r")[0].split(b",")[0])
                           for name in (b",offset=", b"master_repl_offset:"))  # fmt: skip
        return ours - all_of_it

    def test_continued(self):
        """From a position of a follow that has ended."""
        server = self.start()
        url = f"redis://{HOST}:{server.port}"
        follow = Follow(url)
        server.call("SET", "first", 1)
        _, position = follow.until(b"first")
        stream_id = follow.id()
        follow.close()
        server.call("SET", "a", 1)
        server.call("SET", "last", 1)
        follow = self.follow(url, stream_id=stream_id, offset=position.offset)
        self.assertEqual(follow.until(b"last")[0], [(0, [b"SET", b"a", b"1"])])
        with self.assertRaisesRegex(Failed, "a new snapshot is needed"):
            Follow(url, stream_id=b"0" * 40, offset=7)

    def test_slow_reader(self):
        """The server's buffer for us is small, and we read nothing meanwhile."""
        server = self.start(client_output_buffer_limit=["replica", "2mb", "2mb", "1"], repl_backlog_size="16kb")
        follow = self.follow(f"redis://{HOST}:{server.port}")
        server.call("SET", "first", 1)
        follow.until(b"first")
        for i in range(60):
            server.call.pipeline([("SET", f"k{i}:{j}", os.urandom(5000)) for j in range(100)])
        server.call("SET", "last", 1)
        found, _ = follow.until(b"last")
        self.expect(server, found)
        stats = server.call("INFO", "stats")
        self.assertIn(b"sync_full:1\r", stats)

    def test_link_lost(self):
        """Again and again: no byte is lost or comes twice."""
        server = self.start(repl_backlog_size="64mb")
        follow = self.follow(f"redis://{HOST}:{server.port}")
        server.call("SET", "first", 1)
        follow.until(b"first")
        work = Workload(random.Random(SEED))
        for _ in range(20):
            work.run(server.call, 2)
            server.call("CLIENT", "KILL", "TYPE", "replica")
        server.call("SELECT", 0)
        server.call("SET", "last", 1)
        found, _ = follow.until(b"last")
        self.expect(server, found)
        self.assertIn(b"sync_full:1\r", server.call("INFO", "stats"))
