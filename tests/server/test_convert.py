# SPDX-License-Identifier: MIT
"""A server saves; rdbferry converts, each way there is; a server started on the result holds the same."""
import glob
import gzip
import os
import shutil
import subprocess
import tempfile
import unittest

from lib import dataset
from lib.cases import Folder
from lib.kinds import AOF_DIRECTORIES, CHECKED_BASES, KIND, needs
from lib.observe import differences, observe
from lib.program import convert
from lib.server import REDISEARCH, Server


def setUpModule():
    """Makes the dump all tests read, and what its server said of it."""
    global folder, dump, expected
    folder = tempfile.mkdtemp(prefix="rdbferry-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    with Server(folder) as server:
        dataset.fill(server.call)
        server.call("SAVE")
        expected = observe(server.call)
    dump = os.path.join(folder, "dump.rdb")


# Before 7.0 a server has to be named that will read it.
OLD = () if KIND.knows(AOF_DIRECTORIES) else ("--target-version", KIND.target)


class Case(Folder):
    def assert_serves(self, **config):
        """A server started in the test's folder holds what the first one held, and has nothing to complain of."""
        with Server(self.folder, appendonly="yes", **config) as server:
            self.assertEqual(differences(expected, observe(server.call)), [])
            self.assertEqual(server.warnings(), [])

    def assert_check_agrees(self, what, name):
        done = KIND.check(what, self.path(name), input=b"n\n")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


@needs(AOF_DIRECTORIES)
class ToDirectory(Case):
    def test_rdb_base(self):
        convert(dump, "-o", self.path("appendonlydir"))
        if KIND.knows(CHECKED_BASES):
            self.assert_check_agrees("aof", "appendonlydir/appendonly.aof.manifest")
        (base,) = glob.glob(self.path("appendonlydir/*.base.rdb"))
        self.assert_check_agrees("rdb", base)
        self.assert_serves()

    def test_aof_base(self):
        convert(dump, "-o", self.path("appendonlydir"), "--base", "aof")
        self.assertEqual(len(glob.glob(self.path("appendonlydir/*.base.aof"))), 1)
        self.assert_check_agrees("aof", "appendonlydir/appendonly.aof.manifest")
        self.assert_serves()

    def test_other_names(self):
        convert(dump, "-o", self.path("aof"), "--appendfilename", "the data.aof")
        self.assertTrue(os.path.exists(self.path("aof/the data.aof.manifest")))
        self.assert_serves(appenddirname="aof", appendfilename="the data.aof")

    def test_server_goes_on_writing(self):
        """The result is a start, not a souvenir: what is written to it afterwards is there after a restart."""
        convert(dump, "-o", self.path("appendonlydir"))
        with Server(self.folder, appendonly="yes") as server:
            server.call("SET", "later", "on")
            before = observe(server.call)
        with Server(self.folder, appendonly="yes") as server:
            self.assertEqual(differences(before, observe(server.call)), [])


class ToOneFile(Case):
    """A single file is what servers before 7.0 read; 7.0 moves it into its new directory."""

    def test_commands(self):
        convert(dump, "-o", self.path("appendonly.aof"), *OLD)
        self.assert_check_agrees("aof", "appendonly.aof")
        self.assert_serves()

    def test_preamble(self):
        convert(dump, "-o", self.path("appendonly.aof"), "--preamble", *OLD)
        with open(dump, "rb") as file:
            self.assertEqual(self.read("appendonly.aof")[:5], file.read(5))
        if KIND.knows(CHECKED_BASES):
            self.assert_check_agrees("aof", "appendonly.aof")
        self.assert_serves()

    def test_restore(self):
        convert(dump, "-o", self.path("appendonly.aof"), "--restore", *OLD)
        self.assert_check_agrees("aof", "appendonly.aof")
        self.assert_serves()

    def test_compressed(self):
        convert(dump, "-o", self.path("plain.aof"))
        for ending, tool in ((".gz", "gzip"), (".lz4", "lz4"), (".zst", "zstd")):
            with self.subTest(tool):
                convert(dump, "-o", self.path("out.aof" + ending))
                unpacked = subprocess.run([tool, "-dc", self.path("out.aof" + ending)], capture_output=True, check=True)
                self.assertEqual(unpacked.stdout, self.read("plain.aof"))

    def test_from_stdin_to_stdout(self):
        convert(dump, "-o", self.path("plain.aof"))
        with open(dump, "rb") as file:
            data = file.read()
        for name, head in (("plain", data), ("gzip", gzip.compress(data, 1)), ("capture", b"$%d\r\n" % len(data) + data)):
            with self.subTest(name):
                self.assertEqual(convert("-", "-o", "-", "--to", "aof", stdin=head), self.read("plain.aof"))


class ThroughPipe(Case):
    def test_redis_cli_pipe(self):
        """Into a server that is up and empty. It is no AOF loader: it checks what a client may say."""
        aof = convert(dump, "-o", "-", "--to", "aof", *OLD)
        with Server(self.folder) as server:
            done = subprocess.run(
                ["redis-cli", "-s", self.path("socket"), "--pipe"], input=aof, capture_output=True, check=False
            )
            self.assertIn(b"errors: 0", done.stdout, done.stderr)
            self.assertEqual(differences(expected, observe(server.call)), [])


@needs(AOF_DIRECTORIES)
class SeveralInputs(Case):
    """Two shards, each packed in its own way, are one data set."""

    def shard(self, number, packer, name):
        folder = self.path(f"shard-{number}")
        os.mkdir(folder)
        with Server(folder) as server:
            self.fill(server.call, number)
            server.call("SAVE")
        with open(os.path.join(folder, "dump.rdb"), "rb") as file:
            packed = subprocess.run(packer, stdin=file, capture_output=True, check=True).stdout
        with open(self.path(name), "wb") as file:
            file.write(packed)
        return self.path(name)

    @staticmethod
    def fill(call, number):
        for db in (0, 4):
            call("SELECT", db)
            call.pipeline([("RPUSH", f"{number}:{i}", *range(i)) for i in range(1, 100)])

    def test_two_shards(self):
        inputs = [self.shard(1, ["lz4", "-c"], "shard-1.rdb.lz4"), self.shard(2, ["gzip", "-c"], "shard-2.rdb.gz")]
        os.mkdir(self.path("all"))
        with Server(self.path("all")) as server:
            self.fill(server.call, 1)
            self.fill(server.call, 2)
            both = observe(server.call)
        for output, *options in (["appendonlydir"], ["appendonlydir", "--base", "aof", "--force"]):
            with self.subTest(options):
                convert(*inputs, "-o", self.path(output), *options)
                with Server(self.folder, appendonly="yes") as server:
                    self.assertEqual(differences(both, observe(server.call)), [])
                shutil.rmtree(self.path(output))


@needs(AOF_DIRECTORIES)
class FromAof(Case):
    """What a server with the AOF on has in its directory: a base and what came after it."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("source"))
        with Server(self.path("source"), appendonly="yes", appendfsync="always") as server:
            dataset.fill(server.call)
            server.call("BGREWRITEAOF")
            server.wait_for_rewrite()
            server.call("SELECT", 2)
            server.call.pipeline([("APPEND", f"later:{i % 10}", i) for i in range(100)])
            server.call("XADD", "stream:later", "1-1", "f", "v")
            self.before = observe(server.call)

    def assert_same_from(self, name):
        convert(self.path(name), "-o", self.path("appendonly.aof"))
        with Server(self.folder, appendonly="yes") as server:
            self.assertEqual(differences(self.before, observe(server.call)), [])
            self.assertEqual(server.warnings(), [])

    def test_directory(self):
        self.assert_same_from("source/appendonlydir")

    def test_manifest(self):
        self.assert_same_from("source/appendonlydir/appendonly.aof.manifest")


class Expired(Case):
    """Keys whose time has come are kept: an AOF's later commands may prolong it, and a replica must see them go."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("source"))
        with Server(self.path("source")) as server:
            server.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
            server.call("SET", "past", "v", "PX", 1)
            server.call("RPUSH", "past list", *range(200))
            server.call("PEXPIRE", "past list", 1)
            server.call("SET", "stays", "v")
            server.call("DEBUG", "SLEEP", 0.01)
            server.call("SAVE")
            self.digest = server.call("DEBUG", "DIGEST")

    def assert_all_there(self):
        # A replica whose primary is away expires nothing by itself.
        with Server(self.folder, appendonly="yes", replicaof=["127.0.0.1", "1"]) as server:
            self.assertEqual(server.call("DBSIZE"), 3)
            self.assertEqual(server.call("DEBUG", "DIGEST"), self.digest)

    @needs(AOF_DIRECTORIES)
    def test_rdb_base(self):
        convert(self.path("source/dump.rdb"), "-o", self.path("appendonlydir"))
        self.assert_all_there()

    def test_commands(self):
        convert(self.path("source/dump.rdb"), "-o", self.path("appendonly.aof"), *OLD)
        self.assert_all_there()


@needs(AOF_DIRECTORIES)
@unittest.skipUnless(os.path.exists(REDISEARCH), "no redisearch module here")
class Modules(Case):
    """A module's value is opaque: it goes as RESTORE, or in RDB form."""

    QUERIES = [("FT.SEARCH", "index", "hello", "NOCONTENT"), ("FT.SEARCH", "index", "@n:[2 3]", "NOCONTENT")]

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("source"))
        with Server(self.path("source"), loadmodule=[REDISEARCH]) as server:
            server.call("FT.CREATE", "index", "SCHEMA", "title", "TEXT", "n", "NUMERIC")
            for i in range(4):
                fields = ("title", "hello world" if i % 2 else "good bye", "n", i)
                server.call("FT.ADD", "index", f"doc:{i}", "1.0", "FIELDS", *fields)
            self.answers = [server.call(*query) for query in self.QUERIES]
            self.types = [(key, server.call("TYPE", key)) for key in sorted(server.call("KEYS", "*"))]
            server.call("SAVE")

    def assert_serves_index(self):
        with Server(self.folder, appendonly="yes", loadmodule=[REDISEARCH]) as server:
            found = [(key, server.call("TYPE", key)) for key in sorted(server.call("KEYS", "*"))]
            self.assertEqual(found, self.types)
            self.assertEqual([server.call(*query) for query in self.QUERIES], self.answers)

    def test_rdb_base(self):
        convert(self.path("source/dump.rdb"), "-o", self.path("appendonlydir"))
        self.assert_serves_index()

    def test_commands(self):
        convert(self.path("source/dump.rdb"), "-o", self.path("appendonly.aof"), *OLD)
        self.assertIn(b"RESTORE", self.read("appendonly.aof"))
        self.assert_serves_index()
