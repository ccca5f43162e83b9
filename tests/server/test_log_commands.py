# SPDX-License-Identifier: MIT
"""Commands of a log that are filtered and rewritten by their keys: which arguments are keys, as a server has it, and that
what comes out is what the same rules make of the data themselves."""
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from lib import jsonlines, resp
from lib.kinds import AOF_DIRECTORIES, KIND, needs
from lib.live_targets import wait_until
from lib.observe import differences, observe
from lib.program import PROGRAM, SANITIZED, convert, run
from lib.resp import Client, ReplyError
from lib.server import Server, StartError
from lib.soaking import scaled
from lib.splitting import Splitting, WithServer, printed_seed
from lib.workload import Workload


def setUpModule():
    global SEED
    SEED = printed_seed()


# --- which arguments are keys ---

# Commands whose arguments have to mean something before a server tells their keys; the others get any.
SAMPLES = {
    "bitop": ["AND d a b"],
    "blmpop": ["0 2 a b LEFT"],
    "bzmpop": ["0 2 a b MIN"],
    "copy": ["a b", "DB REPLACE"],
    "geosearchstore": ["d a FROMMEMBER m BYRADIUS 1 km"],
    "georadius": ["a 1 2 3 km STORE d", "STORE 1 2 3 km COUNT 1 STOREDIST STORE"],
    "georadiusbymember": ["a m 3 km STORE d", "a STORE 3 km STOREDIST d"],
    "lmpop": ["2 a b LEFT"],
    "move": ["a 1"],
    "mset": ["a 1 b 2"],
    "msetex": ["2 a 1 b 2 EX 3", "1 a 1"],
    "msetnx": ["a 1 b 2"],
    "pfdebug": ["TODENSE a"],
    "pfmerge": ["d a b"],
    "sort": ["a STORE d", "a BY nosort LIMIT 0 1 GET # STORE x STORE d"],
    "swapdb": ["0 1"],
    "xreadgroup": ["GROUP g c STREAMS a >", "GROUP STREAMS STREAMS COUNT 1 STREAMS a b > >"],
    "zdiffstore": ["d 2 a b"],
    "zinterstore": ["d 2 a b WEIGHTS 1 2"],
    "zmpop": ["2 a b MIN"],
    "zunionstore": ["d 2 a b AGGREGATE MAX", "a 1 WEIGHTS"],
}

# Never in a log: what they do is there as other commands.
REFUSED = {
    "blmpop", "blpop", "brpop", "bzmpop", "bzpopmax", "bzpopmin", "cluster|flushslot", "lmpop", "migrate", "sflush", "zmpop",
}


def flat(entries):
    """Commands and subcommands of COMMAND: name, arity, flags."""
    for entry in entries:
        subcommands = entry[9] if len(entry) > 9 else []
        yield from flat(subcommands) if subcommands else [(entry[0].decode().lower(), entry[1], entry[2])]


def sample_commands(name, arity):
    """Commands of that name as lists of arguments, no two arguments alike."""
    words = name.split("|")
    if name in SAMPLES:
        return [[*words, *sample.split()] for sample in SAMPLES[name]]
    count = max(abs(arity), 2 if arity < 0 else 0)
    return [[*words, *(f"q{i}" for i in range(len(words), count))]]


@needs(AOF_DIRECTORIES)
class Keys(WithServer):
    def keys_of(self, command):
        """The names that the server calls keys."""
        try:
            return self.call("COMMAND", "GETKEYS", *command)
        except ReplyError as error:
            self.assertIn("no key arguments", str(error), command)
            return []

    def renaming(self, commands):
        with open(self.path("in.aof"), "wb") as file:
            file.writelines(map(resp.encode, commands))
        return run("convert", self.path("in.aof"), "-o", "-", "--to", "aof", "--rename", "s/^/p:/", "-q")

    def renamed(self, commands):
        """For each of them the arguments that become other names."""
        done = self.renaming(commands)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [one for one in resp.commands(done.stdout) if one[0].upper() != b"SELECT"]
        self.assertEqual(len(found), len(commands))
        return [
            [old.encode() for old, new in zip(command, one) if new == b"p:" + old.encode()]
            for command, one in zip(commands, found)
        ]

    def refused(self, commands):
        """Which of them verify says to have a number of arguments that they cannot have, by their place."""
        places, offset = [], 0
        with open(self.path("in.aof"), "wb") as file:
            for command in commands:
                places.append(offset)
                offset += file.write(resp.encode(command))
        done = run("verify", self.path("in.aof"), "-q", "--limit", 0)
        found = re.findall(r"offset (0x[0-9a-f]+): .*cannot have", done.stdout.decode())
        return [commands[places.index(int(place, 16))] for place in found]

    def test_arity_as_the_server_has_it(self):
        """Everything that the server accepts is accepted, and nothing with fewer arguments than it has to have."""
        accepted, refused = [], []
        for name, arity, flags in flat(self.call("COMMAND")):
            words = name.split("|")
            if b"write" not in flags or abs(arity) <= len(words):
                continue
            fits, lacks = (words + ["1"] * (abs(arity) - len(words) - less) for less in (0, 1))
            accepted.append(fits)
            refused += [lacks, [*fits, "1"]] if arity > 0 else [lacks]
        self.assertGreater(len(accepted), 100)
        self.assertEqual(self.refused(accepted), [])
        self.assertEqual(self.refused(refused), refused)

    def test_as_the_server_has_them(self):
        commands = []
        for name, arity, flags in flat(self.call("COMMAND")):
            if b"write" in flags and name not in REFUSED:
                commands += sample_commands(name, arity)
        self.assertGreater(len(commands), 100)
        for command, found in zip(commands, self.renamed(commands)):
            with self.subTest(" ".join(command)):
                self.assertEqual(sorted(found), sorted(self.keys_of(command)))

    def test_those_that_are_not_in_logs(self):
        for name, arity, flags in flat(self.call("COMMAND")):
            if name in REFUSED:
                with self.subTest(name):
                    for command in sample_commands(name, arity):
                        self.assertIn(b"its keys are not known", self.renaming([command]).stderr)


# --- by hand ---

# Options, and a log to which they are applied. They make of it what they make of the data.
FLATTEN, KEEP = ["--flatten-dbs"], ["-k", "k:*"]
LOGS = [
    (FLATTEN, "SET a 1 / MULTI / SELECT 7 / SET a 2 / SET b 2 / EXEC / SET c 3"),
    (FLATTEN, "SET a 1 / PEXPIREAT a 4102444800000 / MOVE a 3 / SELECT 3 / SET b 1 / MOVE b 0"),
    (FLATTEN, "SELECT 2 / SET a 1 / COPY a b / COPY a b DB 0 / COPY a a DB 5 REPLACE"),
    (FLATTEN, "SELECT 1 / SET DB 1 / COPY DB REPLACE"),
    (FLATTEN, "SELECT 2 / RPUSH l 2 1 / MSET w_1 2 w_2 1 / SORT l BY w_* GET # STORE d"),
    (FLATTEN, "SELECT 4 / MULTI / set a 1 / incr n / EXEC"),
    (FLATTEN, "SET a 1 / SELECT 1 / SET b 1 / SWAPDB 0 1 / SET c 1 / SELECT 0 / SET d 1"),
    (FLATTEN, "SELECT 3 / SET a 1 / SET b 1 / SELECT 0 / SET a 9 / SELECT 3 / FLUSHDB / SET c 1"),
    (FLATTEN, "SET a 1 / SWAPDB 0 1 / SELECT 1 / FLUSHDB / SET b 1 / SWAPDB 1 2 / FLUSHDB / SET c 1"),
    (FLATTEN, "MULTI / SET a 1 / SELECT 2 / SET b 1 / FLUSHDB / SET c 1 / EXEC"),
    (FLATTEN, "SELECT 2 / SET a 1 / FLUSHALL / SET b 1"),
    (KEEP, "MSET k:a 1 x:b 2 k:c 3 / DEL k:a x:b"),
    (KEEP, "SET k:a 1 / RENAME k:a x:a / SET k:b 1 / RENAME k:b k:c"),
    (KEEP, "SADD x:s m / SMOVE x:s k:s m / SADD k:t a b / SMOVE k:t x:s a"),
    (KEEP, "RPUSH k:l a b c d / LMOVE k:l x:l LEFT RIGHT / RPOPLPUSH k:l x:l"),
    (KEEP, "SADD k:s a / SUNIONSTORE x:d k:s"),
    (KEEP, "MULTI / SET k:a 1 / SET x:a 1 / EXEC / MULTI / SET x:a 2 / EXEC / MULTI / SET k:b 1 / INCR k:a / EXEC"),
    (KEEP, "MSETNX k:a 1 x:a 2 / COPY k:a x:b / COPY k:a k:b"),
    (["-d", "0-1"], "SET a 1 / MOVE a 2 / SET b 1 / MOVE b 1 / COPY b b DB 3 / SELECT 1 / COPY b c DB 0"),
    (["-d", "0"], "SET a 1 / SELECT 1 / SET b 1 / SWAPDB 0 1 / SET c 1 / FLUSHDB / SET d 1"),
    (["--map-db", "0=5,5=0"], "SET a 1 / MOVE a 5 / SELECT 5 / SET b 1 / SWAPDB 0 5 / SET c 1 / FLUSHDB / SET d 1"),
    (["--map-db", "1=0"], "SET a 1 / SELECT 1 / SET b 1 / FLUSHDB / SET d 1 / COPY d e DB 0"),
    (["--only-slots", "3300"], "MSET a 1 b 2 c 3 / DEL a b / SADD a x y / SMOVE a b x / SET {b}c 1 / RENAME {b}c {b}d"),
    (["--hash-tag", "{*}:*"], "SET u:a 1 / RENAME u:a u:b / COPY u:b v:c"),
]


@needs(AOF_DIRECTORIES)
class ByHand(WithServer):
    def kept(self, commands, *options):
        """What is in a server after these commands: place, type, value, expiry."""
        self.call.pipeline([("FLUSHALL",), ("SELECT", 0), *commands, ("SELECT", 0)])
        records = self.records(self.saved(self.server), *options)
        return sorted((one.place, one.type, str(one.value), one.expire_ms) for one in records)

    def test_logs(self):
        for options, text in LOGS:
            with self.subTest(f"{' '.join(options)}: {text}"):
                commands = [line.split() for line in text.split(" / ")]
                with open(self.path("in.aof"), "wb") as file:
                    file.write(b"".join(map(resp.encode, commands)))
                found = resp.commands(convert(self.path("in.aof"), "-o", "-", "--to", "aof", "-q", *options))
                expected = self.kept(commands, *options)
                self.assertEqual(self.kept(list(found)), expected)


# --- at random ---

# Commands that write and are not tried: they need another server, or are for tests.
NOT_TRIED = {"cluster|flushslot", "migrate", "pfdebug", "restore-asking", "function|restore", "function|flush", "sflush"}


@needs(AOF_DIRECTORIES)
class AtRandom(Splitting):
    def source(self, workload, preamble):
        """A folder with the appendonlydir of a server after a workload, rewritten in its middle."""
        folder = self.fresh()
        with Server(folder, appendonly="yes", aof_use_rdb_preamble=preamble, appendfsync="no") as server:
            workload.run(server.call, 10)
            server.call("BGREWRITEAOF")
            workload.run(server.call, 20)
            server.wait_for_rewrite()
            workload.run(server.call, 10)
        return folder

    def snapshot(self, folder):
        """What a server makes of the log, as a dump: a log does not say all that was in the server that wrote it."""
        copy = self.fresh()
        shutil.copytree(os.path.join(folder, "appendonlydir"), os.path.join(copy, "appendonlydir"))
        with Server(copy, appendonly="yes") as server:
            server.call("SAVE")
        return os.path.join(copy, "dump.rdb")

    def assert_alike(self, folder, *options):
        """The log, and the data, converted with the same options."""
        dump, log = self.fresh(), self.fresh()
        target = "--target-version", KIND.target
        convert(self.snapshot(folder), "-o", os.path.join(dump, "dump.rdb"), *target, *options)
        convert(os.path.join(folder, "appendonlydir"), "-o", os.path.join(log, "appendonlydir"), *target, *options)
        expected, found = self.served_dump(os.path.join(dump, "dump.rdb")), self.served_aof(log)
        self.assertEqual(differences(expected, found), [])

    def each_seed(self, count, check):
        for i in range(count):
            with self.subTest(seed=SEED + i):
                check(random.Random(SEED + i), "yes" if i % 2 else "no")

    @scaled(test=1, soak=25)
    def test_renamed_and_mapped(self, seeds):
        def check(make, preamble):
            folder = self.source(Workload(make), preamble)
            self.assert_alike(folder, "--map-db", "0=2,2=0,1=3,3=1", "--rename", "s/^/p:/")
            self.assert_alike(folder, "--hash-tag", "{?}*")

        self.each_seed(seeds, check)

    @scaled(test=1, soak=25)
    def test_flattened(self, seeds):
        def check(make, preamble):
            moves = bool(make.randrange(2))
            folder = self.source(Workload(make, moves=moves, flushes=not moves), preamble)
            self.assert_alike(folder, "--flatten-dbs")
            self.assert_alike(folder, "--flatten-dbs=d%d.", "--prefix-db0", "--map-db", "0=3,3=0")

        self.each_seed(seeds, check)

    @scaled(test=1, soak=25)
    def test_selected_by_name(self, seeds):
        def check(make, preamble):
            folder = self.source(Workload(make, families=("k:", "x:", "y:"), kept=("k:",)), preamble)
            self.assert_alike(folder, "-k", "k:*")
            self.assert_alike(folder, "-k", "k:*", "--rename", "s/^k:/n:/")

        self.each_seed(seeds, check)

    @scaled(test=1, soak=25)
    def test_selected_by_slot(self, seeds):
        def check(make, preamble):
            folder = self.source(Workload(make, families=("{a}", "{b}", "{c}"), kept=("{a}",)), preamble)
            self.assert_alike(folder, "--only-slots", "15495")

        self.each_seed(seeds, check)

    @scaled(test=1, soak=25)
    def test_selected_by_database(self, seeds):
        def check(make, preamble):
            folder = self.source(Workload(make, groups=((0, 1), (2, 3))), preamble)
            self.assert_alike(folder, "-d", "0,1")

        self.each_seed(seeds, check)

    @scaled(test=1, soak=25)
    def test_split(self, seeds):
        """Each shard is what its part of the data is. Keys of three hash tags, in three shards."""

        def check(make, preamble):
            families = "{a}", "{b}", "{c}"
            folder = self.source(Workload(make, families, groups=((0,),)), preamble)
            target, dump = ("--target-version", KIND.target), self.snapshot(folder)
            out = self.split(os.path.join(folder, "appendonlydir"), "--shards", 3, "--to", "aof-dir", *target)
            for number, shard in enumerate(self.shards(out)):
                part = os.path.join(self.fresh(), "dump.rdb")
                convert(dump, "-o", part, "--shard", f"{number + 1}/3", *target)
                self.assertEqual(differences(self.served_dump(part), self.served_aof(shard)), [])

        self.each_seed(seeds, check)

    @scaled(test=1, soak=25)
    def test_joined(self, seeds):
        """The logs of three nodes are one data set, and can be those of five."""

        def check(make, preamble):
            families = "{a}", "{b}", "{c}"
            folder = self.source(Workload(make, families, groups=((0,),), flushes=False), preamble)
            target, dump = ("--target-version", KIND.target), self.snapshot(folder)
            out = self.split(os.path.join(folder, "appendonlydir"), "--shards", 3, "--to", "aof-dir", *target)
            nodes = [os.path.join(shard, "appendonlydir") for shard in self.shards(out)]
            joined = self.fresh()
            convert(*nodes, "-o", os.path.join(joined, "appendonlydir"), *target)
            self.assertEqual(differences(self.served_dump(dump), self.served_aof(joined)), [])
            five = self.split(*nodes, "--shards", 5, "--to", "aof-dir", *target)
            for number, shard in enumerate(self.shards(five)):
                part = os.path.join(self.fresh(), "dump.rdb")
                convert(dump, "-o", part, "--shard", f"{number + 1}/5", *target)
                self.assertEqual(differences(self.served_dump(part), self.served_aof(shard)), [])

        self.each_seed(seeds, check)

    @scaled(test=1, soak=5)
    def test_every_command_is_tried(self, seeds):
        """... that the server knows and that writes: it has succeeded at least once."""
        folder = self.fresh()
        with Server(folder) as server:
            Workload(random.Random(SEED)).run(server.call, 400)
            stats = server.call("INFO", "commandstats").decode()
            writing = [name for name, _, flags in flat(server.call("COMMAND")) if b"write" in flags]
        worked = set()
        for line in stats.splitlines():
            if line.startswith("cmdstat_"):
                name, _, numbers = line[len("cmdstat_") :].partition(":")
                calls = dict(part.split("=") for part in numbers.split(","))
                if int(calls["calls"]) > int(calls["failed_calls"]):
                    worked.add(name)
        self.assertEqual(sorted(set(writing) - worked - NOT_TRIED), [])


@needs(AOF_DIRECTORIES)
class Accidents(Splitting):
    """A log up to a time, without a command, and cut short: what a server that stopped there has."""

    def cut(self, folder, *options):
        out = self.fresh()
        convert(os.path.join(folder, "appendonlydir"), "-o", os.path.join(out, "appendonlydir"), *options)
        return self.served_aof(out)

    def copy_of(self, folder):
        copy = self.fresh()
        shutil.copytree(os.path.join(folder, "appendonlydir"), os.path.join(copy, "appendonlydir"))
        return copy

    def test_point_in_time_and_undo(self):
        folder, make = self.fresh(), random.Random(SEED)
        workload = Workload(make, moves=False, flushes=False, swaps=False)
        with Server(folder, appendonly="yes", aof_timestamp_enabled="yes", appendfsync="always") as server:
            workload.run(server.call, 20)
            then = int(server.call("TIME")[0])
            before = self.copy_of(folder)
            time.sleep(2.1)  # annotations have a resolution of seconds
            server.call("SELECT", 0)
            server.call("FLUSHALL")
            server.call("SET", "after", "1")
        self.assertEqual(differences(self.served_aof(before), self.cut(folder, "--until", then + 1)), [])
        undone = self.cut(folder, "--drop-command", "FLUSHALL")
        self.assertEqual(differences(self.loaded(before, "SET", "after", "1"), undone), [])

    def listed(self, folder, *options):
        done = run("inspect", os.path.join(folder, "appendonlydir"), "--commands", "*", "--jsonl", *options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return [(row["number"], row["db"], row["command"], *row["arguments"]) for row in jsonlines.read(done.stdout)]

    @scaled(test=1, soak=10)
    def test_listed(self, seeds):
        """Every command of the log, and of a key those that, as the server has it, have it among their keys."""
        for seed in range(SEED, SEED + seeds):
            folder, make = self.fresh(), random.Random(seed)
            with Server(folder, appendonly="yes", appendfsync="always") as server, self.subTest(seed=seed):
                Workload(make).run(server.call, 6)
                with open(os.path.join(folder, "appendonlydir", "appendonly.aof.1.incr.aof"), "rb") as file:
                    log = self.numbered(resp.commands(file.read()))
                self.assertEqual(self.listed(folder), [self.shown(*one) for one in log])
                keys = [self.keys_of(server, command) for _, _, command in log]
                for db, key in make.sample(sorted({(one[1], key) for one, those in zip(log, keys) for key in those}), 8):
                    expected = [
                        self.shown(number, db_, command)
                        for (number, db_, command), those in zip(log, keys)
                        if (db_ == db and key in those) or self.concerns_all(command, db_, db)
                    ]
                    pattern = "^" + "".join(f"\\x{byte:02x}" for byte in key) + "$"
                    self.assertEqual(self.listed(folder, "--key-regex", pattern, "-d", db), expected, key)

    @staticmethod
    def numbered(commands):
        """(number, database, command), without SELECT."""
        return [(number, *one) for number, one in enumerate(resp.with_databases(commands), 1)]

    @staticmethod
    def shown(number, db, command):
        def text(argument):
            try:
                return argument.decode()
            except UnicodeDecodeError:
                return argument.decode("latin-1")

        return (number, db, *map(text, command))

    @staticmethod
    def keys_of(server, command):
        try:
            return set(server.call("COMMAND", "GETKEYS", *command))
        except ReplyError:
            return set()

    @staticmethod
    def concerns_all(command, selected, db):
        name = command[0].upper()
        swapped = name == b"SWAPDB" and db in map(int, command[1:])
        return name == b"FLUSHALL" or swapped or (name == b"FLUSHDB" and selected == db)

    def loaded(self, folder, *command):
        """What a server makes of the log, and of a command after it."""
        with Server(folder, appendonly="yes") as server:
            if command:
                server.call(*command)
            return observe(server.call)

    @scaled(test=4, soak=200)
    def test_torn(self, count):
        """As a server loads it that cuts it: not within a transaction."""
        folder, make = self.fresh(), random.Random(SEED)
        with Server(folder, appendonly="yes", appendfsync="always") as server:
            Workload(make).run(server.call, 6)
        (name,) = [name for name in os.listdir(os.path.join(folder, "appendonlydir")) if name.endswith(".incr.aof")]
        size = os.path.getsize(os.path.join(folder, "appendonlydir", name))
        for _ in range(count):
            torn = self.copy_of(folder)
            length = make.randrange(size)
            with self.subTest(seed=SEED, length=length):
                os.truncate(os.path.join(torn, "appendonlydir", name), length)
                found = self.cut(torn, "--repair", "cut")
                self.assertEqual(differences(self.loaded(torn), found), [])

    def test_a_log_that_is_being_written(self):
        """What is converted is a state that the server has been in: all up to one command, and no part of a transaction."""
        folder = self.fresh()
        with Server(folder, appendonly="yes", appendfsync="no", aof_use_rdb_preamble="no", auto_aof_rewrite_percentage=0) as server:
            writer = threading.Thread(target=self.write, args=(server.folder,))
            writer.start()
            try:
                for number in range(4):
                    with self.subTest(number):
                        wait_until(lambda before=server.call("GET", "c"): server.call("GET", "c") != before)
                        if number == 2:
                            server.call("BGREWRITEAOF")
                        self.assert_a_state(server)
            finally:
                self.stopped = True
                writer.join()

    stopped = False

    def write(self, folder):
        client = Client(os.path.join(folder, "socket"))
        number = 0
        while not self.stopped:
            number += 1
            time.sleep(0.002)
            long = str(number) + "x" * 20000
            client.pipeline([("MULTI",), ("SET", "a", long), ("SET", "b", number), ("EXEC",), ("SET", "c", number)])
        client.close()

    def assert_a_state(self, server):
        """One between what the server has before the conversion, and what it has after it."""
        copy = os.path.join(self.fresh(), "appendonlydir")
        before = int(server.call("GET", "c"))
        convert(os.path.join(server.folder, "appendonlydir"), "-o", copy, "--truncated", "drop")
        after = int(server.call("GET", "b"))
        values = {}
        for name in sorted(os.listdir(copy), key=lambda name: "incr" in name):
            if name.endswith(".aof"):
                with open(os.path.join(copy, name), "rb") as file:
                    values.update((one[1], one[2]) for one in resp.commands(file.read()) if one[0].upper() == b"SET")
        a, b, c = (int(values.get(key, b"0").rstrip(b"x")) for key in (b"a", b"b", b"c"))
        self.assertEqual(a, b)
        self.assertIn(c, (a, a - 1))
        self.assertIn(a, range(before, after + 1))


GOOD = [("SET", f"k{i}", i) for i in range(1, 21)]


def log_of(*commands):
    return b"".join(one if isinstance(one, bytes) else resp.encode(one) for one in commands)


# A log with a fault in its middle, by name.
FAULTS = {
    "integer": log_of(*GOOD, ("INCRBY", "n", "x"), *GOOD),
    "keys": log_of(*GOOD, ("ZUNIONSTORE", "d", 3, "a", "b"), *GOOD),
    "exec": log_of(*GOOD, ("EXEC",), *GOOD),
    "nested": log_of(*GOOD, ("MULTI",), ("SET", "a", 1), ("MULTI",), ("SET", "a", 2), ("EXEC",), *GOOD),
    "zeros": log_of(*GOOD, b"\0" * 4096, *GOOD),
    "tail": log_of(*GOOD, b"\0" * 4096),
    "torn": log_of(*GOOD, resp.encode(("SET", "a", 1))[:-5]),
    "open": log_of(*GOOD, ("MULTI",), ("SET", "a", 1)),
    "no name": log_of(*GOOD, b"*0\r\n", *GOOD),
    "line end": log_of(*GOOD, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1xx", *GOOD),
    "annotation": log_of(*GOOD, b"#" + b"x" * 3000 + b"\r\n", *GOOD),
    "annotation in a transaction": log_of(
        *GOOD, ("MULTI",), ("SET", "a", 1), b"#" + b"x" * 3000 + b"\r\n", ("SET", "b", 1), ("EXEC",), *GOOD
    ),
    "inside": log_of(*GOOD, resp.encode(("SET", "a", "x" * 100))[:60], *GOOD),
    "length": log_of(*GOOD, resp.encode(("SET", "a", 1)).replace(b"$3", b"$9"), *GOOD),
}


@needs(AOF_DIRECTORIES)
class Faults(Splitting):
    """What verify says that a server and redis-check-aof make of a log is what they do."""

    def loads(self, log, cuts):
        folder = self.fresh()
        directory = os.path.join(folder, "appendonlydir")
        os.mkdir(directory)
        with open(os.path.join(directory, "a.1.incr.aof"), "wb") as file:
            file.write(log)
        with open(os.path.join(directory, "appendonly.aof.manifest"), "w", encoding="ascii") as file:
            file.write("file a.1.incr.aof seq 1 type i\n")
        try:
            with Server(folder, appendonly="yes", aof_load_truncated="yes" if cuts else "no") as server:
                return server.call("GET", "k20") == b"20"
        except StartError:
            return False

    def checked(self, log):
        """The size that redis-check-aof --fix leaves."""
        path = os.path.join(self.fresh(), "log.aof")
        with open(path, "wb") as file:
            file.write(log)
        command = [f"{KIND.project}-check-aof", "--fix", path]
        subprocess.run(command, executable=KIND.path, input=b"y\n", capture_output=True, check=False, timeout=60)
        return os.path.getsize(path)

    def test_as_verify_says(self):
        for name, log in FAULTS.items():
            with self.subTest(name):
                path = os.path.join(self.fresh(), "log.aof")
                with open(path, "wb") as file:
                    file.write(log)
                done = run("verify", path, "--report", path + ".json")
                self.assertEqual(done.returncode, 1, done.stderr)
                with open(path + ".json", encoding="utf-8") as file:
                    (said,) = json.load(file)["logs"]
                self.assertEqual(said["server"] in ("loads", "loads_without", "loads_cut"), self.loads(log, True), said)
                if said["server"] == "loads_cut":
                    self.assertFalse(self.loads(log, False))
                self.assertEqual(said.get("check_aof_keeps", len(log)), self.checked(log), said)

    def test_repaired(self):
        """What is left of each after --repair skip is a log that a server loads, with all that is sound."""
        for name in ("zeros", "annotation", "inside", "length"):
            with self.subTest(name):
                path = os.path.join(self.fresh(), "log.aof")
                with open(path, "wb") as file:
                    file.write(FAULTS[name])
                out = self.fresh()
                convert(path, "-o", os.path.join(out, "appendonlydir"), "--repair", "skip", "--unknown-database", "last")
                with Server(out, appendonly="yes") as server:
                    self.assertEqual([server.call("GET", one[1]) for one in GOOD], [b"%d" % one[2] for one in GOOD])


# --- large arguments ---


class LargeArguments(unittest.TestCase):
    """They pass through in constant memory, whatever is renamed before them."""

    HEADS = ((b"SET", b"user:1:x"), (b"APPEND", b"user:1:x"), (b"HSET", b"user:1:h", b"field"))

    def write_log(self, path, megabytes, tag):
        chunk = bytes(range(256)) * 4096
        with open(path, "wb") as log:
            for head in self.HEADS:
                log.write(b"*%d\r\n" % (len(head) + 1))
                for argument in (head[0], tag(head[1]), *head[2:]):
                    log.write(b"$%d\r\n%s\r\n" % (len(argument), argument))
                log.write(b"$%d\r\n" % (megabytes << 20))
                for _ in range(megabytes):
                    log.write(chunk)
                log.write(b"\r\n")

    def run_in_little(self, *arguments):
        process = subprocess.Popen([PROGRAM, *arguments, "--quiet"])
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        if not SANITIZED:
            self.assertLess(usage.ru_maxrss, 64 * 1024)

    @scaled(test=70, soak=400)
    def test_memory(self, megabytes):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        log, expected, result = (os.path.join(folder, name) for name in ("log.aof", "expected.aof", "result.aof"))
        self.write_log(log, megabytes, lambda key: key)
        self.write_log(expected, megabytes, lambda key: b"{user:1}" + key[6:])
        rules = ("--flatten-dbs", "--hash-tag", "{user:*}:*")
        self.run_in_little("convert", log, "-o", result, *rules)
        with open(result, "rb") as found, open(expected, "rb") as wanted:
            found.seek(len(b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"))
            while block := wanted.read(1 << 20):
                self.assertEqual(found.read(len(block)) == block, True)
            self.assertEqual(found.read(), b"")
        os.remove(result)
        self.run_in_little("split", log, "--shards", "3", "--to", "aof", "-o", os.path.join(folder, "shards"), *rules)


if __name__ == "__main__":
    unittest.main()
