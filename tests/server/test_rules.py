# SPDX-License-Identifier: MIT
"""Random keys under random rules come out as a second implementation of the rules says, each in its shard; and
expiries move."""
import os
import random
import re
import struct
import time
import unittest

from lib import dataset, samples
from lib.jsonlines import decoded, read
from lib.kinds import needs_version
from lib.rules import Rules, equal_ranges, slot_of, tagged
from lib.server import Server
from lib.soaking import scaled
from lib.splitting import OUTPUT, WithServer, printed_seed

DATABASES = (0, 1, 2, 5)
WORDS = [
    b"user", b"order", b"cart", b"db1", b"db2", b"1", b"2", b"17", b"{user", b"x}", b"{user:1}", b"{", b"}", b"{}",
    b"", b"\xff\x00", b"\n", b" ",
]  # fmt: skip
TAGS = [
    b"{user:*}:*", b"{*}:*", b"user:{*}", b"{user}*", b"*:{[0-9]*}:*", b"{?}*", b"*{[^a-z]}", b"{order:*:*}*",
    b"\\{{user*}", b"{*}x\\}*",
]  # fmt: skip
RENAMES = [
    b"s/^user:/u:/", b"s/^u:/user:/", b"s/[0-9]+/N/g", b"s/(\\w+):(\\w+)/\\2:\\1/", b"s/[{}]//g", b"s/USER/&&/i",
    b"s/$/:end/", b"s/:/{&}/", b"s/^order:(.*)/user:\\1:\\\\o/", b"s/x*/-/g", b"s/(a)?r/[\\1]/g", b"s/^/\\&/",
]  # fmt: skip
TEMPLATES = [b"db%d:", b"d%d.", b"%d", b"{db%d}", b"100%%/%d/"]


def setUpModule():
    global SEED
    SEED = printed_seed()


def random_rules(make):
    databases = make.sample(DATABASES, make.randrange(3))
    return Rules(
        map_db={db: make.choice(DATABASES) for db in databases},
        renames=make.sample(RENAMES, make.choice([0, 0, 0, 0, 1, 2])),
        tags=make.sample(TAGS, make.randrange(4)),
        flatten=make.choice(TEMPLATES),
        prefix_db0=make.random() < 0.3,
    )


def random_names(make, count):
    return {b":".join(make.choice(WORDS) for _ in range(make.randrange(1, 5))) for _ in range(count)}


def escaped(key):
    """As --explain-key takes it."""
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\x{byte:02x}" for byte in key)


def shown(key):
    """As it is shown where that is plain to say, else None."""
    return key.decode() if re.fullmatch(rb"[!-\[\]-~]+", key) else None


class RandomRules(WithServer):
    def make_inputs(self, make, rules, plants=True):
        """Paths, and of each its keys in their order: (path, record). A value is its key's own."""
        paths, sources = [], []
        for i in range(make.choice([1, 1, 2])):
            names = {
                db: random_names(make, make.randrange(30))
                for db in make.sample(DATABASES, make.randrange(1, 5))
            }
            if plants:
                self.plant(make, names, rules)
            contents = {db: {name: b"%d/%d/%b" % (i, db, name) for name in those} for db, those in names.items()}
            paths.append(self.dump(contents))
            sources += [(paths[-1], record) for record in self.records(paths[-1])]
        return paths, sources

    @staticmethod
    def plant(make, names, rules):
        """Of one key, what the rules make of it as a key of its own, wholly or in part: it collides if it stays."""
        if make.random() < 0.3:
            return
        places = [(db, name) for db, those in names.items() for name in those]
        for db, name in make.sample(places, min(len(places), 1)):
            db, new = make.choice([rules(db, name), (db, tagged(rules.tags, name)), (0, rules.prefixed(db, name))])
            names.setdefault(db, set()).add(new)

    def judge(self, sources, rules, condition):
        """What has to come of it: {new place: [sources]}, and how many keys are left out."""
        expected, dropped = {}, 0
        for path, record in sources:
            place = rules(*record.place)
            if condition(record, place):
                expected.setdefault(place, []).append((path, record))
            else:
                dropped += 1
        return expected, dropped

    def random_choice(self, make):
        """Options that leave keys out, and what they say: condition(record, new place)."""
        first = make.randrange(8000)
        return make.choice([
            ([], lambda record, place: True),
            ([], lambda record, place: True),
            (["-D", "1"], lambda record, place: record.db != 1),
            (["-k", "*user*"], lambda record, place: b"user" in record.key),
            (["--only-slots", f"{first}-16000"], lambda record, place: first <= slot_of(place[1]) <= 16000),
        ])  # fmt: skip

    def assert_read_back(self, out, expected, count, policy):
        """Each key lies in the shard of its slot, under its new name, with the value of the one that was kept."""
        found = {}
        for path, (first, last) in zip(self.shards(out), equal_ranges(count), strict=True):
            for record in self.records(path):
                self.assertEqual(record.db, 0)
                self.assertTrue(first <= slot_of(record.key) <= last, (record.key, path))
                self.assertNotIn(record.place, found)
                found[record.place] = record.string()
        kept = {place: those[0 if policy == "skip" else -1] for place, those in expected.items()}
        self.assertEqual(found, {place: record.string() for place, (_, record) in kept.items()})

    def check_refusal(self, arguments, expected):
        """The names of two that collide are in the message."""
        out = self.split(*arguments, expected=OUTPUT)
        self.assert_nothing_left(out)
        for place, those in expected.items():
            name, sources = shown(place[1]), [shown(record.key) for _, record in those]
            if name is None or None in sources or f"map to '{name}' (db 0)" not in self.said:
                continue
            both = [source for source in sources if f"'{source}' (db " in self.said]
            self.assertGreaterEqual(len(both), 2, self.said)
        self.assertRegex(self.said, "map to '.*' \\(db 0\\)|key '.*' \\(db 0\\) is in both ")

    def check_explained(self, make, sources, rules, count):
        ranges = equal_ranges(count)
        for _, record in make.sample(sources, min(3, len(sources))):
            _, new = rules(*record.place)
            options = ["--shards", count, "--explain-key", escaped(record.key), "--explain-db", record.db]
            lines = self.ferry("split", *rules.options(), *options).decode().splitlines()
            slot = slot_of(new)
            shard = next(i for i, (first, last) in enumerate(ranges) if first <= slot <= last)
            self.assertTrue(lines[-1].startswith(f"slot {slot}, "), lines)
            self.assertTrue(lines[-1].endswith(f", shard-{shard} ({ranges[shard][0]}-{ranges[shard][1]})"), lines)
            if new != record.key and shown(new):
                matched = [line for line in lines[1:-1] if line.endswith(")")]
                self.assertTrue(matched[-1].endswith(f" '{shown(new)}' (db 0)"), lines)

    @scaled(test=6, soak=20)
    def test_come_out_as_they_should(self, rounds):
        collided, changed = 0, 0
        for round_ in range(20 * rounds):
            if round_ >= rounds and 0 < collided < round_:
                break
            make = random.Random(SEED + round_)
            rules, (options, condition), count = random_rules(make), self.random_choice(make), make.randrange(1, 7)
            paths, sources = self.make_inputs(make, rules)
            expected, dropped = self.judge(sources, rules, condition)
            arguments = [*paths, "--shards", count, *rules.options(), *options]
            lost = sum(len(those) - 1 for those in expected.values())
            with self.subTest(round=round_, arguments=arguments):
                for policy in ("skip", "overwrite"):
                    out, report = self.split_and_report(*arguments, "--on-collision", policy)
                    self.assert_read_back(out, expected, count, policy)
                    for keys in (report["keys"], self.plan(out)["keys"]):
                        self.assert_adds_up(keys)
                        self.assertEqual(keys["read"], len(sources))
                        self.assertEqual((keys["dropped"], keys["collided"]), (dropped, lost))
                    names = sum(len(those) > 1 for those in expected.values())
                    self.assertEqual((report["collisions"]["names"], report["collisions"]["discarded"]), (names, lost))
                    if "--only-slots" not in options:
                        taken = [(new, record.place) for new, those in expected.items() for _, record in those]
                        told = report["rewritten"]["changed"]
                        self.assertEqual(told, sum(new != old for new, old in taken))
                        changed += told
                if len(paths) == 1:
                    with open(paths[0], "rb") as file:
                        out = self.split("-", *arguments[1:], "--on-collision", "skip", stdin=file.read())
                    self.assert_read_back(out, expected, count, "skip")
                if lost:
                    self.check_refusal(arguments, expected)
                else:
                    self.assert_read_back(self.split(*arguments), expected, count, "skip")
                self.check_explained(make, sources, rules, count)
            collided += lost > 0
        else:
            self.fail("no round with a collision, or none without")
        self.assertGreater(changed, rounds)

    @scaled(test=2, soak=20)
    def test_as_every_command_has_it(self, rounds):
        """A digest and a comparison look at keys as they would be written."""
        for round_ in range(rounds):
            make = random.Random(SEED + 1000 + round_)
            rules = random_rules(make)
            paths, sources = self.make_inputs(make, rules, plants=False)
            names = [rules(*record.place) for _, record in sources]
            if len(set(names)) < len(names):
                continue
            with self.subTest(round=round_, rules=rules.options()):
                out = self.split(*paths, "--shards", 3, *rules.options())
                self.assertEqual(self.digest(*paths, *rules.options()), self.digest(*self.shards(out)))
                self.ferry("convert", *self.shards(out), "-o", self.path(f"{round_}.rdb"))
                self.ferry("verify", *paths, *rules.options(), "--against", self.path(f"{round_}.rdb"), "--strict")

    @scaled(test=2, soak=20)
    def test_tags_twice_are_tags_once(self, rounds):
        for round_ in range(rounds):
            make = random.Random(SEED + 2000 + round_)
            path = self.dump({0: {name: "v" for name in random_names(make, 60)}})
            options = Rules(tags=make.sample(TAGS, 3)).options() + ["--on-collision", "skip"]
            once, twice = self.path(f"{round_}.once.rdb"), self.path(f"{round_}.twice.rdb")
            self.ferry("convert", path, "-o", once, *options)
            self.ferry("convert", once, "-o", twice, *options)
            with self.subTest(options):
                self.assertEqual(self.places(once), self.places(twice))
                self.assertEqual(self.digest(once), self.digest(twice))

    def test_in_a_file(self):
        """Rules in a file do what they do as options."""
        with open(self.path("rules.txt"), "w", encoding="ascii") as file:
            file.write("# before the move\n\nmap-db 5=1\n  rename s/^u:/user:/ \n")
            file.write("hash-tag {user:*}:*\nflatten-dbs d%d.\nprefix-db0")
        rules = Rules({5: 1}, [b"s/^u:/user:/"], [b"{user:*}:*"], b"d%d.", True)
        path = self.dump({0: {"u:1:x": 1, "user:1:y": 2, "z": 3}, 5: {"u:1:x": 4, "": 5}})
        self.assertEqual(self.digest(path, "--rules", self.path("rules.txt")), self.digest(path, *rules.options()))
        self.assertEqual(
            self.places(path, "--rules", self.path("rules.txt")), {rules(*place) for place in self.places(path)}
        )

    def test_other_databases_of_a_cluster(self):
        """None, unless it is a Valkey from 9.0 on."""
        path = self.dump({0: {"a": 1}, 3: {"a": 2, "b": 3}})
        out = self.split(path, "--shards", 2, expected=OUTPUT)
        self.assertRegex(self.said, "no database 3 .*--flatten-dbs.* in key '[ab]' \\(db [0-9]\\)")
        self.assert_nothing_left(out)
        out = self.split(path, "--shards", 2, "--target-version", "valkey-9.0")
        self.assertEqual(self.places(*self.shards(out)), {(0, b"a"), (3, b"a"), (3, b"b")})


@needs_version(redis=(7, 0))
class ShiftedExpiries(WithServer):
    HOUR = 3_600_000

    def make_dump(self):
        self.call.pipeline([
            ("SET", "far", 1, "PXAT", dataset.FAR), ("SET", "soon", 1, "PX", 10 * self.HOUR), ("SET", "never", 1),
            ("RPUSH", "list", 1), ("PEXPIREAT", "list", dataset.FAR + 1),
        ])  # fmt: skip
        return self.saved(self.server)

    def expiries(self, *arguments):
        return {record.key: record.expire_ms for record in self.records(*arguments)}

    def test_of_keys(self):
        path = self.make_dump()
        before = self.expiries(path)
        durations = {"1h": self.HOUR, "-1h": -self.HOUR, "90": 90_000, "0": 0, "250ms": 250, "-2d": -48 * self.HOUR}
        for duration, ms in durations.items():
            with self.subTest(duration):
                shifted = {key: when and when + ms for key, when in before.items()}
                self.assertEqual(self.expiries(path, "--shift-expiry", duration), shifted)
                out = self.split(path, "--shards", 3, "--shift-expiry", duration)
                self.assertEqual(self.expiries(*self.shards(out)), shifted)
        # It is by their own time that keys are chosen.
        self.assertEqual(self.expiries(path, "--shift-expiry", "-2d", "--expired", "only"), {})

    def test_as_a_server_sees_it(self):
        path = self.make_dump()
        before = self.expiries(path)
        folder = self.fresh()
        self.ferry("convert", path, "-o", os.path.join(folder, "dump.rdb"), "--shift-expiry", "3h")
        with Server(folder) as server:
            for key, when in before.items():
                self.assertEqual(server.call("PEXPIRETIME", key), when + 3 * self.HOUR if when else -1)

    def aged(self, key, days):
        """A dump that says that it was saved so long ago, and when that was."""
        with Server(self.fresh(), rdbchecksum="no") as server:
            server.call("SET", key, 1, "PXAT", dataset.FAR)
            server.call("SET", key + ":never", 1)
            path = self.saved(server)
        with open(path, "rb") as file:
            data = file.read()
        at = data.index(b"\x05ctime\xc2") + 7
        (saved_at,) = struct.unpack_from("<I", data, at)
        self.assertLess(abs(saved_at - time.time()), 60)
        saved_at -= days * 86400
        with open(path, "wb") as file:
            file.write(data[:at] + struct.pack("<I", saved_at) + data[at + 4 :])
        return path, saved_at

    def test_by_the_age_of_each_input(self):
        """A backup of yesterday has the lifetimes that it had then."""
        saved = {key: self.aged(key.decode(), days) for key, days in ((b"a", 1), (b"b", 3), (b"c", 2))}
        began = time.time()
        out = self.split(*(path for path, _ in saved.values()), "--shards", 2, "--shift-expiry", "auto")
        ended = time.time()
        found = self.expiries(*self.shards(out))
        self.assertEqual(len(found), 6)
        for key, (_, saved_at) in saved.items():
            self.assertIsNone(found[key + b":never"])
            age = (found[key] - dataset.FAR) / 1000
            self.assertTrue(began - saved_at - 0.01 <= age <= ended - saved_at + 0.01, (key, age))

    def test_of_fields(self):
        """Of hashes as Redis 7.4 and as Valkey 9 have them."""
        found = 0
        for name, path in samples.saved_by_servers().items():
            before = [record for record in self.field_expiries(path + ".rdb").items() if any(record[1].values())]
            if not before:
                continue
            found += 1
            with self.subTest(name):
                after = self.field_expiries(path + ".rdb", "--shift-expiry", "1h")
                for place, fields in before:
                    self.assertEqual(after[place], {field: ms + self.HOUR for field, ms in fields.items()})
                out = os.path.join(self.fresh(), "out.rdb")
                self.ferry("convert", path + ".rdb", "-o", out, "--shift-expiry", "1h")
                self.assertEqual(self.field_expiries(out), after)
                # The way there and back.
                self.ferry("verify", out, "--shift-expiry", "-1h", "--against", path + ".rdb")
        self.assertGreater(found, 0)

    def field_expiries(self, *arguments):
        lines = read(self.ferry("convert", *arguments, "-o", "-", "--to", "jsonl", "--binary", "base64", "-q"))
        hashes = [line for line in lines if line["type"] == "hash"]
        return {
            (line["db"], decoded(line["key"])): {decoded(field): ms for field, ms in line["field_expire_ms"] or []}
            for line in hashes
        }


if __name__ == "__main__":
    unittest.main()
