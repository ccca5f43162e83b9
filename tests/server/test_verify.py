# SPDX-License-Identifier: MIT
"""Digests and comparisons of what a real server saves: the same for the same data, and one key for one change."""
import itertools
import os
import random
import struct
import subprocess

from lib import dataset, samples
from lib.answers import load
from lib.kinds import AOF_DIRECTORIES, COUNTS, FUNCTIONS, needs
from lib.observe import named
from lib.program import convert
from lib.server import Server
from lib.verifying import Verifying, verify
from test_generated import DIALECTS, RDBGEN

# --- one data set in many forms ---

UNPACKED = {
    "hash-max-ziplist-entries": 0,
    "zset-max-ziplist-entries": 0,
    "set-max-intset-entries": 0,
    "list-max-ziplist-size": 1,
    "stream-node-max-entries": 1,
}
FORMS = {
    "as usual": {},
    "nothing packed": UNPACKED,
    "everything packed": {
        "hash-max-ziplist-entries": 100_000,
        "hash-max-ziplist-value": 1_000_000,
        "zset-max-ziplist-entries": 100_000,
        "zset-max-ziplist-value": 1_000_000,
        "set-max-intset-entries": 100_000,
        "list-max-ziplist-size": -5,
        "stream-node-max-entries": 0,
        "stream-node-max-bytes": 0,
    },
    "not compressed": {"rdbcompression": "no"},
    "compressed in memory": {"list-compress-depth": 1, "list-max-ziplist-size": 3},
}
DELIVERED = 1_700_000_000_000


def claim_all(call, key, group):
    """Entries become pending at the server's time; here they became so at one we know."""
    pending = call("XPENDING", key, group, "-", "+", 1000)
    commands = [
        ("XCLAIM", key, group, consumer, 0, entry, "TIME", DELIVERED, "RETRYCOUNT", count, "JUSTID")
        for entry, consumer, _, count in pending
    ]
    call.pipeline(commands)


def fill(call, knobs):
    """The same data whatever the settings are."""
    make = random.Random(1)
    call("FLUSHALL")
    call("FUNCTION", "FLUSH")
    for code in dataset.LIBRARIES:
        call("FUNCTION", "LOAD", code)
    for name, value in {**dataset.KNOBS, **knobs}.items():
        call("CONFIG", "SET", name, value)
    for steps in (dataset.strings, dataset.lists, dataset.sets, dataset.zsets, dataset.hashes):
        call.pipeline(list(steps(make)))
    call.pipeline(list(dataset.times()))
    for steps in (dataset.plain_stream, dataset.deleted_stream, dataset.grouped_stream, dataset.empty_streams):
        call.pipeline(list(steps()))
    claim_all(call, "stream:groups", "from start")


@needs(FUNCTIONS)
class SameData(Verifying):
    def test_whatever_the_settings(self):
        digests = {}
        for name, knobs in FORMS.items():
            with Server(self.fresh()) as server:
                fill(server.call, knobs)
                dump = self.save(server)
                digests[name] = self.digest(dump)
                server.call("DEBUG", "RELOAD")
                digests[name + ", read again"] = self.digest(self.save(server))
        self.assertEqual(len(set(digests.values())), 1, digests)

    def test_in_parts(self):
        """Keys that are spread over two servers have the digest that they have in one."""
        with Server(self.fresh()) as whole, Server(self.fresh()) as left, Server(self.fresh()) as right:
            for number, server in enumerate((left, right)):
                for db in (0, 5):
                    for call in (whole.call, server.call):
                        call("SELECT", db)
                        call.pipeline([("RPUSH", f"{number}:{i}", *range(i)) for i in range(1, 50)])
            for server in (whole, left, right):
                server.call("FUNCTION", "LOAD", dataset.LIBRARIES[0])
            whole, left, right = (self.save(server) for server in (whole, left, right))
        self.assertEqual(self.digest(left, right), self.digest(whole))
        self.assertEqual(self.digest(right, left), self.digest(whole))
        code, lines = verify(left, right, "--against", whole)
        self.assertEqual(code, 0, lines)


# --- what a group has read ---


def number(entry_id):
    return int(entry_id.split(b"-")[0])


@needs(COUNTS)
class UnknownCounts(Verifying):
    """Groups of which it is not known what they have read count as having read what a server works out."""

    def fill(self, call):
        """Streams of up to four entries of which any are deleted, with a group at each id and between them."""
        for deleted in itertools.chain.from_iterable(itertools.product((0, 1), repeat=n) for n in range(5)):
            key = "stream" + "".join(map(str, deleted))
            call("XGROUP", "CREATE", key, "g0", 0, "MKSTREAM")
            call.pipeline([("XADD", key, f"{2 * i + 2}-0", "f", "v") for i in range(len(deleted))])
            call.pipeline([("XDEL", key, f"{2 * i + 2}-0") for i in range(len(deleted)) if deleted[i]] or [("PING",)])
            call.pipeline([("XGROUP", "CREATE", key, f"g{i}", f"{i}-0") for i in range(1, 2 * len(deleted) + 2)])
            yield key

    def set_counts(self, call, key):
        """Says what the server works out; returns a group of which it cannot tell, or None. Servers disagree over
        groups that stand before an entry that was deleted in front of the first one."""
        stream = named(call("XINFO", "STREAM", key, "FULL"))
        untold = None
        for group in map(named, stream[b"groups"]):
            name, at, lag = group[b"name"], group[b"last-delivered-id"], group[b"lag"]
            if lag is None:
                untold = untold or (name, at)
            elif number(at) == 0 or number(at) >= number(stream[b"max-deleted-entry-id"]):
                call("XGROUP", "SETID", key, name, at, "ENTRIESREAD", stream[b"entries-added"] - lag)
        return untold

    def test_are_those_of_a_server(self):
        with Server(self.fresh()) as server:
            keys = list(self.fill(server.call))
            unknown = self.save(server)
            untold = {key: self.set_counts(server.call, key) for key in keys}
            told = self.save(server)
            self.assertEqual(verify(unknown, "--against", told, "-q"), (0, []))
            changed = {key for key, group in untold.items() if group}
            self.assertGreater(len(changed), 20)
            for key in changed:
                server.call("XGROUP", "SETID", key, *untold[key], "ENTRIESREAD", 1)
            code, lines = verify(told, "--against", self.save(server), "-q")
            self.assertEqual(set(lines), {f"~ db 0   stream   '{key}': value" for key in changed})


# --- round trips ---


def scores_of(answer):
    return answer["value"].values() if answer["type"] == "zset" else ()


def difference(db, key):
    """The line that tells of another value of a zset."""
    shown = "".join(chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}" for byte in key)
    return f"~ db {db:<3} zset     '{shown}': value"


class RoundTrips(Verifying):
    def dumps(self):
        """Those that a Redis 7.0 reads."""
        dumps = {name: path + ".rdb" for name, path in samples.saved_by_servers().items()}
        return {name: path for name, path in dumps.items() if samples.rdb_version(path) <= samples.READABLE}

    def test_a_server_reads_and_saves(self):
        self.each(self.dumps(), lambda _, path: self.assert_same_data(path, self.saved_by_a_server(path)))

    @needs(AOF_DIRECTORIES)
    def test_a_server_reads_our_directory_and_saves(self):
        def check(_, path):
            for base in ("rdb", "aof"):
                folder = self.fresh()
                options = ("-o", os.path.join(folder, "appendonlydir"), "--base", base, "--target-version", "7.0")
                convert(path, *options)
                saved = self.saved_again(folder, appendonly="yes")
                code, lines = verify(path, "--against", saved)
                with self.subTest(base):
                    self.assertEqual(code, 0, lines)

        self.each(self.dumps(), check)

    def test_generated_files(self):
        """Every type byte, also of those that no server at hand writes."""
        for dialect, versions in DIALECTS.items():
            for version in versions:
                path = self.path(f"{dialect}-{version}")
                options = ["--dialect", dialect, "--rdb-version", str(version), "--no-modules"]
                files = ["-o", path + ".rdb", "--plain-json", path + ".json"]
                subprocess.run([RDBGEN, "--kind", "types", *files, *options], check=True)
                with self.subTest(path):
                    self.assert_sound(path + ".rdb")
                    if dialect == "redis" and version <= samples.READABLE:
                        self.assert_same_but_for_negative_zeros(path)

    def assert_same_but_for_negative_zeros(self, path):
        """A server that packs a zset makes 0 of -0."""
        answers = load(path + ".json")
        zeros = {place for place, answer in answers.items() if "-0" in scores_of(answer)}
        _, lines = verify(path + ".rdb", "--against", self.saved_by_a_server(path + ".rdb"), "-q")
        self.assertLessEqual(set(lines), {difference(db, key) for db, key in zeros})


# --- one change ---


def next_score(score):
    return struct.unpack("<d", struct.pack("<q", struct.unpack("<q", struct.pack("<d", score))[0] + 1))[0]


START = [
    ("SET", "str", "value"),
    ("SET", "expiring", "value", "PXAT", dataset.FAR),
    ("RPUSH", "list", "a", "b", "c"),
    ("RPUSH", "long list", *range(1000)),
    ("SADD", "set", "a", "b"),
    ("SADD", "intset", 1, 2, 3),
    ("ZADD", "zset", 1.5, "a", 2.5, "b"),
    ("ZADD", "large zset", *(x for i in range(1000) for x in (i / 7, i))),
    ("HSET", "hash", "f", "v", "g", "w"),
    ("HSET", "large hash", *(x for i in range(1000) for x in (i, i))),
    *(("XADD", "stream", f"{i}-1", "f", i) for i in range(1, 11)),
    ("XGROUP", "CREATE", "stream", "g", "0"),
    ("XGROUP", "CREATE", "stream", "h", "0"),
    ("XREADGROUP", "GROUP", "g", "alice", "COUNT", 4, "STREAMS", "stream", ">"),
    ("XREADGROUP", "GROUP", "g", "bob", "COUNT", 2, "STREAMS", "stream", ">"),
    ("FUNCTION", "LOAD", dataset.LIBRARIES[0]),
]

# A command, and the line that tells the difference.
CHANGES = [
    (("APPEND", "str", "!"), "~ db 0   string   'str': value"),
    (("SETRANGE", "str", 0, "V"), "~ db 0   string   'str': value"),
    (("PEXPIREAT", "str", dataset.FAR), "~ db 0   string   'str': expiry none -> 2100-01-01T00:00:00.000Z"),
    (("PEXPIREAT", "expiring", dataset.FAR + 1),
     "~ db 0   string   'expiring': expiry 2100-01-01T00:00:00.000Z -> 2100-01-01T00:00:00.001Z"),
    (("PERSIST", "expiring"), "~ db 0   string   'expiring': expiry 2100-01-01T00:00:00.001Z -> none"),
    (("LSET", "list", 1, "B"), "~ db 0   list     'list': value"),
    (("LSET", "long list", 777, "x"), "~ db 0   list     'long list': value"),
    (("LMOVE", "list", "list", "LEFT", "RIGHT"), "~ db 0   list     'list': value"),
    (("SADD", "set", "c"), "~ db 0   set      'set': value"),
    (("SREM", "intset", 2), "~ db 0   set      'intset': value"),
    (("ZADD", "zset", repr(next_score(1.5)), "a"), "~ db 0   zset     'zset': value"),
    (("ZADD", "large zset", repr(next_score(500 / 7)), "500"), "~ db 0   zset     'large zset': value"),
    (("HSET", "hash", "g", "W"), "~ db 0   hash     'hash': value"),
    (("HSET", "large hash", "999", "998"), "~ db 0   hash     'large hash': value"),
    (("XACK", "stream", "g", "2-1"), "~ db 0   stream   'stream': value"),
    (("XCLAIM", "stream", "g", "bob", 0, "3-1", "JUSTID"), "~ db 0   stream   'stream': value"),
    (("XCLAIM", "stream", "g", "bob", 0, "3-1", "TIME", 5, "RETRYCOUNT", 1, "JUSTID"),
     "~ db 0   stream   'stream': value"),
    (("XCLAIM", "stream", "g", "bob", 0, "3-1", "TIME", 5, "RETRYCOUNT", 2, "JUSTID"),
     "~ db 0   stream   'stream': value"),
    (("XGROUP", "SETID", "stream", "h", "5-1"), "~ db 0   stream   'stream': value"),
    (("XGROUP", "SETID", "stream", "h", "5-1", "ENTRIESREAD", 5), "~ db 0   stream   'stream': value"),
    (("XGROUP", "CREATECONSUMER", "stream", "h", "carol"), "~ db 0   stream   'stream': value"),
    (("XGROUP", "DELCONSUMER", "stream", "h", "carol"), "~ db 0   stream   'stream': value"),
    (("XSETID", "stream", "10-2"), "~ db 0   stream   'stream': value"),
    (("XDEL", "stream", "9-1"), "~ db 0   stream   'stream': value"),
    (("FUNCTION", "LOAD", "REPLACE", dataset.LIBRARIES[0] + b" -- "), "~ function        'first': value"),
    (("FUNCTION", "LOAD", dataset.LIBRARIES[1]), "+ function        'second'"),
    (("FUNCTION", "DELETE", "first"), "- function        'first'"),
    (("SET", b"n\x00w", "1"), "+ db 0   string   'n\\x00w'"),
    (("MOVE", "hash", 1), {"- db 0   hash     'hash'", "+ db 1   hash     'hash'"}),
    (("DEL", "intset"), "- db 0   set      'intset'"),
    (("RENAME", "list", "List"), {"- db 0   list     'list'", "+ db 0   list     'List'"}),
    (("SET", "set", "c"), "~ db 0   string   'set': type set -> string"),
    (("COPY", "str", "zset", "REPLACE"), {"~ db 0   string   'zset': type zset -> string, expiry none -> "
                                          "2100-01-01T00:00:00.000Z"}),
]  # fmt: skip

# What is no data.
NO_CHANGES = [
    ("OBJECT", "FREQ", "str"),
    ("GET", "str"),
    ("XREADGROUP", "GROUP", "g", "bob", "STREAMS", "stream", "99-1"),
    ("CONFIG", "SET", "hash-max-ziplist-entries", 1),
    ("SREM", "set", "nothing"),
]


@needs(FUNCTIONS)
class OneChange(Verifying):
    def start(self, server):
        server.call.pipeline(START)
        return self.save(server)

    def test_is_told_with_its_key_alone(self):
        with Server(self.fresh()) as server:
            before = self.start(server)
            digest = self.digest(before)
            for command, expected in CHANGES:
                server.call(*command)
                after = self.save(server)
                with self.subTest(command):
                    code, lines = verify(before, "--against", after, "-q")
                    self.assertEqual(code, 1)
                    self.assertEqual(set(lines), expected if isinstance(expected, set) else {expected})
                    was, digest = digest, self.digest(after)
                    self.assertNotEqual(digest, was)
                before = after

    def test_is_none_where_data_stays(self):
        with Server(self.fresh(), maxmemory_policy="allkeys-lfu") as server:
            before = self.start(server)
            for command in NO_CHANGES:
                server.call(*command)
                with self.subTest(command):
                    self.assert_same_data(before, self.save(server))
            server.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            self.assert_same_data(before, self.save(server))

    def test_of_a_bit_on_disk(self):
        """It is at least a wrong checksum."""
        with Server(self.fresh()) as server:
            path = self.start(server)
        with open(path, "rb") as file:
            data = bytearray(file.read())
        make = random.Random(1)
        for position in make.sample(range(9, len(data)), 20):
            bit = 1 << make.randrange(8)
            data[position] ^= bit
            with open(self.path("damaged.rdb"), "wb") as file:
                file.write(data)
            data[position] ^= bit
            with self.subTest(position=position, bit=bit):
                code, lines = verify(self.path("damaged.rdb"), "--limit", 1)
                self.assertIn(code, (1, 3), lines)
