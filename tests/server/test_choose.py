# SPDX-License-Identifier: MIT
"""Which keys are taken, held against what a server itself says of them: KEYS, TYPE, CLUSTER KEYSLOT."""
import os
import random
import re
import time
import unittest

from lib import dataset
from lib.kinds import CLUSTER_PORTS, needs
from lib.live_targets import TcpServer, free_port
from lib.rules import Rules, equal_ranges, names_at_borders, slot_of
from lib.server import Server
from lib.soaking import scaled
from lib.splitting import Splitting, WithServer, printed_seed

DATABASES = (0, 1, 2, 5)
TYPES = ("string", "list", "set", "zset", "hash", "stream")
COUNTS = (1, 2, 3, 7)  # of shards
ALPHABET = b"aaabbc-]^[*?\\\x01\n\xff\xc3"
EXPRESSIONS = [
    b"^user:", b"user", b":[0-9]+$", b"(?:cart|news)$", b"^$", b"{[^}]+}", b"\\d{2}", b"^[a-z]+:\\w+:", b"[^ -~]",
    b".", b"(?i)USER", b"^(?!user)", b"(\\d)\\1", b"\\bx\\b", b"\\.", b"[\\x80-\\xff]", b"\\n",
]  # fmt: skip


def setUpModule():
    global SEED
    SEED = printed_seed()


def random_name(make):
    parts = [b"user", b"cart", b"news", b"x", b"{user:%d}" % make.randrange(40), b"%d" % make.randrange(200)]
    parts += [make.randbytes(make.randrange(1, 4)), b"a.b", b"{}", b"\n"]
    return b":".join(make.choice(parts) for _ in range(make.randrange(1, 5)))


def make_key(make, kind, key):
    """A small value of that type."""
    word = make.randbytes(make.randrange(20))
    return {
        "string": ("SET", key, word),
        "list": ("RPUSH", key, word, 1),
        "set": ("SADD", key, word, 2),
        "zset": ("ZADD", key, 1.5, word),
        "hash": ("HSET", key, word, 3),
        "stream": ("XADD", key, "1-1", "f", word),
    }[kind]


@needs(CLUSTER_PORTS)
class Chosen(Splitting):
    """One dump with keys of all types in several databases, some of which have expired."""

    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder()
        with Server(folder) as server:
            cls.fill(random.Random(SEED), server.call)
            server.call("SAVE")
        cls.dump = os.path.join(folder, "dump.rdb")
        with TcpServer(cls.class_folder(), cluster_enabled="yes", cluster_port=free_port()) as node:
            places = list(cls.types)
            slots = node.call.pipeline([("CLUSTER", "KEYSLOT", key) for _, key in places])
            cls.slots = dict(zip(places, slots))

    @classmethod
    def fill(cls, make, call):
        cls.types, cls.expired = {}, set()
        for db in DATABASES:
            call("SELECT", db)
            names = {random_name(make) for _ in range(120)} | (names_at_borders(COUNTS) if db == 0 else set())
            call.pipeline([make_key(make, make.choice(TYPES), name) for name in names])
            for name in call("KEYS", "*"):
                cls.types[db, name] = call("TYPE", name).decode()
        # Keys that have expired are in a dump as long as the server has not come across them.
        call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        for db in DATABASES:
            call("SELECT", db)
            for name in call("KEYS", "*"):
                when = make.randrange(4)
                if when == 0:
                    call("PEXPIRE", name, 100)
                    cls.expired.add((db, name))
                elif when == 1:
                    call("PEXPIREAT", name, dataset.FAR)
        time.sleep(0.15)

    def assert_chosen(self, expected, *options):
        """By each command that can tell."""
        expected = set(expected)
        self.assertEqual(self.places(self.dump, *options), expected)
        self.assertEqual(self.digest(self.dump, *options).split()[1], str(len(expected)))

    def of(self, condition):
        return {place for place in self.types if condition(place)}

    def test_everything(self):
        self.assertGreater(len(self.types), 300)
        self.assert_chosen(self.types)

    def test_databases(self):
        for listed, chosen in {
            "0": {0}, "1,5": {1, 5}, "0-2": {0, 1, 2}, "5,0-1": {0, 1, 5}, "0-99": {0, 1, 2, 5}, "3-4,7": set(),
        }.items():  # fmt: skip
            with self.subTest(listed):
                inside = self.of(lambda place: place[0] in chosen)
                self.assert_chosen(inside, "-d", listed)
                self.assert_chosen(self.types.keys() - inside, "-D", listed)
        self.assert_chosen(self.of(lambda place: place[0] == 2), "--db", "1", "-d", "2", "--no-db=1")

    def test_types(self):
        make = random.Random(SEED)
        for _ in range(10):
            chosen = make.sample(TYPES, make.randrange(1, 4))
            with self.subTest(chosen):
                inside = self.of(lambda place: self.types[place] in chosen)
                self.assert_chosen(inside, "-t", ",".join(chosen))
                self.assert_chosen(self.types.keys() - inside, "-T", ",".join(chosen))
        inside = self.of(lambda place: self.types[place] in ("string", "zset"))
        self.assert_chosen(inside, "--type", "str", "--type", "sortedset")

    def test_expired(self):
        self.assertGreater(len(self.expired), 20)
        self.assert_chosen(self.types, "--expired", "keep")
        self.assert_chosen(self.expired, "--expired", "only")
        self.assert_chosen(self.types.keys() - self.expired, "--expired", "drop")

    def test_regular_expressions(self):
        for expression in EXPRESSIONS:
            found = re.compile(expression)
            with self.subTest(expression):
                inside = self.of(lambda place: found.search(place[1]))
                self.assertEqual(self.places(self.dump, "--key-regex", expression), inside)
                self.assertEqual(self.places(self.dump, "--no-key-regex", expression), self.types.keys() - inside)

    def test_slots(self):
        make = random.Random(SEED)
        for _ in range(10):
            borders = sorted(make.sample(range(16384), 4))
            ranges = [borders[:2], borders[2:]]
            with self.subTest(ranges):
                inside = self.of(lambda place: any(first <= self.slots[place] <= last for first, last in ranges))
                self.assert_chosen(inside, "--only-slots", ",".join(f"{first}-{last}" for first, last in ranges))
        for place in make.sample(list(self.types), 5):
            slot = self.slots[place]
            self.assert_chosen(self.of(lambda other: self.slots[other] == slot), "--only-slots", slot)

    def test_all_shards_together_are_the_whole(self):
        whole = self.digest(self.dump)
        for count in COUNTS:
            parts = []
            for i, (first, last) in enumerate(equal_ranges(count), 1):
                parts.append(os.path.join(self.fresh(), "part.rdb"))
                self.ferry("convert", self.dump, "-o", parts[-1], "--shard", f"{i}/{count}")
                inside = self.of(lambda place: first <= self.slots[place] <= last)
                self.assertEqual(self.places(parts[-1]), inside)
            self.assertEqual(self.digest(*parts), whole)

    def test_a_slot_is_that_of_the_new_name(self):
        rules = Rules(tags=[b"{user:*}:*", b"{*}:cart"], flatten=b"db%d:")
        names = {place: rules(*place) for place in self.types}
        for i, (first, last) in enumerate(equal_ranges(3), 1):
            inside = [new for new in names.values() if first <= slot_of(new[1]) <= last]
            options = ["--shard", f"{i}/3", *rules.options(), "--on-collision", "skip"]
            self.assertEqual(self.places(self.dump, *options), set(inside))

    def test_kinds_together(self):
        """Of each kind one that includes, and none that excludes; what was left out is told by the first reason."""
        options = ["-d", "0-2", "-k", "*user*", "-k", "*cart*", "-K", "*news*", "-t", "string,hash,set", "-T", "set"]
        options += ["--expired", "drop", "--only-slots", "0-8191"]
        kinds = {
            "db": lambda place: place[0] in (0, 1, 2),
            "name": lambda place: (b"user" in place[1] or b"cart" in place[1]) and b"news" not in place[1],
            "type": lambda place: self.types[place] in ("string", "hash"),
            "expired": lambda place: place not in self.expired,
            "slot": lambda place: self.slots[place] <= 8191,
        }
        inside = self.of(lambda place: all(meets(place) for meets in kinds.values()))
        self.assertTrue(inside)
        self.assert_chosen(inside, *options)
        out, report = self.split_and_report(self.dump, "--shards", 2, *options, "-D", "1,2")
        read = report["read"]
        left_out = len(self.types) - len([place for place in inside if place[0] == 0])
        self.assertEqual(self.places(*self.shards(out)), {place for place in inside if place[0] == 0})
        self.assertEqual((sum(read["dropped_by"].values()), read["dropped"]), (left_out, left_out))
        self.assertLessEqual(read["dropped_by"].keys(), kinds.keys())
        self.assert_adds_up(report["keys"])
        self.assertEqual(report["keys"]["read"], len(self.types))

    def test_every_command_chooses_alike(self):
        options = ["-k", "*user*", "-d", "0,5", "-T", "stream"]
        inside = self.places(self.dump, *options)
        self.ferry("convert", self.dump, "-o", self.path("part.rdb"), *options)
        self.assertEqual(self.digest(self.path("part.rdb")), self.digest(self.dump, *options))
        self.ferry("verify", self.dump, *options, "--against", self.path("part.rdb"))
        self.ferry("diff", self.dump, self.path("part.rdb"), *options)
        self.assertEqual(self.ferry("inspect", self.dump, "--keys", *options).count(b"\n") - 1, len(inside))


class Globs(WithServer):
    """A name matches as KEYS has it, whatever the pattern."""

    def random_text(self, make, most):
        return bytes(make.choice(ALPHABET) for _ in range(make.randrange(most)))

    def random_pattern(self, make):
        pieces = []
        for _ in range(make.randrange(5)):
            pieces.append(
                make.choice([
                    lambda: self.random_text(make, 4),
                    lambda: b"*",
                    lambda: b"?",
                    lambda: b"[" + self.random_text(make, 4) + b"]",
                    lambda: b"[^" + self.random_text(make, 3) + b"]",
                    lambda: b"[%c-%c]" % (make.choice(ALPHABET), make.choice(ALPHABET)),
                    lambda: b"\\" + self.random_text(make, 2),
                    lambda: b"**",
                ])()
            )  # fmt: skip
        return b"".join(pieces)

    @scaled(test=25, soak=1000)
    def test_agree_with_keys(self, globs):
        make = random.Random(SEED)
        names = {self.random_text(make, 7) for _ in range(600)}
        path = self.dump({0: {name: "v" for name in names}})
        matched = 0
        for _ in range(globs):
            pattern = self.random_pattern(make)
            inside = set(self.call("KEYS", pattern))
            matched += len(inside)
            side, expected = make.choice([("-k", inside), ("-K", names - inside)])
            found = {name for _, name in self.places(path, side, pattern)}
            self.assertEqual(found, expected, (side, pattern))
        self.assertGreater(matched, globs)

    def test_a_name_meets_one_of_several_and_none_of_others(self):
        make = random.Random(SEED + 1)
        names = {self.random_text(make, 7) for _ in range(600)}
        path = self.dump({0: {name: "v" for name in names}})
        for _ in range(30):
            with_, without = ([self.random_pattern(make) for _ in range(2)] for _ in range(2))
            inside, outside = (
                {name for glob in globs for name in self.call("KEYS", glob)} for globs in (with_, without)
            )
            options = [word for glob in with_ for word in ("-k", glob)]
            options += [word for glob in without for word in ("--no-match", glob)]
            found = {name for _, name in self.places(path, *options)}
            self.assertEqual(found, inside - outside, options)


if __name__ == "__main__":
    unittest.main()
