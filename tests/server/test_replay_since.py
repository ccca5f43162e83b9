# SPDX-License-Identifier: MIT
"""`rdbferry replay --since` and `--delete-extra`: what is gone is deleted, and nothing else; whatever happens to the
connection or to the program meanwhile."""
import contextlib
import json
import os
import random
import shutil
import threading
import time
import unittest

from lib import dataset
from lib.cluster_replaying import WithCluster, keys_digest
from lib.cutting_proxy import KINDS, CuttingProxy
from lib.kinds import needs_version
from lib.observe import differences, observe
from lib.program import convert
from lib.replaying import (
    DONE,
    TARGET,
    Running,
    WithTarget,
    WithTargets,
    empty,
    places_of,
    url_of,
)
from lib.resp import Client
from lib.soaking import scaled
from lib.splitting import INPUT, NO, OUTPUT, ferry, printed_seed
from lib.workload import Workload

FAMILIES = tuple(f"f{i}:" for i in range(12))  # of keys: so many that most are not touched between two snapshots
SOME = FAMILIES[:4]


def setUpModule():
    global SEED
    SEED = printed_seed()


def libraries(make):
    """A few, of which some are there, with one code or the other."""
    yield from dataset.NO_LIBRARIES
    for name in "abcd":
        if make.random() < 0.7:
            code = f"#!lua name={name}\nredis.register_function('{name}', function() return {make.randrange(2)} end)"
            yield "FUNCTION", "LOAD", code


def change(call, make, families, batches, **options):
    """Random commands for some of the keys, and deletions."""
    Workload(make, families=families, flushes=False, swaps=False, **options).run(call, batches)
    for db in range(4):
        call("SELECT", db)
        keys = sorted(call("KEYS", "*"))
        for key in make.sample(keys, len(keys) // 8):
            call("DEL", key)
    call("SELECT", 0)
    call.pipeline(list(libraries(make)))


def snapshot(server, folder):
    """A dump of what the server has now."""
    server.call("SAVE")
    return shutil.copy(os.path.join(server.folder, "dump.rdb"), os.path.join(folder, "snapshot.rdb"))


class Snapshots:
    """Two of a server, the second some time after the first, which has more."""

    def __init__(self, source, oracle, new_folder, seed, **options):
        make = random.Random(f"{SEED}:{seed}")
        empty(source.call)
        change(source.call, make, FAMILIES, 40, **options)
        self.first = snapshot(source, new_folder())
        self.before = oracle.facts(self.first)
        change(source.call, make, SOME, make.choice((1, 5, 15)), **options)
        self.second = snapshot(source, new_folder())
        self.facts = oracle.facts(self.second)
        self.gone = places_of(self.before) - places_of(self.facts)


class WithSnapshots:
    """Mixed into a class that replays."""

    def snapshots(self, seed, **options):
        return Snapshots(self.source, self.oracle, self.fresh, seed, **options)

    def snapshot(self):
        return snapshot(self.source, self.fresh())


@needs_version(redis=(7, 0))
class Since(WithTarget, WithSnapshots):
    def changed(self, report):
        return report["keys"]["written"], report["deleted"]["keys"]

    @scaled(test=1, soak=40)
    def test_the_target_becomes_the_second(self, count):
        for seed in range(count):
            with self.subcase(seed=seed):
                two = self.snapshots(seed)
                self.replay(two.first, self.url)
                self.call("CONFIG", "RESETSTAT")
                report = self.replay(two.second, self.url, "--since", two.first, "--verify")
                self.assert_holds(two.facts, self.call)
                self.assertEqual(report["deleted"]["keys"] + report["deleted"]["gone"], len(two.gone))
                self.assertEqual(report["deleted"]["failed"], 0)
                self.assertLess(report["keys"]["written"], len(places_of(two.facts)) * 3 // 4)
                again = self.replay(two.second, self.url, "--since", two.first)
                self.assertEqual(again["deleted"]["keys"], 0)
                self.assert_holds(two.facts, self.call)

    def test_nothing_has_changed(self):
        two = self.snapshots(1)
        self.replay(two.second, self.url)
        report = self.replay(two.second, self.url, "--since", two.second)
        self.assertEqual(self.changed(report), (0, 0))
        self.assertEqual(report["keys"]["unchanged"], report["keys"]["read"])

    def test_little_memory(self):
        """The comparison is in files then."""
        two = self.snapshots(2)
        self.replay(two.first, self.url)
        self.replay(two.second, self.url, "--since", two.first, "--memory", "20K")
        self.assert_holds(two.facts, self.call)

    def test_with_rules(self):
        """Names are those after the rules; what is not of the snapshots stays."""
        for rules in (["--rename", "s/^f/g/"], ["--flatten-dbs"], ["-k", "f1*", "-d", "0,2", "--map-db", "2=7"]):
            with self.subcase(rules=rules):
                two = self.snapshots(3)
                self.replay(two.first, self.url, *rules)
                self.call("SET", "f0:mine", 1)
                self.call("SET", "f1:mine", 1)
                self.replay(two.second, self.url, "--since", two.first, *rules)
                rewritten = os.path.join(self.fresh(), "rewritten.rdb")
                convert(two.second, "-o", rewritten, *rules, "-q")
                mine = [("SET", "f0:mine", 1), ("SET", "f1:mine", 1)]
                self.assert_holds(self.oracle.facts(rewritten, mine), self.call)

    def test_what_was_changed_on_the_target(self):
        """It is kept and named if it was to be deleted; what is gone already is no matter."""
        call = self.source.call
        empty(call)
        for kind in ("kept", "type", "expiry", "again", "late", "gone"):
            for i in range(30):
                call("RPUSH", f"{kind}:{i}", *range(i + 1))
        call("FUNCTION", "LOAD", "#!lua name=one\nredis.register_function('one', function() return 1 end)")
        first = self.snapshot()
        empty(call)
        call("SET", "only", "this")
        second = self.snapshot()
        self.replay(first, self.url)
        code = "#!lua name=one\nredis.register_function('one', function() return 2 end)"
        self.call("FUNCTION", "LOAD", "REPLACE", code)
        for i in range(30):
            self.call("RPUSH", f"kept:{i}", "more")
            self.call("SET", f"type:{i}", "string")
            self.call("PEXPIREAT", f"expiry:{i}", dataset.FAR)
            self.call("DEL", f"gone:{i}")
            self.call("DEL", f"again:{i}")
            self.call("RPUSH", f"again:{i}", *range(i + 1))  # as it was
        before = observe(self.call)
        report = self.replay(second, self.url, "--since", first, expected=TARGET)
        deleted = {"keys": 60, "libraries": 0, "gone": 30, "failed": 91}
        self.assertEqual(report["deleted"], deleted)
        self.assertEqual({example["kind"] for example in report["failures"]["examples"]}, {"changed"})
        kept = {
            name: fact
            for name, fact in before.items()
            if isinstance(name, tuple) and name[1].startswith((b"kept", b"type", b"expiry"))
        }
        found = observe(self.call)
        self.assertEqual({name: found.get(name) for name in kept}, kept)
        self.assertEqual(len(places_of(found)), 91)
        self.assertEqual(found["functions"], before["functions"])
        self.assertIn("91 not deleted", self.said)

    def test_writers(self):
        """A value that was changed while it was to be deleted is never lost."""
        call = self.source.call
        empty(call)
        call.pipeline([("RPUSH", f"list:{i}", 1, 2, 3) for i in range(4000)])
        first = self.snapshot()
        empty(call)
        second = self.snapshot()
        self.replay(first, self.url)
        written, over = {}, threading.Event()
        make = random.Random(SEED)
        client = Client(os.path.join(self.target.folder, "socket"))
        self.addCleanup(client.close)

        def write():
            while not over.is_set():
                key = f"list:{make.randrange(4000)}"
                written.setdefault(key, []).append(b"%d" % len(written))
                client("RPUSH", key, written[key][-1])

        writer = threading.Thread(target=write)
        writer.start()
        with contextlib.ExitStack() as stack:
            stack.callback(writer.join)
            stack.callback(over.set)
            time.sleep(0.02)
            report = self.replay(second, self.url, "--since", first, expected=TARGET)
        self.assertEqual(report["deleted"]["keys"] + report["deleted"]["failed"], 4000)
        self.assertGreater(report["deleted"]["failed"], 0)
        for key, items in written.items():
            self.assertEqual(self.call("LRANGE", key, -len(items), -1), items, key)

    def test_expired_and_empty(self):
        """What has expired in the second snapshot is gone; so is what the first one has in its place."""
        call = self.source.call
        empty(call)
        call.pipeline([("SET", "was", 1), ("SET", "soon", 1), ("SET", "stays", 1)])
        first = self.snapshot()
        call("CONFIG", "SET", "active-expire-effort", 1)
        call.pipeline([("PEXPIRE", "was", 1500), ("PEXPIRE", "new", 1500), ("SET", "new", 1, "PX", 1500)])
        second = self.snapshot()
        self.replay(first, self.url)
        time.sleep(1.6)
        self.call("SET", "new", "another")
        report = self.replay(second, self.url, "--since", first)
        self.assertEqual(self.changed(report), (0, 1))
        self.assertEqual(sorted(self.call("KEYS", "*")), [b"new", b"soon", b"stays"])

    def test_duplicates_in_the_first(self):
        two = self.snapshots(5, moves=False)
        merged = ["--map-db", "1=0", "--on-collision", "skip"]
        self.ferry("replay", two.second, self.url, "--since", two.first, *merged, expected=INPUT)
        self.assertIn("two keys of the snapshot of --since have this name", self.said)
        self.assertEqual(self.call("DBSIZE"), 0)

    def test_dry_run(self):
        two = self.snapshots(6)
        self.replay(two.first, self.url)
        path = os.path.join(self.fresh(), "report.json")
        self.ferry("replay", two.second, self.url, "--since", two.first, "--dry-run", "--report", path)
        with open(path, encoding="utf-8") as file:
            found = json.load(file)["dry_run"]["findings"]
        self.assertEqual(found["deleted"]["count"], len(two.gone))
        self.assert_holds(two.before, self.call)


@needs_version(redis=(7, 0))
class Trouble(WithTargets):
    """Connections that are cut, and a program that is killed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.two = Snapshots(cls.source, cls.oracle, cls.class_folder, "trouble")

    def check(self, done, facts):
        with self.subTest(said=done.stderr.decode(errors="replace")[-999:]):
            self.assertEqual(done.returncode, DONE)
            self.assertEqual(differences(self.two.facts, facts), [])

    def cut(self, options):
        def attempt(target, seed, folder):
            self.assertEqual(ferry("replay", self.two.first, url_of(target)).returncode, DONE)
            if "--delete-extra" in options:
                target.call.pipeline([("SET", "extra", 1), *dataset.NO_LIBRARIES])
            with CuttingProxy(os.path.join(target.folder, "socket"), seed, kinds=KINDS) as proxy:
                done = ferry("replay", self.two.second, proxy.url, *options)
            return done, observe(target.call)
        return attempt

    @scaled(test=1, soak=50)
    def test_cuts_since(self, count):
        self.try_seeds(count, self.cut(["--since", self.two.first]), self.check)

    @scaled(test=1, soak=50)
    def test_cuts_delete_extra(self, count):
        self.try_seeds(count, self.cut(["--delete-extra", "--force-delete"]), self.check)

    @scaled(test=1, soak=50)
    def test_kills(self, count):
        def attempt(target, seed, folder):
            make = random.Random(seed)
            self.assertEqual(ferry("replay", self.two.first, url_of(target)).returncode, DONE)
            target.call.pipeline([*dataset.NO_LIBRARIES] if seed % 2 else [])
            how = ["--delete-extra"] if seed % 2 else ["--since", self.two.first]
            with CuttingProxy(os.path.join(target.folder, "socket"), pace=3e-6) as proxy:
                job = [self.two.second, proxy.url, "--checkpoint", os.path.join(folder, "checkpoint"), *how]
                for again in range(make.choice((1, 2))):
                    running = Running(folder, [*job, *["--resume"] * again])
                    time.sleep(make.uniform(0.02, 0.6))
                    running.end()
                return ferry("replay", *job, "--resume"), observe(target.call)

        self.try_seeds(count, attempt, self.check)


@needs_version(redis=(7, 0))
class DeleteExtra(WithTarget, WithSnapshots):
    @scaled(test=1, soak=40)
    def test_the_target_becomes_the_input(self, count):
        for seed in range(count):
            with self.subcase(seed=seed):
                two = self.snapshots(f"extra {seed}")
                self.replay(two.first, self.url)
                self.call.pipeline([*dataset.NO_LIBRARIES])
                report = self.replay(two.second, self.url, "--delete-extra", "--verify", "--memory", "20K")
                self.assert_holds(two.facts, self.call)
                self.assertEqual(report["deleted"]["keys"], len(two.gone))
                self.assertEqual(report["verify"]["unexplained"], 0)

    def fill(self):
        """A dump, and a target that has more."""
        call = self.source.call
        empty(call)
        call.pipeline([("SET", f"a:{i}", i) for i in range(20)] + [("SADD", f"b:{i}", i) for i in range(20)])
        dump = self.snapshot()
        self.replay(dump, self.url)
        for db in (0, 3):
            self.call("SELECT", db)
            for name in ("a:x", "a:y", "b:x", "c:x"):
                self.call("SET", name, name)
            self.call("SADD", "a:set", 1)
        self.call("SELECT", 0)
        return dump

    def left(self, db=0):
        self.call("SELECT", db)
        found = {key.decode() for key in self.call("KEYS", "*")} - {f"{c}:{i}" for c in "ab" for i in range(20)}
        self.call("SELECT", 0)
        return found

    ALL = {"a:x", "a:y", "b:x", "c:x", "a:set"}

    def test_only_what_is_chosen(self):
        cases = (
            (["-d", "0"], set(), self.ALL),
            (["-d", "0", "-k", "a:*"], {"b:x", "c:x"}, self.ALL),
            (["-d", "0", "-K", "a:*"], {"a:x", "a:y", "a:set"}, self.ALL),
            (["-d", "0", "-t", "set"], {"a:x", "a:y", "b:x", "c:x"}, self.ALL),
            (["-d", "0", "--map-db", "0=3", "--force-delete"], self.ALL, set()),
            ([], set(), set()),
        )
        for options, here, there in cases:
            with self.subcase(options=options):
                dump = self.fill()
                found = self.ferry("replay", dump, self.url, "--delete-extra", *options, "--dry-run")
                self.assertIn(b"will be deleted", found)
                self.assertEqual((self.left(), self.left(3)), (self.ALL, self.ALL))
                report = self.replay(dump, self.url, "--delete-extra", *options)
                self.assertEqual((self.left(), self.left(3)), (here, there))
                self.assertEqual(report["deleted"]["keys"], 10 - len(here) - len(there))

    def test_slots(self):
        dump = self.fill()
        self.replay(dump, self.url, "--delete-extra", "-d", "0", "--shard", "1/2")
        half = self.left()
        self.assertLess(half, self.ALL)
        self.assertEqual(self.left(3), self.ALL)
        self.replay(dump, self.url, "--delete-extra", "-d", "0", "--shard", "2/2")
        self.assertEqual(self.left(), set())

    def test_too_many(self):
        dump = self.fill()
        call = self.call
        call.pipeline([("SET", f"other:{i}", i) for i in range(41)])
        before = observe(call)
        options = [dump, self.url, "-d", "0", "--delete-extra"]
        self.ferry("replay", *options, expected=OUTPUT)
        self.assertIn("nothing written: 46 of the target's 86 keys would be deleted", self.said)
        self.ferry("replay", *options, "--dry-run", expected=NO)
        self.assertEqual(differences(before, observe(call)), [])
        self.replay(*options, "--force-delete")
        self.assertEqual(self.left(), set())

    def test_temporary_keys(self):
        dump = self.fill()
        name = "a:1:rdbferry:abcdefghijklmnop:xyz"
        self.call("SET", name, 1)
        self.replay(dump, self.url, "--delete-extra")
        self.assertEqual(self.left(), {name})

    def test_scan_is_not_permitted(self):
        dump = self.fill()
        self.call("ACL", "SETUSER", "few", "on", "nopass", "~*", "&*", "+@all", "-scan")
        self.addCleanup(self.call, "ACL", "DELUSER", "few")
        few = ["--user", "few", "--pass", "x"]
        before = observe(self.call)
        self.ferry("replay", dump, self.url, *few, "--delete-extra", expected=TARGET)
        self.assertIn("SCAN", self.said)
        self.assertEqual(differences(before, observe(self.call)), [])
        said = self.ferry("verify", dump, "--against", self.url, *few).decode()
        self.assertIn("matches; extra keys on the target not counted", said)

    def test_equal_numbers_prove_nothing(self):
        """Two inputs with the same keys: as many are found as the target has, and one of these is in neither."""
        call = self.source.call
        empty(call)
        call("SET", "a", 1)
        dump = self.snapshot()
        self.call.pipeline([("SET", "a", 1), ("SET", "extra", 1)])
        said = self.ferry("verify", dump, dump, "--against", self.url, expected=NO).decode()
        self.assertIn("1 extra key on the target", said)


@needs_version(redis=(7, 0))
class InCluster(WithCluster, WithSnapshots):
    RULES = ["--flatten-dbs", "--hash-tag", "{f0:*}:*"]

    def expected(self, dump):
        flat = os.path.join(self.fresh(), "flat.rdb")
        convert(dump, "-o", flat, *self.RULES, "-q")
        self.oracle.facts(flat)
        return keys_digest(self.oracle.call("DEBUG", "DIGEST"))

    @scaled(test=1, soak=20)
    def test_both(self, count):
        for seed in range(count):
            for options in (["--since"], ["--delete-extra", "--force-delete"]):
                with self.subTest(seed=seed, options=options):
                    self.clear()
                    two = self.snapshots(f"cluster {seed}")
                    self.replay(two.first, self.url, *self.RULES)
                    self.assertEqual(self.digest(), self.expected(two.first))
                    self.replay(two.second, self.url, *self.RULES, *options, *[two.first] * (options == ["--since"]))
                    self.assertEqual(self.digest(), self.expected(two.second))


if __name__ == "__main__":
    unittest.main()
