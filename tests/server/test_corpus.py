# SPDX-License-Identifier: MIT
"""What real servers saved, and public dumps: every one converts to what is in it, or fails with the right words."""
import fnmatch
import glob
import os
import unittest

from lib import samples
from lib.answers import load
from lib.aofmodel import Model, Restored
from lib.cases import Folder
from lib.kinds import needs_version
from lib.observe import put_lengths_right
from lib.program import convert, run
from lib.soaking import part

# --- one data set of ours, saved by many servers ---

# Goes as RESTORE: what has no commands at all, pending entries whose entry is gone, and, for a server that cannot
# be told of a consumer that waits for nothing (before 6.2), the stream that has one.
RESTORED = {b"vectors", b"stream:gone"}
RESTORED_BY_OLD = {"redis-5.0.14": {b"stream:250"}}

# The RDB version from which on the data set has a function library.
FUNCTIONS_SINCE = 10

# What a Redis 7.0 cannot hold or be told.
NEWER_THAN_7_0 = {b"vectors", b"array", b"hfe:small", b"hfe:big", b"stream:idmp", b"stream:nack", b"stream:gone"}


@needs_version(redis=(7, 0))
class SavedByServers(Folder):
    def test_commands_make_what_was_there(self):
        def check(name, path):
            answers = load(path + ".json.gz")
            model = Model(convert(path + ".rdb", "-o", "-", "--to", "aof"))
            self.assertEqual(model.keys.keys(), answers.keys())
            self.assert_agrees(model, answers)
            self.assertEqual(len(model.functions), 1 if samples.rdb_version(path + ".rdb") >= FUNCTIONS_SINCE else 0)
            restored = {key for (_, key), value in model.keys.items() if isinstance(value, Restored)}
            self.assertLessEqual(restored, RESTORED | RESTORED_BY_OLD.get(name, set()))

        self.each(samples.saved_by_servers(), check)

    def test_server_loads_what_it_can_read(self):
        def check(_, path):
            if samples.rdb_version(path + ".rdb") <= samples.READABLE:
                self.assert_converts_each_way(path + ".rdb")

        self.each(samples.saved_by_servers(), check)

    def test_older_target(self):
        """What Redis 7.0 has words for goes to it, from whatever wrote it; the rest is left out or an error."""

        def check(_, path):
            answers = load(path + ".json.gz")
            options = [path + ".rdb", "-o", "-", "--to", "aof", "--target-version", "7.0"]
            aof = convert(*options, "--drop-unsupported")
            model = Model(aof)
            left_out = {key for _, key in answers.keys() - model.keys.keys()}
            self.assertLessEqual(left_out, NEWER_THAN_7_0)
            self.assert_agrees(model, answers)
            self.assert_loads(aof, len(model.keys))
            self.assertEqual(run("convert", *options).returncode, 4 if left_out else 0)

        self.each(samples.saved_by_servers(), check)

    def assert_loads(self, aof, keys):
        folder = self.fresh()
        with open(os.path.join(folder, "appendonly.aof"), "wb") as file:
            file.write(aof)
        self.assertEqual(sum(self.served_aof(folder)["sizes"].values()), keys)


# --- public dumps ---

# What cannot be converted to commands, and to a directory with an RDB base: the exit code, and what the message
# must look like.
DAMAGED = (3, "*offset 0x1ee: *ziplist*in key 'key:000000000091' (db 0)*")
FAILS = {
    "valkey/corrupt_ziplist.rdb": {"out.aof": DAMAGED, "appendonlydir": DAMAGED},
    # What a module saves beside the keys has no command.
    "rdbtools/redis_60_with_module_aux.rdb": {"out.aof": (4, "*module 'test__rdb'*")},
}
# Of modules that no server here has.
NEED_MODULES = {"rdbtools/redis_40_with_module.rdb", "rdbtools/redis_60_with_module_aux.rdb"}
# Commands that Redis 7.0 does not know.
NEW_COMMANDS = {"HPEXPIREAT", "HSETEX", "XNACK", "XCFGSET", "XIDMPRECORD", "ARMSET", "ARSEEK"}


@needs_version(redis=(7, 0))
@unittest.skipUnless(samples.HAVE_CORPUS, "no folder of public dumps (RDBFERRY_CORPUS)")
class PublicDumps(Folder):
    def test_copies_are_checked_where_no_checksum_is_over_them(self):
        for name, code in (("valkey/corrupt_ziplist.rdb", 3), ("valkey/corrupt_empty_keys.rdb", 0)):
            path = dict(samples.public_dumps())[name]
            folder = self.fresh()
            done = run("convert", path, "-o", os.path.join(folder, "appendonlydir"))
            self.assertEqual(done.returncode, code, done.stderr)

    def test_fail_with_the_right_words(self):
        def check(name, path):
            for output in ("out.aof", "appendonlydir"):
                code, message = FAILS.get(name, {}).get(output, (0, "*"))
                folder = self.fresh()
                done = run("convert", path, "-o", os.path.join(folder, output), "--check")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertTrue(fnmatch.fnmatch(done.stderr.decode(), message), done.stderr)
                if code:
                    self.assertEqual(glob.glob(folder + "/**/*.*", recursive=True), [], "something was left behind")

        dumps = samples.public_dumps()
        self.each({**part(dumps, 0, 3), **{name: dumps[name] for name in FAILS}}, check)

    def test_server_loads_the_commands(self):
        def check(name, path):
            if name in FAILS or name in NEED_MODULES or name.endswith(".aof"):
                return
            model = Model(convert(path, "-o", "-", "--to", "aof"))
            self.assertEqual(model.refused, [])
            if not model.names & NEW_COMMANDS and not self.restores_newer(model):
                self.assert_serves(path, "appendonly.aof", model)

        self.each(part(samples.public_dumps(), 1, 3), check)

    def test_server_loads_the_directory(self):
        def check(name, path):
            if name not in FAILS and name not in NEED_MODULES and samples.rdb_version(path) <= samples.READABLE:
                self.assert_serves(path, "appendonlydir", None, "--check")

        self.each(part(samples.public_dumps(), 2, 3), check)

    def restores_newer(self, model):
        restored = [value.version for value in model.keys.values() if isinstance(value, Restored)]
        return max(restored, default=0) > samples.READABLE

    def assert_serves(self, path, output, model, *options):
        """What the server reads from our output is what it reads from the dump, where it can read that."""
        found = self.served_conversion(path, output, *options)
        if samples.rdb_version(path) <= samples.READABLE and not path.endswith(".aof"):
            self.assert_same(path, *put_lengths_right(self.served_dump(path), found))
        elif model is not None:
            self.assertEqual(sum(found["sizes"].values()), len(model.keys))


if __name__ == "__main__":
    unittest.main()
