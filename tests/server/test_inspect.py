# SPDX-License-Identifier: MIT
"""What `inspect` says of a dump, held against a server that has loaded it: counts exactly, memory within 15 % for
each type."""
import json
import os
import shutil
import subprocess
import unittest
from collections import Counter

from lib import program
from lib.cases import Folder
from lib.kinds import KIND, OLD_TABLES, needs_version
from lib.samples import READABLE, rdb_version, saved_by_servers
from lib.server import Server
from lib.soaking import scaled

RDBGEN = os.environ.get("RDBGEN") or os.path.join(os.path.dirname(program.PROGRAM), "rdbgen")

TOLERANCE = 0.15

# Where there are few, the tables are as large as they happened to grow.
ENOUGH_KEYS = 1000

# More than rdbgen's files have.
DATABASES = 100000


def keyspace(call):
    """{db: (keys, expiring)} as INFO says."""
    lines = call("INFO", "keyspace").decode().splitlines()
    fields = {line[2:].split(":")[0]: dict(f.split("=") for f in line.split(":")[1].split(",")) for line in lines[1:]}
    return {int(db): (int(field["keys"]), int(field["expires"])) for db, field in fields.items()}


def keys_of(call):
    cursor, keys = b"0", set()
    while True:
        cursor, some = call("SCAN", cursor, "COUNT", 1000)
        keys.update(some)
        if cursor == b"0":
            return sorted(keys)


def overhead_of_tables(call, databases):
    """What MEMORY STATS counts for tables of keys, less what it counts for each key: its entry and its object."""
    stats, overhead = call("MEMORY", "STATS"), 0
    stats = dict(zip(stats[::2], stats[1::2]))
    for db, (keys, _) in databases.items():
        of_db = dict(zip(*[iter(stats[b"db.%d" % db])] * 2))
        overhead += of_db[b"overhead.hashtable.main"] - keys * (24 + 16) + of_db[b"overhead.hashtable.expires"]
    return overhead


@needs_version(redis=(7, 0))
class Inspected(Folder):
    """How much memory is compared where the server's hash tables are those that `inspect` estimates."""

    def inspect(self, path):
        done = program.run("inspect", path, "--json", "--expired", "drop")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def ask(self, path):
        """What a server says that loads it: keys by database, by type, memory by type, and of the tables."""
        folder = self.fresh()
        shutil.copy(path, os.path.join(folder, "dump.rdb"))
        counts, memory = Counter(), Counter()
        with Server(folder, databases=DATABASES) as server:
            databases = keyspace(server.call)
            tables = overhead_of_tables(server.call, databases)
            for db in databases:
                server.call("SELECT", db)
                keys = keys_of(server.call)
                types = server.call.pipeline([("TYPE", key) for key in keys])
                sizes = server.call.pipeline([("MEMORY", "USAGE", key, "SAMPLES", 0) for key in keys])
                for name, size in zip(types, sizes):
                    counts[name.decode()] += 1
                    memory[name.decode()] += size
        return databases, counts, memory, tables

    def assert_near(self, found, expected, what):
        self.assertLessEqual(abs(found - expected), TOLERANCE * expected, f"{what}: {found} for {expected}")

    def check(self, path):
        found = self.inspect(path)
        databases, counts, memory, tables = self.ask(path)
        self.assertEqual({row["db"]: (row["keys"], row["expiring"]) for row in found["databases"]}, databases)
        self.assertEqual({row["type"]: row["keys"] for row in found["types"]}, counts)
        if KIND.knows(OLD_TABLES):
            for row in found["types"]:
                self.assert_near(row["memory"], memory[row["type"]], row["type"])
            if found["total"]["keys"] >= ENOUGH_KEYS:
                self.assert_near(found["memory"]["hash_tables"], tables, "hash tables")
        self.assertEqual(found["total"]["memory"], sum(row["memory"] for row in found["types"]))

    def generate(self, *options):
        path = self.path("-".join(map(str, options)) + ".rdb")
        subprocess.run([RDBGEN, "--no-modules", "-o", path, *map(str, options)], check=True)
        return path

    def test_what_servers_saved(self):
        samples = {name: path + ".rdb" for name, path in saved_by_servers().items()}
        readable = {name: path for name, path in samples.items() if rdb_version(path) <= READABLE}
        self.each(readable, lambda _, path: self.check(path))

    @scaled(test=1, soak=8)
    def test_every_type_byte(self, seeds):
        files = {}
        for version in range(1, READABLE + 1):
            for seed in range(1, seeds + 1):
                name = f"version {version}, seed {seed}"
                files[name] = self.generate("--kind", "types", "--rdb-version", version, "--seed", seed)
        self.each(files, lambda _, path: self.check(path))

    def test_many_keys(self):
        kinds = {
            kind: self.generate("--kind", kind, "--rdb-version", READABLE, "--scale", 0.004)
            for kind in ("strings", "mixed", "bigkeys")
        }
        self.each(kinds, lambda _, path: self.check(path))


if __name__ == "__main__":
    unittest.main()
