# SPDX-License-Identifier: MIT
"""--digest=sha256 against its definition, computed anew by hashlib from what a server answers; and targets that answer
DUMP with what is no value."""
import contextlib
import hashlib
import json
import os
import socketserver
import struct
import threading

from lib.cases import Folder
from lib.kinds import FUNCTIONS, needs
from lib.program import run
from lib.server import Server

LIBRARY = "#!lua name=one\nredis.register_function('f', function() end)"
LATER = 4102444800000
NO_EXPIRY = -1


# --- the definition ---


def h(data):
    return hashlib.sha256(data).digest()


def u64(*numbers):
    return b"".join(struct.pack("<Q", number % 2**64) for number in numbers)


def s(data):
    return u64(len(data)) + data


def multiset(items):
    lanes = [0] * 1024
    for item in items:
        expanded = struct.unpack("<1024H", hashlib.shake_128(item).digest(2048))
        lanes = [(lane + more) % 65536 for lane, more in zip(lanes, expanded)]
    return h(struct.pack("<1024H", *lanes))


def key(kind, db, expire_ms, value, name):
    types = ("string", "list", "set", "zset", "hash", "stream")
    return h(u64(types.index(kind), db, expire_ms) + value + h(name))


def number(text):
    return tuple(map(int, text.split(b"-")))


def stream_value(call, name):
    entries = b"".join(
        u64(*number(found), len(pairs) // 2) + b"".join(map(s, pairs)) for found, pairs in call("XRANGE", name, "-", "+")
    )
    full = call("XINFO", "STREAM", name, "FULL", "COUNT", 0)
    facts = dict(zip(full[::2], full[1::2]))
    last, deleted = number(facts[b"last-generated-id"]), number(facts[b"max-deleted-entry-id"])
    itself = h(b"S" + u64(*last, *deleted, facts[b"entries-added"]))
    items = []
    for flat in facts[b"groups"]:
        group = dict(zip(flat[::2], flat[1::2]))
        items.append(h(b"G" + u64(*number(group[b"last-delivered-id"]), group[b"entries-read"]) + h(group[b"name"])))
        for flat_consumer in group[b"consumers"]:
            consumer = dict(zip(flat_consumer[::2], flat_consumer[1::2]))
            owner = h(b"C" + h(group[b"name"]) + h(consumer[b"name"]))
            items.append(owner)
            items += [h(b"P" + owner + u64(*number(id_), *counts)) for id_, *counts in consumer[b"pending"]]
    return h(h(entries) + itself + multiset(items))


@needs(FUNCTIONS)
class Sha256(Folder):
    def digest(self, path):
        done = run("verify", path, "--digest=sha256")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode().split()[0]

    def test_definition(self):
        big = b"v" * 5000
        members, fields = [b"m%d" % i for i in range(300)], {b"f": b"v", b"g": big}
        folder = self.fresh()
        with Server(folder) as server:
            call = server.call
            call("FUNCTION", "LOAD", LIBRARY)
            for command in (
                ["SET", "string", big],
                ["SET", "expiring", "v", "PXAT", LATER],
                ["RPUSH", "list", "a", big],
                ["SADD", "set", *members],
                ["SADD", "numbers", 1, 2, 300],
                ["ZADD", "zset", 1.5, "a", -2, big],
                ["HSET", "hash", *(part for pair in fields.items() for part in pair)],
                ["XADD", "stream", "1-1", "f", "v", "g", big],
                ["XADD", "stream", "2-7", "f", "w"],
                ["XGROUP", "CREATE", "stream", "group", "0"],
                ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", 2, "STREAMS", "stream", ">"],
            ):
                call(*command)
            stream = stream_value(call, "stream")
            call("SELECT", 3)
            call("SET", "other", "")
            call("SAVE")
        zset = multiset(h(struct.pack("<d", score) + member) for score, member in ((1.5, b"a"), (-2, big)))
        hash_ = multiset(h(u64(NO_EXPIRY) + s(field) + value) for field, value in fields.items())
        expected = multiset(
            [
                h(b"F" + h(LIBRARY.encode())),
                key("string", 0, NO_EXPIRY, h(big), b"string"),
                key("string", 0, LATER, h(b"v"), b"expiring"),
                key("list", 0, NO_EXPIRY, h(s(b"a") + s(big)), b"list"),
                key("set", 0, NO_EXPIRY, multiset(map(h, members)), b"set"),
                key("set", 0, NO_EXPIRY, multiset(map(h, [b"1", b"2", b"300"])), b"numbers"),
                key("zset", 0, NO_EXPIRY, zset, b"zset"),
                key("hash", 0, NO_EXPIRY, hash_, b"hash"),
                key("stream", 0, NO_EXPIRY, stream, b"stream"),
                key("string", 3, NO_EXPIRY, h(b""), b"other"),
            ]
        )
        dump, shards = os.path.join(folder, "dump.rdb"), self.path("shards")
        self.assertEqual(self.digest(dump), expected.hex())
        with open(dump, "rb") as file:
            done = run("verify", "-", "--digest=sha256", stdin=file.read())
        self.assertEqual(done.stdout.decode().split()[0], expected.hex())
        self.assertEqual(run("convert", dump, "-o", shards, "-q").returncode, 0)
        self.assertEqual(self.digest(shards), expected.hex())


def packed(data):
    return bytes([len(data)]) + data


class Redis812(Folder):
    """No server at hand writes these: what is in the file is written here."""

    def file(self, *records):
        path = self.path("dump.rdb")
        with open(path, "wb") as out:
            out.write(b"REDIS0017\xfe\x00" + b"".join(records) + b"\xff" + bytes(8))  # without a checksum
        return path

    def digest(self, *records):
        done = run("verify", self.file(*records), "--digest=sha256")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode().split()[0]

    def test_definition(self):
        expiring = b"\x23" + packed(b"s") + u64(LATER) + bytes([2, 1]) + packed(b"a") + bytes([0]) + packed(b"b")
        kept = b"\xf1\x00" + packed(b"k") + packed(b"v")
        set_ = h(multiset([h(b"b")]) + multiset([h(u64(LATER) + b"a")]))
        name = u64(0, 0, NO_EXPIRY) + h(b"v") + h(b"k")
        keys = [key("set", 0, NO_EXPIRY, set_, b"s"), h(name + b"N")]
        self.assertEqual(self.digest(expiring, kept), multiset(keys).hex())

    def test_differences(self):
        """diff and verify --against tell them from a warning."""
        def set_of(ttl, lead=b""):
            return lead + b"\x23" + packed(b"s") + u64(LATER) + bytes([2, ttl]) + packed(b"a") + bytes([0]) + packed(b"b")

        whole = self.file(set_of(1))
        for other, told in ((set_of(0), "value"), (set_of(2), "value"), (set_of(1, b"\xf1"), "no_evict")):
            os.rename(whole, self.path("before.rdb"))
            done = run("diff", self.path("before.rdb"), self.file(other), "--jsonl")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(json.loads(done.stdout)["changes"], [told])
            done = run("verify", self.path("dump.rdb"), "--against", self.path("before.rdb"))
            self.assertEqual(done.returncode, 1, done.stderr)
            os.rename(self.path("before.rdb"), whole)


# --- targets that answer with nonsense ---


class Nonsense(socketserver.StreamRequestHandler):
    """A server of one key, of which DUMP is the server's `payload`."""

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the program leaves in the middle
            self.answer()

    def answer(self):
        info = b"redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\n"
        answers = {b"INFO": b"$%d\r\n%b\r\n" % (len(info), info), b"PEXPIRETIME": b":-1\r\n"}
        payload = self.server.payload
        answers[b"DUMP"] = b"$%d\r\n%b\r\n" % (len(payload), payload)
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                words.append(self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2])
            self.wfile.write(answers.get(words[0].upper(), b"+OK\r\n"))


class Garbled(Folder):
    def test_is_an_error_of_the_target(self):
        folder = self.fresh()
        with Server(folder) as server:
            server.call("RPUSH", "k", "a", "b")
            server.call("SAVE")
            good = server.call("DUMP", "k")
        dump = os.path.join(folder, "dump.rdb")
        cut = good[: len(good) // 2]
        for payload in (b"", b"\x00", cut, good[:-1] + bytes([good[-1] ^ 1]), b"\xff" + good[1:], good[:-10] + b"\xff\xff" + good[-8:]):
            with self.subTest(payload=payload), socketserver.ThreadingTCPServer(("127.0.0.1", 0), Nonsense) as fake:
                fake.payload, fake.daemon_threads = payload, True
                threading.Thread(target=fake.serve_forever, daemon=True).start()
                url = f"redis://127.0.0.1:{fake.server_address[1]}"
                done = run("verify", dump, "--against", url, "--timeout", "60s")
                fake.shutdown()
                self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
                self.assertRegex(done.stderr.decode(), r"127\.0\.0\.1:\d+: DUMP: .* in key 'k' \(db 0\)")
