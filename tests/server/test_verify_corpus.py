# SPDX-License-Identifier: MIT
"""What real servers saved, and public dumps: sound but for those that are known not to be."""
import os
import unittest

from lib import samples
from lib.kinds import needs_version
from lib.program import run
from lib.soaking import part
from lib.verifying import Verifying, verify

# How many faults there are, and the first of them.
FAULTS = {
    "valkey/corrupt_ziplist.rdb": (1, "offset 0x1ee: ziplist too short in key 'key:000000000091' (db 0)"),
    "valkey/corrupt_empty_keys.rdb": (9, "offset 0x5e: empty set (servers drop or reject it) in key 'set' (db 0)"),
}
# What --strict makes count: a stream's wrong length; data of modules, no checksum.
WARNINGS = {
    "hdt/stream_listpacks_1.rdb": 1,
    "rdbtools/redis_40_with_module.rdb": 2,
    "rdbtools/redis_60_with_module_aux.rdb": 1,
}
# A server believes the length that a stream says to have, and derives from it how many entries were added.
WRONG_LENGTHS = {"hdt/stream_listpacks_1.rdb"}
# Of modules that no server here has.
NEED_MODULES = {"rdbtools/redis_40_with_module.rdb", "rdbtools/redis_60_with_module_aux.rdb"}


@needs_version(redis=(7, 0))
class SavedByServers(Verifying):
    def test_are_sound(self):
        def check(name, path):
            self.assert_sound(path + ".rdb")
            done = run("verify", path + ".rdb", "--strict", "--target-version", name)
            code, built_in = done.returncode, b"vectorset" in done.stderr
            self.assertEqual(code, 1 if built_in else 0, done.stdout + done.stderr)

        self.each(samples.saved_by_servers(), check)

    def test_rewrote_sound_files(self):
        rewrites = {name: path + ".aof.gz" for name, path in samples.saved_by_servers().items()}
        rewrites = {name: path for name, path in rewrites.items() if os.path.exists(path)}
        self.each(rewrites, lambda _, path: self.assert_sound(path))


@needs_version(redis=(7, 0))
@unittest.skipUnless(samples.HAVE_CORPUS, "no folder of public dumps (RDBFERRY_CORPUS)")
class PublicDumps(Verifying):
    def test_are_sound_or_have_known_faults(self):
        def check(name, path):
            code, lines = verify(path)
            count, first = FAULTS.get(name, (0, None))
            self.assertEqual(code, 1 if count else 0, lines)
            self.assertEqual(len(lines), count + 1, lines)
            self.assertEqual(lines[0], f"{path}: {first}" if first else lines[-1])

        self.each(samples.public_dumps(), check)

    def test_have_known_warnings(self):
        def check(name, path):
            code, lines = verify(path, "--strict")
            if name not in FAULTS:
                count = WARNINGS.get(name, 0)
                self.assertEqual(code, 1 if count else 0, lines)
                self.assertIn(f": {count} warning" if count else ": intact; ", lines[-1])

        self.each(samples.public_dumps(), check)

    def test_a_server_reads_and_saves(self):
        def check(name, path):
            left_out = name in NEED_MODULES | WRONG_LENGTHS or name in FAULTS or path.endswith(".aof")
            if not left_out and samples.rdb_version(path) <= samples.READABLE:
                self.assert_same_data(path, self.saved_by_a_server(path))

        self.each(part(samples.public_dumps(), 0, 3), check)

    def test_cut_anywhere(self):
        """A dump that ends too early is never taken for a whole one."""

        def check(_, path):
            with open(path, "rb") as file:
                data = file.read()
            for size in sorted({len(data) * i // 7 for i in range(7)}):
                with open(self.path("cut.rdb"), "wb") as file:
                    file.write(data[:size])
                code, lines = verify(self.path("cut.rdb"))
                self.assertEqual(code, 1, (size, lines))

        self.each(part(samples.public_dumps(), 1, 3), check)
