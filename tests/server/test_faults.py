# SPDX-License-Identifier: MIT
"""Values that a server refuses to load are errors here as well, and what is written of the others is loaded by one that
looks into all of it."""
import os
import unittest

from lib.cases import Folder
from lib.kinds import needs_version
from lib.program import ROOT, run
from lib.server import Server, StartError

FAULTS = os.path.join(ROOT, "testdata", "faults")
KNOWN_TO_7_0 = ("set-member-twice", "zset-member-twice", "hash-field-twice", "stream-consumer-twice", "zipmap-empty",
                "zipmap-long-length", "zipmap-count")
PUT_RIGHT = {"stream-length": 1, "stream-empty-node": 1}


@needs_version(redis=(6, 2))
class Faults(Folder):
    def loads(self, path):
        folder = self.fresh()
        with open(path, "rb") as file, open(os.path.join(folder, "dump.rdb"), "wb") as copy:
            copy.write(file.read())
        try:
            with Server(folder, sanitize_dump_payload="yes") as server:
                return server.call("DBSIZE") == 1
        except StartError:
            return False

    def test_what_the_server_refuses_is_refused(self):
        for name in KNOWN_TO_7_0:
            with self.subTest(name):
                path = os.path.join(FAULTS, name + ".rdb")
                self.assertFalse(self.loads(path))
                self.assertEqual(run("verify", path, "--target-version", "7.0").returncode, 1)
                for output in ("out.aof", "dir.rdb"):
                    done = run("convert", path, "-o", self.path(output), "--check", "--target-version", "7.0")
                    self.assertEqual(done.returncode, 3, done.stderr)
                    self.assertFalse(os.path.exists(self.path(output)))

    def test_a_stream_is_put_right(self):
        for name, length in PUT_RIGHT.items():
            for options in ((), ("--check",)):
                with self.subTest(name, options=options):
                    folder = self.fresh()
                    made = os.path.join(folder, "dump.rdb")
                    path = os.path.join(FAULTS, name + ".rdb")
                    done = run("convert", path, "-o", made, "--target-version", "7.0", *options)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    with Server(folder, sanitize_dump_payload="yes") as server:
                        self.assertEqual(server.call("XLEN", "s"), length)
                        self.assertEqual(len(server.call("XRANGE", "s", "-", "+")), length)


if __name__ == "__main__":
    unittest.main()
