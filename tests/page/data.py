# SPDX-License-Identifier: MIT
"""RDB files with the names that the pages are tried with."""
import random
import struct

NOW = 1796000000000
SCRIPT = b"</script><script>document.title = 'owned'</script>"
HOSTILE = [b"<script>document.title = 'owned'</script>", SCRIPT, b'"><img src=x onerror="document.title = 1">',
           b"'quotes' & \"more\" &lt;b&gt;", "\u202eright to left \u05e9\u05dc\u05d5\u05dd\u2066".encode(), b"\xff\xfe\x80",
           b"<!-- <script>", b"line\nbreak\0\x1b[2J", b"\\u003cb\\u003e ${1+1} {{7*7}}", "\U0001f600 \u65e5\u672c\u8a9e".encode(), b""]
LONG = b"long<b>:" + b"<i>" * 700000


def length(n):
    if n < 64:
        return bytes([n])
    return bytes([0x40 | n >> 8, n & 255]) if n < 16384 else b"\x80" + n.to_bytes(4, "big")


def string(data):
    return length(len(data)) + data


class Dump:
    """An RDB of version 9, without a checksum."""

    def __init__(self, seed):
        self.parts = [b"REDIS0009\xfe\0"]
        self.random = random.Random(seed)
        self.keys = 0

    def key(self, name, value=b"v", kind=0, expiry=None):
        if expiry is not None:
            self.parts.append(b"\xfc" + struct.pack("<Q", expiry))
        self.parts.append(bytes([kind]) + string(name) + (value if kind else string(value)))
        self.keys += 1

    def database(self, db):
        self.parts.append(b"\xfe" + length(db))

    def write(self, path):
        with open(path, "wb") as out:
            out.write(b"".join(self.parts) + b"\xff" + bytes(8))


def application(path, users, seed=1):
    """Nested prefixes, several types and databases, expired keys; and every hostile name."""
    dump = Dump(seed)
    for i in range(users):
        dump.key(b"user:%d:profile" % i, length(2) + string(b"name") + string(b"n%d" % i) + string(b"mail") + string(b"m" * 30), 4)
        dump.key(b"cache:page:%s:%d" % (dump.random.choice([b"en", b"de", b"fr"]), i), b"x" * dump.random.randrange(400),
                 expiry=NOW if i % 4 == 0 else 4000000000000)
        if i % 3 == 0:
            dump.key(b"session_%d" % i, b"y" * 90, expiry=4000000000000)
    for i in range(10):
        dump.key(b"session_of:%d" % i, b"w" * 900)
    dump.key(b"queue:mail", length(users) + b"".join(string(b"job%d" % i) for i in range(users)), 1)
    for name in HOSTILE:
        dump.key(name, b"z" * 5000)
        dump.key(name + b":more:1", b"z" * 700)
    dump.key(LONG, b"z" * 90000)
    dump.database(7)
    for i in range(users // 2):
        dump.key(b"product/%d/price" % i, b"9")
    dump.write(path)
    return dump.keys


def odd(path, value):
    """The hostile names alone."""
    dump = Dump(1)
    for name in HOSTILE:
        dump.key(name, value)
    dump.write(path)


def wide(path):
    """Keys in all slots, under more prefixes than are listed, with long names."""
    dump = Dump(2)
    for i in range(120000):
        dump.key(b"%s:%d:%d" % (b"\xff" * (i % 60 + 1), i % 4001, i), b"v")
    dump.write(path)
