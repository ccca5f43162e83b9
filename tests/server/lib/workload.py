# SPDX-License-Identifier: MIT
"""Random commands for a server that writes a log: every one that writes, over several databases. Those that a server
does not know, or that have nothing to act on, fail there and leave nothing in the log."""
from lib.aofmodel import crc64
from lib.dataset import FAR
from lib.resp import ReplyError

NUMBERS = range(5)  # keys of each kind: few, so that commands meet

STRING = b"\x00\x01v\x06\x00"  # as DUMP has it, of RDB version 6
PAYLOAD = STRING + crc64(STRING).to_bytes(8, "little")
CODE = b"#!lua name=lib%d\nredis.register_function('f%d', function() return %d end)"
SCRIPT = "redis.call('incr', KEYS[1]) redis.call('rpush', KEYS[2], ARGV[1]) return redis.call('select', ARGV[2])"


class Workload:
    """`families` are prefixes of names that commands keep among themselves; those in `kept` will be selected, and what
    goes out of them into another one is what a filter can narrow. `groups` does the same for databases, as lists;
    `groups[0]` will be selected. `moves`: whether keys go from one database to another; `flushes`, `swaps`: FLUSHDB and
    FLUSHALL, SWAPDB."""

    def __init__(self, make, families=("",), kept=None, groups=((0, 1, 2, 3),), moves=True, flushes=True, swaps=True):
        self.make, self.families, self.kept = make, families, families if kept is None else kept
        self.groups, self.moves, self.flushes, self.swaps = groups, moves, flushes, swaps
        self.group, self.family = groups[0], families[0]
        self.ids = 0

    # --- names ---

    def key(self, kind):
        return f"{self.family}{kind}{self.make.choice(NUMBERS)}"

    def other(self, kind):
        """A key that a value may go to: of the same family, or out of what is selected."""
        family = self.family
        if self.family in self.kept and self.make.random() < 0.2:
            family = self.make.choice([name for name in self.families if name not in self.kept] or [family])
        return f"{family}{kind}{self.make.choice(NUMBERS)}"

    def any_key(self, kind):
        return f"{self.make.choice(self.families)}{kind}{self.make.choice(NUMBERS)}"

    def kind(self):
        return self.make.choice("snlhtzxpg")

    def number(self, most=9):
        return self.make.randrange(most)

    def item(self):
        return self.make.choice(["a", "b", "c", b"\x00\r\n", "", "17", "x" * 70])

    def far(self):
        return FAR + self.make.randrange(10**6)

    def database(self):
        """One that a key may move to."""
        out = self.group == self.groups[0] and self.make.random() < 0.3
        return self.make.choice([db for group in self.groups for db in group] if out else self.group)

    # --- commands ---

    def strings(self):
        s, n = self.key("s"), self.key("n")
        return [
            ("SET", s, self.item()),
            ("SET", s, self.item(), "PXAT", self.far()),
            ("SET", n, self.number(), "EX", 10**8),
            ("SET", s, self.item(), self.make.choice(["NX", "XX", "KEEPTTL", "GET"])),
            ("SETNX", s, self.item()),
            ("SETEX", s, 10**8, self.item()),
            ("PSETEX", s, 10**11, self.item()),
            ("GETSET", s, self.item()),
            ("GETDEL", s),
            ("GETEX", s, *self.make.choice([("PERSIST",), ("PXAT", self.far()), ("EXAT", 1)])),
            ("APPEND", s, self.item()),
            ("SETRANGE", s, self.number(), "zz"),
            ("SETBIT", s, self.number(100), self.number(2)),
            ("BITFIELD", s, "SET", "u8", "#1", self.number(200), "INCRBY", "i5", 100, 1),
            ("BITOP", self.make.choice(["AND", "OR", "XOR"]), self.other("s"), self.key("s"), self.key("s")),
            ("BITOP", "NOT", self.key("s"), self.key("s")),
            ("INCR", n),
            ("DECR", n),
            ("INCRBY", n, self.number()),
            ("DECRBY", n, self.number()),
            ("INCRBYFLOAT", n, self.number()),
            ("MSET", self.any_key("s"), self.item(), self.any_key("n"), self.number()),
            ("MSETNX", self.any_key("s"), self.item(), self.any_key("s"), self.item()),
            ("MSETEX", 2, self.any_key("s"), self.item(), self.any_key("s"), self.item(), "PXAT", self.far()),
            ("DELEX", s),
            ("DELIFEQ", s, self.item()),
            ("INCREX", n),
        ]

    def hashes(self):
        h, field = self.key("h"), f"f{self.number()}"
        return [
            ("HSET", h, field, self.item(), "g", self.item()),
            ("HMSET", h, field, self.item()),
            ("HSETNX", h, field, self.item()),
            ("HINCRBY", h, "n", self.number()),
            ("HINCRBYFLOAT", h, "d", "0.5"),
            ("HDEL", h, field, "g"),
            ("HPEXPIREAT", h, self.far(), "FIELDS", 2, field, "g"),
            ("HEXPIREAT", h, self.far() // 1000, "FIELDS", 1, field),
            ("HEXPIRE", h, 10**8, "FIELDS", 1, field),
            ("HPEXPIRE", h, 10**11, "FIELDS", 1, field),
            ("HPERSIST", h, "FIELDS", 1, field),
            ("HSETEX", h, "PXAT", self.far(), "FIELDS", 1, field, self.item()),
            ("HGETEX", h, "PXAT", self.far(), "FIELDS", 1, field),
            ("HGETDEL", h, "FIELDS", 1, field),
        ]

    def lists(self):
        a, side = self.key("l"), self.make.choice(["LEFT", "RIGHT", "left"])
        push = ("RPUSH", a, self.number(), self.number(), self.number())
        return [
            push,
            ("LPUSH", a, self.number()),
            ("LPUSHX", a, self.number()),
            ("RPUSHX", a, self.number()),
            ("LINSERT", a, "BEFORE", self.number(), self.number()),
            ("LSET", a, 0, self.number()),
            ("LREM", a, 1, self.number()),
            ("LTRIM", a, 0, 7),
            ("LPOP", a),
            ("RPOP", a, 2),
            ("LMPOP", 2, self.key("l"), a, side),
            ("RPOPLPUSH", a, self.other("l")),
            ("LMOVE", a, self.other("l"), side, "right"),
            ("SORT", a, "ALPHA", "LIMIT", 0, 5, "STORE", self.other("l")),
            [push, ("BLPOP", a, 0.01)],
            [push, ("BRPOP", a, self.key("l"), 0.01)],
            [push, ("BLMPOP", 0.01, 1, a, side, "COUNT", 2)],
            [push, ("BRPOPLPUSH", a, self.other("l"), 1)],
            [push, ("BLMOVE", a, self.other("l"), side, side, 1)],
        ]

    def sets(self):
        t = self.key("t")
        return [
            ("SADD", t, self.item(), self.item(), self.number()),
            ("SREM", t, self.item(), "nothing"),
            ("SPOP", t),
            ("SPOP", t, 2),
            ("SMOVE", self.any_key("t"), self.any_key("t"), self.item()),
            ("SUNIONSTORE", self.other("t"), t, self.key("t"), self.key("t")),
            ("SINTERSTORE", self.other("t"), t, self.key("t")),
            ("SDIFFSTORE", self.other("t"), t, self.key("t")),
        ]

    def sorted_sets(self):
        z, member = self.key("z"), f"m{self.number()}"
        add = ("ZADD", z, self.number(), member, self.number(), "m")
        return [
            add,
            ("ZADD", z, "GT", self.number(), member),
            ("ZADD", z, "INCR", 1, member),
            ("ZINCRBY", z, "1.5", member),
            ("ZREM", z, member),
            ("ZPOPMIN", z),
            ("ZPOPMAX", z, 2),
            ("ZMPOP", 2, self.key("z"), z, "MIN"),
            [add, ("BZPOPMIN", z, 0.01)],
            [add, ("BZPOPMAX", z, 0.01)],
            [add, ("BZMPOP", 0.01, 1, z, "MAX")],
            ("ZRANGESTORE", self.other("z"), z, 0, -1),
            ("ZUNIONSTORE", self.other("z"), 2, z, self.key("z"), "WEIGHTS", 2, 3, "AGGREGATE", "MAX"),
            ("ZINTERSTORE", self.other("z"), 2, z, self.key("z")),
            ("ZDIFFSTORE", self.other("z"), 2, z, self.key("z")),
            ("ZREMRANGEBYSCORE", z, 0, 1),
            ("ZREMRANGEBYRANK", z, 0, 0),
            ("ZREMRANGEBYLEX", z, "[m1", "[m1"),
            ("GEOADD", self.key("g"), 13.3 + self.number() / 10, 38.1, member),
            ("GEORADIUS", self.key("g"), 13.3, 38.1, 500, "km", "STORE", self.other("z")),
            ("GEORADIUSBYMEMBER", self.key("g"), member, 500, "km", "STOREDIST", self.other("z")),
            ("GEOSEARCHSTORE", self.other("g"), self.key("g"), "FROMMEMBER", member, "BYRADIUS", 500, "km"),
        ]

    def streams(self):
        x = self.key("x")
        self.ids += 1
        new, old = f"{self.ids}-1", f"{self.make.randrange(1, self.ids + 1)}-1"
        read = ("XREADGROUP", "GROUP", "g", "c", "COUNT", 2, "STREAMS", x, ">")
        return [
            ("XADD", x, new, "f", self.item()),
            ("XADD", x, "MAXLEN", "~", 3, new, "f", self.item()),
            ("XADD", x, "*", "f", "v") if self.number(200) == 0 else ("XADD", x, new, "f", "v", "g", "w"),
            ("XDEL", x, old),
            ("XDELEX", x, "ACKED", "IDS", 1, old),
            ("XTRIM", x, "MAXLEN", 4),
            ("XSETID", x, f"{self.ids}-2"),
            ("XGROUP", "CREATE", x, "g", 0, "MKSTREAM"),
            ("XGROUP", "SETID", x, "g", old),
            ("XGROUP", "CREATECONSUMER", x, "g", f"c{self.number(3)}"),
            ("XGROUP", "DELCONSUMER", x, "g", f"c{self.number(3)}"),
            ("XGROUP", "DESTROY", x, "g") if self.number(5) == 0 else read,
            read,
            ("XREADGROUP", "GROUP", "g", "d", "NOACK", "STREAMS", x, ">"),
            ("XACK", x, "g", old),
            ("XACKDEL", x, "g", "IDS", 1, old),
            ("XCLAIM", x, "g", "c2", 0, old),
            ("XAUTOCLAIM", x, "g", "c1", 0, "0-0", "COUNT", 2),
        ]

    def others(self):
        kind = self.kind()
        key, p = self.key(kind), self.key("p")
        found = [
            ("PFADD", p, self.number(1000), self.number(1000)),
            ("PFMERGE", self.other("p"), p, self.key("p")),
            ("PFCOUNT", p),
            ("DEL", self.any_key(kind), self.any_key("s"), "nokey"),
            ("UNLINK", self.any_key(kind), self.any_key("z")),
            ("RENAME", key, self.other(kind)),
            ("RENAMENX", key, self.other(kind)),
            ("COPY", key, self.other(kind), "REPLACE"),
            ("PEXPIREAT", key, self.far()),
            ("EXPIREAT", key, self.far() // 1000),
            ("EXPIRE", key, 10**8),
            ("PEXPIRE", key, 10**11),
            ("PEXPIREAT", key, self.far(), self.make.choice(["NX", "XX", "GT", "LT"])),
            ("EXPIRE", key, -1),
            ("PERSIST", key),
            ("TOUCH", key),
            ("RESTORE", self.key("s"), 0, PAYLOAD, "REPLACE"),
            ("EVAL", SCRIPT, 2, self.key("n"), self.key("l"), self.number(), self.make.choice(self.group)),
            ("FUNCTION", "LOAD", "REPLACE", CODE % ((self.number(3),) * 3)),
            ("FUNCTION", "DELETE", f"lib{self.number(3)}"),
        ]
        if self.moves:
            found += [
                ("MOVE", key, self.database()),
                ("COPY", key, self.key(kind), "DB", self.database()),
                ("COPY", key, key, "DB", self.database(), "REPLACE"),
            ]
        return found

    def databases(self):
        found = []
        if self.swaps:
            found += [("SWAPDB", *self.make.sample(self.group, 2))] if len(self.group) > 1 else []
        if self.flushes:
            found += [("FLUSHDB",), ("FLUSHALL",)]
        return found

    def command(self):
        """One, or a list of some that belong together."""
        self.family = self.make.choice(self.families)
        if self.number(250) == 0 and (found := self.databases()):
            return self.make.choice(found)
        kinds = [self.strings, self.hashes, self.lists, self.sets, self.sorted_sets, self.streams, self.others]
        return self.make.choice(self.make.choice(kinds)())

    def select(self):
        self.group = self.make.choice(self.groups)
        return "SELECT", self.make.choice(self.group)

    def batch(self, size=40):
        """Commands that begin with a SELECT."""
        commands = [self.select()]
        while len(commands) < size:
            found = self.command()
            commands += found if isinstance(found, list) else [found]
            if self.number(12) == 0:
                commands += [self.select()]
            elif self.number(12) == 0:
                commands += self.transaction()
        return commands

    def transaction(self):
        """What it selects stays selected, unless a command that the server does not know undoes it all."""
        inside = []
        for _ in range(1 + self.number(5)):
            found = self.command()
            inside += [one for one in (found if isinstance(found, list) else [found])]
            if self.number(6) == 0:
                inside += [self.select()]
        after = [self.select()] if len(self.groups) > 1 or self.number(2) else []
        return [("MULTI",), *inside, ("EXEC",), *after]

    def run(self, call, batches):
        for _ in range(batches):
            try:
                call.pipeline(self.batch())
            except ReplyError:
                pass
