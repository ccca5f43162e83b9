# SPDX-License-Identifier: MIT
"""AOF directories as a server reads them; and what a running server has open stays as it is."""
import copy
import os
import shutil
import subprocess
import unittest

from lib.cases import Folder
from lib.kinds import AOF_DIRECTORIES, KIND, needs
from lib.program import convert, run
from lib.server import Server, StartError

SET = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n"
FILE = "file appendonly.aof.%s seq %d type %s\n"
BASE, FIRST, SECOND = FILE % ("1.base.aof", 1, "b"), FILE % ("1.incr.aof", 1, "i"), FILE % ("2.incr.aof", 2, "i")


def command(value):
    return SET % (len(value), value)


class Directory(Folder):
    def make(self, manifest, **files):
        """appendonlydir/ with this manifest, and files by the middles of their names ("base_1")."""
        os.mkdir(self.path("appendonlydir"))
        for name, content in {"manifest": manifest.encode(), **files}.items():
            kind, _, number = name.partition("_")
            middle = f"{number}.{kind}.aof" if number else name
            with open(self.path(f"appendonlydir/appendonly.aof.{middle}"), "wb") as file:
                file.write(content)


@needs(AOF_DIRECTORIES)
class AsServersRead(Directory):
    def served(self):
        """What `k` is in a server started on the directory; an exception if none starts."""
        with Server(self.folder, appendonly="yes") as server:
            return server.call("GET", "k")

    def assert_alike(self, value):
        """What the program makes of the directory and the server agree; the server is the last, as it writes."""
        convert(self.path("appendonlydir"), "-o", self.path("read.aof"))
        with open(self.path("read.aof"), "rb") as file:
            read = file.read()
        self.assertEqual(self.served(), value)
        self.assertTrue(read.endswith(command(value)) if value else read == b"", read)

    def test_increments_before_the_base(self):
        self.make(FIRST + BASE + SECOND, base_1=command(b"base"), incr_1=command(b"first"), incr_2=command(b"second"))
        self.assert_alike(b"second")

    def test_no_data(self):
        self.make(BASE + FIRST, base_1=b"", incr_1=b"")
        self.assert_alike(None)

    def test_temporary_manifest(self):
        self.make(BASE, base_1=command(b"base"))
        with open(self.path("appendonlydir/temp-appendonly.aof.manifest"), "w", encoding="ascii") as file:
            file.write("file x seq 9 type b\n")
        self.assert_alike(b"base")

    def test_torn_annotation(self):
        self.make(BASE, base_1=command(b"base") + b"#TS:17")
        self.assert_alike(b"base")

    def test_interrupted_upgrade(self):
        self.make("file appendonly.aof seq 1 type b\n")
        with open(self.path("appendonly.aof"), "wb") as file:
            file.write(command(b"old"))
        self.assert_alike(b"old")

    def make_annotated(self, length):
        self.make(BASE, base_1=b"#" + b"x" * (length - 2) + b"\n" + command(b"base"))

    def test_longest_annotation(self):
        self.make_annotated(1023)
        self.assert_alike(b"base")

    def test_annotation_too_long(self):
        self.make_annotated(1024)
        self.assertEqual(run("verify", self.path("appendonlydir")).returncode, 1)
        self.assertRaises(StartError, self.served)


@needs(AOF_DIRECTORIES)
@unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "files are given away by root alone")
class OtherOwner(Directory):
    """A server that runs as another user than the one who converts."""
    USER = 12345
    AS_USER = f"setpriv --reuid {USER} --regid {USER} --clear-groups"

    def setUp(self):
        super().setUp()
        os.chown(self.folder, self.USER, self.USER)
        reached = subprocess.run([*self.AS_USER.split(), "test", "-w", self.folder, "-a", "-x", KIND.path], check=False)
        if reached.returncode != 0:
            self.skipTest(f"another user may not reach {self.folder} or {KIND.path}")

    def server(self, **config):
        wrapper = self.path("server")
        with open(wrapper, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nexec {self.AS_USER} {KIND.path} \"$@\"\n")
        os.chmod(wrapper, 0o755)
        kind = copy.copy(KIND)
        object.__setattr__(kind, "path", wrapper)
        return Server(self.folder, kind=kind, appendonly="yes", **config)

    def test_it_goes_on_writing(self):
        with Server(self.folder) as server:
            server.call("SET", "k", "v")
            server.call("SAVE")
        os.rename(self.path("dump.rdb"), self.path("in.rdb"))
        os.remove(self.path("server.log"))
        done = run("convert", self.path("in.rdb"), "-o", self.path("appendonlydir"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"the outputs belong to 12345:12345", done.stderr)
        with self.server() as server:
            self.assertEqual(server.call("GET", "k"), b"v")
            server.call("SET", "k", "w")
            server.call("BGREWRITEAOF")
            server.wait_for_rewrite()
        with self.server() as server:
            self.assertEqual(server.call("GET", "k"), b"w")


@needs(AOF_DIRECTORIES)
class RunningServer(Directory):
    def assert_refused(self, output):
        done = run("convert", self.path("in.rdb"), "-o", self.path(output), "--force")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn(os.path.basename(KIND.path).encode(), done.stderr)
        self.assertIn(b"--force-unsafe", done.stderr)

    def test_its_files_stay(self):
        with Server(self.folder) as server:
            server.call("SET", "k", "in")
            server.call("SAVE")
        os.rename(self.path("dump.rdb"), self.path("in.rdb"))
        with Server(self.folder, appendonly="yes") as server:
            server.call("SET", "k", "v")
            server.call("BGSAVE")
            server.wait(lambda info: info["rdb_bgsave_in_progress"] == "0")
            before = sorted(os.listdir(self.path("appendonlydir")))
            self.assert_refused("appendonlydir")
            self.assert_refused("dump.rdb")
            self.assertEqual(sorted(os.listdir(self.path("appendonlydir"))), before)
            server.call("SET", "k", "w")
        with Server(self.folder, appendonly="yes") as server:
            self.assertEqual(server.call("GET", "k"), b"w")
        convert(self.path("in.rdb"), "-o", self.path("appendonlydir"), "--force")
        with Server(self.folder, appendonly="yes") as server:
            self.assertEqual(server.call("GET", "k"), b"in")

    def test_read_while_it_rewrites(self):
        with Server(self.folder, appendonly="yes") as server:
            for number in range(10):
                server.call("SET", "k", f"v{number}")
                server.call("BGREWRITEAOF")
                done = run("verify", self.path("appendonlydir"))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                server.wait_for_rewrite()


if __name__ == "__main__":
    unittest.main()
