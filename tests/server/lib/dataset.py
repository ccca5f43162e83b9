# SPDX-License-Identifier: MIT
"""Data of every type and encoding that redis-server 7.0 has, the same at every run; on older ones what they know of it."""
import random

from lib.kinds import CONSUMERS, COUNTS, FUNCTIONS, KIND

LIBRARIES = [
    b"#!lua name=first\nredis.register_function('twice', function(keys, args) return args[1] .. args[1] end)",
    b"#!lua name=second\nlocal function f() return 2 end\n"
    b"redis.register_function{function_name='two', callback=f, flags={'no-writes'}, description='it says two'}",
]

NO_LIBRARIES = [("FUNCTION", "FLUSH")] if KIND and KIND.knows(FUNCTIONS) else []

# How small a collection must be to stay packed: a server's own ways, and never. Every
# server knows these names.
PACKED = {}
PLAIN = {
    "list-max-ziplist-size": 1,
    "list-compress-depth": 1,
    "hash-max-ziplist-entries": 0,
    "zset-max-ziplist-entries": 0,
    "set-max-intset-entries": 0,
    "stream-node-max-entries": 3,
}
KNOBS = {
    "list-max-ziplist-size": -2,
    "list-compress-depth": 0,
    "hash-max-ziplist-entries": 128,
    "zset-max-ziplist-entries": 128,
    "set-max-intset-entries": 512,
    "stream-node-max-entries": 100,
}

FAR = 4102444800000  # the year 2100, in milliseconds
INTEGERS = [0, 1, 12, 13, 127, 128, -1, -128, -129, 4095, 4096, -4096, -4097, 32767, 32768, 65535, 8388607,
            8388608, -8388609, 2147483647, 2147483648, -2147483649, 9223372036854775807, -9223372036854775808]
LENGTHS = [0, 1, 20, 21, 63, 64, 253, 254, 255, 4095, 4096, 16383, 16384, 70000]
SCORES = ["-inf", "-1e300", "-2147483649", "-1.5", "-0.1", "0", "5e-324", "1e-300", "0.1", "0.30000000000000004",
          "1", "3", "17.25", "12345678901234567", "1.7976931348623157e308", "inf"]


def fill(call, seed=1):
    """Fills a server's databases 0 (its own settings), 3 (nothing packed) and 9 (a few keys)."""
    load_libraries(call)
    for db, knobs in ((0, PACKED), (3, PLAIN)):
        make = random.Random(seed + db)
        call("SELECT", db)
        for name, value in {**KNOBS, **knobs}.items():
            call("CONFIG", "SET", name, value)
        commands = [*strings(make), *lists(make), *sets(make), *zsets(make), *hashes(make), *times()]
        call.pipeline([*commands, *(large(make) if db == 0 else ())])
        fill_streams(call)
    call("SELECT", 9)
    call.pipeline([("SET", f"only:{i}", i) for i in range(5)])


def load_libraries(call):
    for code in LIBRARIES if KIND.knows(FUNCTIONS) else []:
        call("FUNCTION", "LOAD", code)


def without_unknown(commands):
    """Commands on streams, without what the server does not know of them."""
    for command in commands:
        if not KIND.knows(COUNTS) and command[0] in ("XGROUP", "XSETID"):
            cut = next((i for i, word in enumerate(command) if word in ("ENTRIESREAD", "ENTRIESADDED")), None)
            command = command[:cut]
        if KIND.knows(CONSUMERS) or command[:2] != ("XGROUP", "CREATECONSUMER"):
            yield command


def noise(make, length):
    return make.randbytes(length)


def words(make, length):
    return (b"the quick brown fox %d " % make.randrange(10)) * (length // 20 + 1)


def strings(make):
    yield "SET", b"", "the empty key"
    yield "SET", b"nul\x00in\r\nkey \xff\xfe", b"\x00\r\n$5\r\n"
    yield "SET", 12345, "a key that is a number"
    yield "SET", b"key" * 2000, "a long key that compresses"
    for text in ("007", "-0", "+1", " 1", "1 ", "9223372036854775808", "0x10", "1.0"):
        yield "SET", "str:text:" + text, text
    for number in INTEGERS:
        yield "SET", f"str:int:{number}", number
    for length in LENGTHS:
        yield "SET", f"str:noise:{length}", noise(make, length)
        yield "SET", f"str:words:{length}", words(make, length)[:length]
    yield "SETBIT", "bitmap", 100_003, 1
    yield "PFADD", "hll:sparse", *range(10)
    yield "PFADD", "hll:dense", *range(20_000)
    for i in range(2000):
        yield "SET", f"many:{i}", noise(make, make.randrange(40)) if i % 3 else i * 7919


def items(make, count):
    """Elements of all sizes: numbers, noise, words."""
    yield from map(str, INTEGERS[:count])
    for i in range(max(0, count - len(INTEGERS))):
        yield (str(i * 31), noise(make, i % 90), words(make, 30)[: i % 300])[i % 3]


def lists(make):
    for count in (1, 3, 24, 63, 64, 65, 130, 1000):
        yield "RPUSH", f"list:{count}", *items(make, count)
    yield "RPUSH", "list:lengths", *(noise(make, length) for length in LENGTHS)
    yield "RPUSH", "list:wide", *(words(make, 20_000) for _ in range(40))


def large(make):
    """No way to pack makes a difference to these."""
    yield "SET", "str:big", noise(make, 3_000_000)
    yield "RPUSH", "list:huge", b"x" * 1_500_000, b"", noise(make, 1_500_000)


def sets(make):
    for bits in (15, 31, 63):
        for count in (1, 64, 65, 600):
            yield "SADD", f"intset:{bits}:{count}", *(make.randrange(-(2**bits), 2**bits) for _ in range(count))
    for count in (1, 3, 64, 65, 1000):
        yield "SADD", f"set:{count}", *(b"%d:%b" % (i, noise(make, i % 70)) for i in range(count))
    yield "SADD", "set:empty member", b"", b"\x00"


def zsets(make):
    yield "ZADD", "zset:scores", *(x for score in SCORES for x in (score, "m" + score))
    yield "ZADD", "zset:integers", *(x for i in INTEGERS for x in (i, f"m{i}"))
    for count in (1, 64, 65, 127, 129, 1000):
        scores = (make.choice(SCORES) if i % 4 else make.random() for i in range(count))
        members = (b"%d:%b" % (i, noise(make, i % 50)) for i in range(count))
        yield "ZADD", f"zset:{count}", *(x for pair in zip(scores, members) for x in pair)
    yield "GEOADD", "geo", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"


def hashes(make):
    yield "HSET", "hash:empty", b"", b""
    yield "HSET", "hash:lengths", *(x for length in LENGTHS for x in (f"f{length}", noise(make, length)))
    for count in (1, 3, 63, 64, 65, 128, 129, 1000):
        yield "HSET", f"hash:{count}", *(x for i, item in enumerate(items(make, count)) for x in (f"field:{i}", item))


def times():
    yield "PEXPIREAT", "str:int:1", FAR + 1
    yield "PEXPIREAT", "list:130", FAR + 2
    yield "PEXPIREAT", "set:3", FAR + 3
    yield "PEXPIREAT", "zset:1000", FAR + 4
    yield "PEXPIREAT", "hash:3", FAR + 5
    yield "PEXPIREAT", b"", FAR + 6


# Streams whose group waits for an entry that was deleted: no command can make that.
LOST = [b"stream:lost", b"stream:all lost"]


def fill_streams(call):
    for steps in (plain_stream, deleted_stream, grouped_stream, empty_streams, lost_streams):
        call.pipeline(list(without_unknown(steps())))


def plain_stream():
    yield "XADD", "stream:one", "1-1", "f", "v"
    yield "XADD", "stream:fields", "1000-5", "f", "1", b"\x00", b""
    yield "XADD", "stream:fields", "1005-3", "f", "v", "g", "w" * 300, "h", "-77"
    yield "XADD", "stream:fields", "1005-4", "f", "2", b"\x00", b"x"
    yield "XADD", "stream:fields", "18446744073709551615-18446744073709551615", "last", "there is"
    for i in range(250):
        yield "XADD", "stream:many", f"{1700000000000 + i // 3}-{i}", "type", "view" if i % 2 else "click", "n", i
    yield "PEXPIREAT", "stream:many", FAR + 7


def deleted_stream():
    for i in range(1, 41):
        yield "XADD", "stream:deleted", f"{i}-1", "f", i, *(("extra", "e") if i % 7 == 0 else ())
    yield "XDEL", "stream:deleted", "1-1", "5-1", "6-1", "40-1"
    yield "XADD", "stream:trimmed", "1-1", "a", "b"
    yield "XADD", "stream:trimmed", "2-1", "a", "b"
    yield "XTRIM", "stream:trimmed", "MAXLEN", 1
    yield "XADD", "stream:set id", "1-1", "a", "b"
    yield "XSETID", "stream:set id", "77-7", "ENTRIESADDED", 1000, "MAXDELETEDID", "50-5"


def grouped_stream():
    key = "stream:groups"
    for i in range(1, 101):
        yield "XADD", key, f"{i}-1", "f", i
    yield "XGROUP", "CREATE", key, "from start", 0
    yield "XGROUP", "CREATE", key, "at end", "$"
    yield "XGROUP", "CREATE", key, "in between", "50-1"
    yield "XGROUP", "CREATE", key, "counted", "60-1", "ENTRIESREAD", 60
    yield "XGROUP", "CREATE", key, b"nul\x00 group", "10-1"
    yield "XREADGROUP", "GROUP", "from start", "alice", "COUNT", 40, "STREAMS", key, ">"
    yield "XREADGROUP", "GROUP", "from start", "bob", "COUNT", 5, "STREAMS", key, ">"
    yield "XACK", key, "from start", "3-1", "4-1", "41-1"
    yield "XCLAIM", key, "from start", b"c\x00", 0, "10-1", "11-1", "TIME", 1700000000123, "RETRYCOUNT", 7
    yield "XGROUP", "CREATECONSUMER", key, "from start", "idle"
    yield "XGROUP", "CREATECONSUMER", key, "at end", "idle too"


def empty_streams():
    yield "XGROUP", "CREATE", "stream:never", "g", "$", "MKSTREAM"
    yield "XGROUP", "CREATECONSUMER", "stream:never", "g", "idle"
    yield "XADD", "stream:emptied", "5-5", "a", "b"
    yield "XDEL", "stream:emptied", "5-5"
    yield "XADD", "stream:emptied too", "5-5", "a", "b"
    yield "XSETID", "stream:emptied too", "9-9"
    yield "XTRIM", "stream:emptied too", "MAXLEN", 0


def lost_streams():
    for i in (1, 2, 3):
        yield "XADD", "stream:lost", f"{i}-1", "a", i
    yield "XGROUP", "CREATE", "stream:lost", "g", 0
    yield "XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream:lost", ">"
    yield "XDEL", "stream:lost", "2-1"
    yield "XADD", "stream:all lost", "1-1", "a", "b"
    yield "XGROUP", "CREATE", "stream:all lost", "g", 0
    yield "XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream:all lost", ">"
    yield "XDEL", "stream:all lost", "1-1"
    yield "PEXPIREAT", "stream:all lost", FAR + 8
