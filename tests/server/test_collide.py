# SPDX-License-Identifier: MIT
"""Keys that come out with one name: found in each way in which it can happen, and never lost silently."""
import os
import random
import unittest

from lib import dataset
from lib.kinds import FUNCTIONS, needs
from lib.splitting import DONE, INPUT, OUTPUT, USAGE, WithServer, printed_seed

# How two keys come to have one name: what is in which database, the rules, the two, and the name.
WAYS = {
    "flattened": ({0: ["db1:foo", "x"], 1: ["foo", "y"]}, ["--flatten-dbs"], [(0, "db1:foo"), (1, "foo")], "db1:foo"),
    "flattened by another template": (
        {1: ["1foo"], 11: ["foo"]}, ["--flatten-dbs=d%d"], [(1, "1foo"), (11, "foo")], "d11foo",
    ),
    "tagged": (
        {0: ["{user:1}:x", "user:1:x", "user:2:x"]}, ["--hash-tag", "{user:*}:*"],
        [(0, "{user:1}:x"), (0, "user:1:x")], "{user:1}:x",
    ),
    "tagged, with a brace of its own": (
        {0: ["{user:{x}:1", "user:{x:1"]}, ["--hash-tag", "{user:*}:*"],
        [(0, "{user:{x}:1"), (0, "user:{x:1")], "{user:{x}:1",
    ),
    "tagged and flattened": (
        {0: ["db2:{user:1}:x"], 2: ["user:1:x"]}, ["--hash-tag", "{user:*}:*", "--flatten-dbs"],
        [(0, "db2:{user:1}:x"), (2, "user:1:x")], "db2:{user:1}:x",
    ),
    "prefix exchanged": ({0: ["old:a", "new:a", "old:b"]}, ["--rename", "s/^old:/new:/"],
                         [(0, "old:a"), (0, "new:a")], "new:a"),
    "merged by an expression": ({0: ["a1", "a2", "b"]}, ["--rename", "s/[0-9]+//"], [(0, "a1"), (0, "a2")], "a"),
    "mapped onto a used database": ({0: ["foo", "x"], 1: ["foo", "y"]}, ["--map-db", "1=0"],
                                    [(0, "foo"), (1, "foo")], "foo"),
    "mapped onto each other": ({4: ["foo"], 5: ["foo", "y"]}, ["--map-db", "4=0,5=0"],
                               [(4, "foo"), (5, "foo")], "foo"),
}  # fmt: skip

MANY = 20_000


def setUpModule():
    global SEED
    SEED = printed_seed()


def source(db, key):
    """As messages name it."""
    return f"'{key}' (db {db}"


def handmade(path, keys):
    """An RDB that no server writes: of strings in database 0, in this order."""
    body = b"".join(b"\0%c%b%c%b" % (len(key), key, len(value), value) for key, value in keys)
    with open(path, "wb") as file:
        file.write(b"REDIS0009\xfe\0" + body + b"\xff" + bytes(8))
    return path


class Planted(WithServer):
    def planted(self, databases):
        """A value tells where its key is from."""
        return self.dump({db: {key: f"{db}/{key}" for key in keys} for db, keys in databases.items()})

    def split_with(self, policy, arguments, expected=DONE, stdin=None):
        options = ["--shards", 3, "--on-collision", policy]
        out, report = self.split_and_report(*arguments, *options, expected=expected, stdin=stdin)
        return out, report

    def assert_refused(self, arguments, named, expected=OUTPUT, stdin=None):
        """It fails, tells these words, and leaves nothing; so does a conversion, and the plan of it."""
        out, report = self.split_with("fail", arguments, expected=expected, stdin=stdin)
        for word in named:
            self.assertIn(word, self.said)
        self.assert_nothing_left(out)
        self.assertEqual(report["result"], "error")
        self.ferry("split", *arguments, "--shards", 2, "--dry-run", expected=expected, stdin=stdin)
        for word in named:
            self.assertIn(word, self.said)
        out = os.path.join(self.fresh(), "out.rdb")
        self.ferry("convert", *arguments, "-o", out, expected=expected, stdin=stdin)
        self.assert_nothing_left(out)

    def assert_chooses(self, policy, arguments, collided, name, total, stdin=None):
        """Of `collided`, values in the order of the input, the first or the last is what the name has."""
        out, report = self.split_with(policy, arguments, stdin=stdin)
        self.assertRegex(self.said, f"maps to '{name}'|key '{name}' .db 0. (is in both|occurs twice in) ")
        found = {record.key.decode(): record.string().decode() for record in self.records(*self.shards(out))}
        kept, lost = (collided[0], collided[1:]) if policy == "skip" else (collided[-1], collided[:-1])
        self.assertEqual(found[name], kept)
        self.assertEqual(len(found), total - len(lost))
        for keys in (report["keys"], self.plan(out)["keys"]):
            self.assert_adds_up(keys)
            self.assertEqual((keys["read"], keys["collided"], keys["written"]), (total, len(lost), len(found)))
        told = report["collisions"]
        names = None if "-" in arguments else 1  # what is read once is not known in advance
        self.assertEqual((told["names"], told["discarded"]), (names, len(lost)))
        return told["examples"][0]

    def test_the_run_stops_and_names_both(self):
        for way, (databases, rules, both, name) in WAYS.items():
            with self.subTest(way):
                path = self.planted(databases)
                named = [source(*both[0]), source(*both[1]), f"map to '{name}' (db 0)"]
                self.assert_refused([path, *rules], named)

    def test_one_is_kept_and_both_are_reported(self):
        for way, (databases, rules, both, name) in WAYS.items():
            path = self.planted(databases)
            order = [record.place for record in self.records(path)]
            both = sorted(both, key=lambda place: order.index((place[0], place[1].encode())))
            for policy in ("skip", "overwrite"):
                with self.subTest(way, policy=policy):
                    values = [f"{db}/{key}" for db, key in both]
                    example = self.assert_chooses(policy, [path, *rules], values, name, len(order))
                    self.assertEqual((example["db"], example["key"]), (0, name))
                    kept = [True, False] if policy == "skip" else [False, True]
                    sources = [(told["db"], told["key"], told["kept"]) for told in example["sources"]]
                    self.assertEqual(sources, [(*place, is_kept) for place, is_kept in zip(both, kept)])

    def test_from_a_pipe(self):
        """What has gone by is gone: the first of the two is not known any more, nor can the last one be kept."""
        for way, (databases, rules, both, name) in WAYS.items():
            with self.subTest(way):
                path = self.planted(databases)
                with open(path, "rb") as file:
                    data = file.read()
                order = [record.place for record in self.records(path)]
                both = sorted(both, key=lambda place: order.index((place[0], place[1].encode())))
                arguments = ["-", *rules]
                self.assert_refused(arguments, [source(*both[1]), f"'{name}' (db 0)"], stdin=data)
                values = [f"{db}/{key}" for db, key in both]
                self.assert_chooses("skip", arguments, values, name, len(order), stdin=data)
                out, _ = self.split_with("overwrite", arguments, expected=USAGE, stdin=data)
                self.assert_nothing_left(out)
                self.assertIn("--on-collision overwrite", self.said)

    def test_two_inputs(self):
        a, b = self.planted({0: ["foo", "a"]}), self.dump({0: {"foo": "another", "b": "b"}})
        self.assert_refused([a, b], [source(0, "foo"), a, b])
        example = self.assert_chooses("skip", [a, b], ["0/foo", "another"], "foo", 4)
        self.assertEqual([told["input"] for told in example["sources"]], [a, b])
        self.assert_chooses("overwrite", [a, b], ["0/foo", "another"], "foo", 4)
        self.assert_chooses("overwrite", [b, a], ["another", "0/foo"], "foo", 4)
        self.split(a, b, "--shards", 2, "-K", "foo")

    def test_two_inputs_one_of_them_a_pipe(self):
        a, b = self.planted({0: ["foo", "a"]}), self.dump({0: {"foo": "another", "b": "b"}})
        with open(b, "rb") as file:
            data = file.read()
        self.assert_refused([a, "-"], [source(0, "foo")], stdin=data)
        self.assert_chooses("skip", [a, "-"], ["0/foo", "another"], "foo", 4, stdin=data)

    def test_a_key_twice_in_one_input(self):
        path = handmade(self.path("twice.rdb"), [(b"foo", b"1"), (b"bar", b"2"), (b"foo", b"3")])
        other = self.planted({0: ["x"]})
        for arguments in ([path, "--check"], [path, other], [other, path], [path, "--check", "--flatten-dbs"]):
            with self.subTest(arguments):
                self.assert_refused(arguments, [f"{path}: ", "key 'foo' (db 0)"], expected=INPUT)
        with open(path, "rb") as file:
            self.assert_refused(["-", "--check"], ["'foo' (db 0)"], expected=INPUT, stdin=file.read())
        self.assert_chooses("skip", [path, "--check"], ["1", "3"], "foo", 3)
        self.assert_chooses("overwrite", [path, "--check"], ["1", "3"], "foo", 3)

    @needs(FUNCTIONS)
    def test_libraries(self):
        """The same one in all shards of a cluster is none; with other code it is."""
        paths, first, other = [], dataset.LIBRARIES[0], dataset.LIBRARIES[0] + b" "
        for key, code in (("a", first), ("b", first), ("c", other)):
            self.call("FUNCTION", "LOAD", "REPLACE", code)
            paths.append(self.dump({0: {key: "v"}}))
        self.split(*paths[:2], "--shards", 2)
        self.assert_refused(paths[1:], ["function library 'first'", *paths[1:]])
        for policy, code in (("skip", first), ("overwrite", other)):
            out, report = self.split_with(policy, paths)
            for shard in self.shards(out):
                self.assertIn(code, self.ferry("convert", shard, "-o", "-", "--to", "aof"))
            self.assert_adds_up(report["keys"])
            self.assertEqual(report["keys"]["written"], 3)
            self.assertEqual(report["collisions"]["examples"][0]["library"], "first")

    def test_many_in_little_memory(self):
        """Hashes that are put aside on disk find what they find in memory."""
        make = random.Random(SEED)
        path = self.dump({0: {f"k{i}": f"{make.randrange(10**9)}" for i in range(MANY)}})
        rules = ["--rename", "s/^k(\\d*)[05]$/k\\1/"]
        expected = {}
        for i in range(MANY):
            name = f"k{i}"
            new = name[:-1] if name[-1] in "05" else name
            expected[new] = expected.get(new, 0) + 1
        collided = sum(count > 1 for count in expected.values())
        digests = {}
        for policy in ("skip", "overwrite"):
            for memory in ("64K", "512M"):
                options = ["--on-collision", policy, "--memory", memory]
                out, report = self.split_and_report(path, "--shards", 3, *rules, *options)
                self.assert_adds_up(report["keys"])
                self.assertEqual(report["keys"]["written"], len(expected))
                self.assertEqual(report["collisions"]["names"], collided)
                digests.setdefault(policy, set()).add(self.digest(*self.shards(out)))
        self.assertEqual([len(found) for found in digests.values()], [1, 1])
        self.assertNotEqual(digests["skip"], digests["overwrite"])
        for memory in ("64K", "512M"):
            out = self.split(path, "--shards", 3, *rules, "--memory", memory, expected=OUTPUT)
            self.assertIn("both map to", self.said)
            self.assert_nothing_left(out)
        # What was put aside from a pipe, it cannot go over once more.
        with open(path, "rb") as file:
            data = file.read()
        options = ["-", "--shards", 3, *rules, "--on-collision", "skip", "--memory"]
        self.assertEqual(len(self.places(*self.shards(self.split(*options, "512M", stdin=data)))), len(expected))
        out = self.split(*options, "64K", expected=OUTPUT, stdin=data)
        self.assertIn("--memory", self.said)
        self.assert_nothing_left(out)

    def test_none_where_names_differ_in_the_end(self):
        """The same names in several databases, and names that look like results and are not."""
        keys = ["foo", "db2:foo", "{user:1}:x", "user:1x", "db11:foo"]
        path = self.planted({0: keys, 1: ["foo", "1:foo"], 3: keys})
        out, report = self.split_and_report(path, "--shards", 3, "--flatten-dbs", "--hash-tag", "{user:*}:*")
        self.assert_adds_up(report["keys"])
        self.assertEqual(report["keys"]["written"], 12)
        self.assertEqual(len(self.places(*self.shards(out))), 12)


if __name__ == "__main__":
    unittest.main()
