# SPDX-License-Identifier: MIT
"""What the tests of verify have in common."""
import os
import shutil

from lib.cases import Folder
from lib.program import run
from lib.server import Server


def verify(*arguments):
    """The exit code of `rdbferry verify`, and the lines that it says."""
    done = run("verify", *arguments)
    return done.returncode, done.stdout.decode(errors="replace").splitlines()


class Verifying(Folder):
    def digest(self, *inputs):
        code, lines = verify(*inputs, "--digest", "--strict", "-q")
        self.assertEqual(code, 0, lines)
        (line,) = lines
        return line

    def assert_sound(self, *inputs):
        code, lines = verify(*inputs)
        self.assertEqual(code, 0, lines)
        self.assertRegex(lines[-1], ": intact; ")

    def assert_same_data(self, path, other):
        """Both ways, and by their digests."""
        code, lines = verify(path, "--against", other)
        self.assertEqual(code, 0, lines)
        code, lines = verify(other, "--against", path)
        self.assertEqual(code, 0, lines)

    # --- what a server makes of it ---

    def save(self, server):
        """A copy of what the server saves."""
        server.call("SAVE")
        path = os.path.join(self.fresh(), "dump.rdb")
        shutil.copy(os.path.join(server.folder, "dump.rdb"), path)
        return path

    def saved_again(self, folder, **config):
        """What a server saves that has started in `folder`. As a replica without its primary: it expires nothing."""
        with Server(folder, replicaof=["127.0.0.1", "1"], **config) as server:
            return self.save(server)

    def saved_by_a_server(self, path):
        """What a server saves that has read the dump."""
        folder = self.fresh()
        shutil.copy(path, os.path.join(folder, "dump.rdb"))
        return self.saved_again(folder)
