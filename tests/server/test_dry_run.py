# SPDX-License-Identifier: MIT
"""What stands beside a replay: `--dry-run`, where what stands in the way is what real servers then refuse, and nothing
is written; `--verify`; `--metrics-file`."""
import json
import os
import re
import shutil
import socket
import unittest

from lib import dataset
from lib.kinds import CLUSTER_PORTS, FUNCTIONS, KIND, needs, needs_version
from lib.live_targets import HOST, Cluster, Proxy, TcpServer, called_redis, slot_of, wait_until
from lib.replaying import TARGET, UNAVAILABLE, Replaying, WithTarget, url_of
from lib.resp import ReplyError
from lib.samples import saved_by_servers
from lib.server import REDISEARCH
from lib.splitting import DONE, INPUT, NO, OUTPUT, USAGE

WRITES = {b"set", b"restore", b"function|load", b"rpush", b"hmset", b"sadd", b"zadd", b"xadd", b"unlink", b"del"}


def calls_of(call):
    """The commands that were called since CONFIG RESETSTAT."""
    return set(re.findall(rb"cmdstat_([^:]+):", call("INFO", "commandstats")))


def refusal(call, *command):
    """What a server says against a command; None if it takes it."""
    try:
        call(*command)
    except ReplyError as error:
        return str(error)
    return None


class DryRunning(Replaying):
    def dry(self, dump, target, *arguments, expected=DONE, **options):
        """The report's part; the page is in self.page."""
        path = os.path.join(self.fresh(), "report.json")
        page = self.ferry(
            "replay", dump, target, "--dry-run", "--report", path, *arguments, expected=expected, **options
        )
        self.page = page.decode()
        with open(path, encoding="utf-8") as file:
            self.report = json.load(file)
        self.assertEqual(self.report["result"], {DONE: "ok", NO: "failed"}.get(expected, "error"))
        return self.report.get("dry_run")

    def assert_in_the_way(self, dump, target, *about, arguments=()):
        """Exactly these stand in the way."""
        found = self.dry(dump, target, *arguments, expected=NO if about else DONE)
        self.assertEqual([remark["about"] for remark in found["blockers"]], list(about), found["blockers"])
        self.assertIn("Not ready" if about else "Ready: the replay would succeed, in <1 s.", self.page)
        self.assertIn(found["replay_ms"], range(1000))
        for remark in found["blockers"] + found["warnings"]:
            self.assertIn(remark["text"], self.page)
        return found

    def named(self, found, kind):
        finding = found["findings"][kind]
        self.assertEqual(len(finding["examples"]), min(finding["count"], 20))
        return [(example.get("db"), example.get("key", example.get("library"))) for example in finding["examples"]]


@needs(FUNCTIONS)
class Standalone(WithTarget, DryRunning):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(dataset.fill)
        cls.small = cls.dump_of(lambda call: call("MSET", *(x for i in range(40) for x in (f"key:{i}", "value"))))

    # --- nothing in the way ---

    def test_goes_through_and_writes_nothing(self):
        found = self.assert_in_the_way(self.dump, self.url)
        self.assertEqual(self.call("DEBUG", "DIGEST"), b"0" * 40)
        self.assertEqual(self.call("FUNCTION", "LIST"), [])
        self.assertEqual(calls_of(self.call) & WRITES, set())
        self.assertEqual(found["warnings"], [])
        self.assertEqual(found["libraries"], 2)
        self.assertEqual(sum(row["keys"] for row in found["types"]), self.report["read"]["keys"])
        expected = {row["type"]: (row["keys"], row["expiring"]) for row in self.report["read"]["types"]}
        self.assertEqual({row["type"]: (row["keys"], row["expiring"]) for row in found["types"]}, expected)

    def test_what_it_says_of_the_target(self):
        self.call("SET", "there", 1)
        found = self.dry(self.small, self.url)["target"]
        (node,) = found["nodes"]
        self.assertEqual((found["kind"], found["server"], found["keys_live"]), ("standalone", KIND.said_name, 1))
        self.assertEqual((node["name"], node["role"]), (f"{HOST}:{self.target.port}", "master"))
        self.assertEqual((node["replicas"], node["databases"], node["max_memory"]), (0, 16, 0))
        self.assertEqual((node["longest_argument"], node["modules"]), (1 << 30, []))
        self.assertIsNone(node["memory_left"])
        self.assertNotIn("slots", node)
        self.assertIn(f"{KIND.said_name}, primary, 0 replicas", self.page)

    def test_quiet_and_reports_on_stdout(self):
        self.dry(self.small, self.url, "-q")
        self.assertEqual(self.page, "")
        written = self.ferry("replay", self.small, self.url, "--dry-run", "--report", "-")
        self.assertEqual(json.loads(written)["result"], "ok")

    def test_stdin(self):
        with open(self.small, "rb") as file:
            found = self.dry("-", self.url, stdin=file.read())
        self.assertEqual(found["target"]["nodes"][0]["new_keys"], 40)

    def test_errors(self):
        self.assertIsNone(self.dry(self.small, f"redis://{HOST}:1", "--retry-for", "0", expected=UNAVAILABLE))
        with open(self.small, "rb") as file:
            data = file.read()
        damaged = self.path("damaged.rdb")
        with open(damaged, "wb") as file:
            file.write(data[: len(data) // 2])
        self.dry(damaged, self.url, expected=INPUT)
        self.ferry("replay", self.small, self.url, "--dry-run", "--verify", expected=USAGE)

    # --- keys ---

    def test_keys_that_exist(self):
        """Every one is asked for, in its own database."""
        there = [f"key:{i}" for i in range(5, 30)]
        self.call.pipeline([("SET", key, "another") for key in there])
        self.call.pipeline([("SELECT", 3), ("SET", "key:1", "elsewhere"), ("SELECT", 0), ("SET", "other", 1)])
        found = self.assert_in_the_way(self.small, self.url, "existing")
        self.assertEqual(found["findings"]["existing"]["count"], len(there))
        self.assertEqual(set(self.named(found, "existing")) - {(0, key) for key in there}, set())
        self.assertEqual(found["target"]["nodes"][0]["new_keys"], 40 - len(there))
        for policy in ("skip", "replace"):
            found = self.assert_in_the_way(self.small, self.url, arguments=["--on-exists", policy])
            self.assertEqual(found["findings"]["existing"]["count"], len(there))
        found = self.assert_in_the_way(self.small, self.url, "existing", arguments=["--map-db", "0=3"])
        self.assertEqual(self.named(found, "existing"), [(3, "key:1")])
        found = self.assert_in_the_way(self.small, self.url, arguments=["--match", "key:[0-4]"])
        self.assertEqual(found["target"]["nodes"][0]["new_keys"], 5)
        self.assertEqual(self.call("GET", "key:7"), b"another")

    def test_keys_whose_time_has_come(self):
        dump = self.dump_of(lambda call: call.pipeline([("SET", "a", 1, "PX", 400), ("SET", "b", 1)]))
        wait_until(lambda: self.source.call("GET", "a") is None)
        self.call("SET", "a", "it is not asked for")
        found = self.assert_in_the_way(dump, self.url)
        self.assertEqual(self.named(found, "expired"), [(0, "a")])
        self.assertEqual(found["target"]["nodes"][0]["new_keys"], 1)

    def test_long_elements(self):
        self.configure("proto-max-bulk-len", 1024 * 1024)
        found = self.assert_in_the_way(self.dump, self.url, "too_long")
        self.assertEqual(set(self.named(found, "too_long")), {(0, "str:big"), (0, "list:huge")})
        with socket.create_connection((HOST, self.target.port)) as client:
            client.sendall(b"*2\r\n$4\r\nECHO\r\n$3000000\r\n")
            self.assertIn(b"invalid bulk length", client.recv(1000))

    def test_databases_that_are_not_there(self):
        with TcpServer(self.fresh(), databases=4) as server:
            found = self.assert_in_the_way(self.dump, url_of(server), "missing_database")
            self.assertEqual(found["findings"]["missing_database"]["count"], 5)
            self.assertIn(": 9 (see", found["blockers"][0]["text"])
            self.assertRegex(refusal(server.call, "SELECT", 9), "out of range")
            self.assert_in_the_way(self.dump, url_of(server), arguments=["--map-db", "9=2"])
            self.assert_in_the_way(self.dump, url_of(server), arguments=["--no-db", "9"])

    def test_collisions(self):
        rules = ["--rename", "s/^key:[12]$/key:3/"]
        self.dry(self.small, self.url, *rules, expected=TARGET)
        self.assertIn("map to 'key:3'", self.said)
        found = self.assert_in_the_way(self.small, self.url, arguments=[*rules, "--on-collision", "skip"])
        self.assertEqual(self.report["collisions"]["discarded"], 2)
        self.assertEqual(found["target"]["nodes"][0]["new_keys"], 38)

    # --- libraries and modules ---

    def test_libraries_that_exist(self):
        self.call("FUNCTION", "LOAD", dataset.LIBRARIES[0])
        self.assert_in_the_way(self.dump, self.url)
        self.call("FUNCTION", "LOAD", dataset.LIBRARIES[1] + b"\n")
        found = self.assert_in_the_way(self.dump, self.url, "different_library")
        self.assertEqual(self.named(found, "different_library"), [(None, "second")])
        self.assert_in_the_way(self.dump, self.url, arguments=["--on-exists", "replace"])

    @unittest.skipUnless(os.path.exists(REDISEARCH), "no module here")
    def test_modules(self):
        with TcpServer(self.fresh(), loadmodule=REDISEARCH) as server:
            server.call("FT.CREATE", "index", "SCHEMA", "text", "TEXT")
            server.call("FT.ADD", "index", "document", 1, "FIELDS", "text", "some words")
            server.call("SAVE")
            dump = self.path("modules.rdb")
            shutil.copy(os.path.join(server.folder, "dump.rdb"), dump)
            (loaded,) = server.call("MODULE", "LIST")
            server.call("FLUSHALL")
            found = self.dry(dump, url_of(server))
            self.assertIn(loaded[1].decode(), found["target"]["nodes"][0]["modules"])
            self.assertEqual(found["findings"]["missing_module"]["count"], 0)
        found = self.assert_in_the_way(dump, self.url, "missing_module")
        modules = [row["keys"] for row in self.report["read"]["types"] if row["type"] == "module"]
        self.assertEqual([found["findings"]["missing_module"]["count"]], modules)
        self.assert_in_the_way(dump, self.url, arguments=["--no-type", "module"])

    # --- what the target's version takes ---

    def unsayable_by_convert(self, dump, version, *arguments):
        """How many keys are left out of a conversion for this version."""
        path, out = os.path.join(self.fresh(), "report.json"), os.path.join(self.fresh(), "out.aof")
        dropping = ["--target-version", version, "--drop-unsupported"]
        self.ferry("convert", dump, "-o", out, *dropping, "--report", path, "-q", *arguments)
        with open(path, encoding="utf-8") as file:
            return json.load(file)["keys"]["unsupported"]

    def test_values_of_newer_servers(self):
        seen = 0
        for name, path in saved_by_servers().items():
            with self.subTest(name):
                dump, choice = path + ".rdb", ["--no-type", "module", "--expired", "drop"]
                unsayable = self.unsayable_by_convert(dump, KIND.target, *choice)
                found = self.dry(dump, self.url, *choice, "--map-db", "99=1", expected=NO if unsayable else DONE)
                self.assertEqual(found["findings"]["unsupported"]["count"], unsayable)
                seen += unsayable
        self.assertGreater(seen, 0)

    def test_an_attribute_that_is_dropped(self):
        """Before the method is chosen, so whatever that is."""
        dump = self.path("attribute.rdb")
        with open(dump, "wb") as file:
            file.write(b"REDIS0016\xfe\0" b"\xf1\0\1k\1v" b"\xf1\1\1l\1\1a" b"\0\1o\1v" b"\xff" + bytes(8))
        for mode in ("auto", "commands", "restore"):
            with self.subTest(mode):
                self.call("FLUSHALL")
                self.assert_in_the_way(dump, self.url, "unsupported", arguments=["--mode", mode])
                found = self.assert_in_the_way(dump, self.url, arguments=["--mode", mode, "--drop-detail"])
                self.assertEqual(self.named(found, "partial"), [(0, "k"), (0, "l")])
                self.ferry("replay", dump, self.url, "--mode", mode, expected=TARGET)
                self.ferry("replay", dump, self.url, "--mode", mode, "--drop-detail", "--on-exists", "replace")
                self.assertEqual(sorted(self.call("KEYS", "*")), [b"k", b"l", b"o"])

    def test_an_older_target(self):
        """It calls itself 4.0: no streams, no libraries."""
        path = os.path.join(self.target.folder, "socket")
        with Proxy(path, answers=called_redis("4.0")) as proxy:
            found = self.assert_in_the_way(self.dump, f"redis://{HOST}:{proxy.port}", "unsupported", "unsupported_library")
        streams = [row["keys"] for row in self.report["read"]["types"] if row["type"] == "stream"]
        self.assertEqual([found["findings"]["unsupported"]["count"]], streams)
        self.assertEqual(found["findings"]["unsupported"]["count"], self.unsayable_by_convert(self.dump, "4.0"))
        self.assertEqual(set(self.named(found, "unsupported_library")), {(None, "first"), (None, "second")})

    # --- memory ---

    def test_memory(self):
        """What it says is needed is about what the keys then take; keys that exist need nothing."""
        empty = int(re.search(rb"used_memory:(\d+)", self.call("INFO", "memory")).group(1))
        needed = self.dry(self.dump, self.url)["target"]["nodes"][0]["memory_needed"]
        with self.subTest("room"):
            self.configure("maxmemory", int(empty + 1.3 * needed))
            self.assert_in_the_way(self.dump, self.url)
        with self.subTest("no room"):
            self.configure("maxmemory", int(empty + 0.5 * needed))
            (remark,) = self.assert_in_the_way(self.dump, self.url, "memory")["blockers"]
            self.assertEqual(remark["node"], f"{HOST}:{self.target.port}")
            self.assertIn("would reject writes", remark["text"])
        self.call("CONFIG", "SET", "maxmemory", 0)
        shutil.copy(self.dump, os.path.join(self.target.folder, "dump.rdb"))
        self.call("DEBUG", "RELOAD", "NOSAVE")
        taken = int(re.search(rb"used_memory:(\d+)", self.call("INFO", "memory")).group(1)) - empty
        self.assertAlmostEqual(needed / taken, 1, delta=0.15)
        self.call("CONFIG", "SET", "maxmemory", empty + taken)
        self.assert_in_the_way(self.dump, self.url, arguments=["--on-exists", "skip"])

    def test_eviction(self):
        self.configure("maxmemory-policy", "allkeys-lru")
        self.configure("maxmemory", "100mb")
        (warning,) = self.assert_in_the_way(self.small, self.url)["warnings"]
        self.assertEqual(warning["about"], "policy")
        self.configure("maxmemory", "1mb")
        (remark,) = self.assert_in_the_way(self.dump, self.url, "memory")["blockers"]
        self.assertIn("would evict keys", remark["text"])

    # --- a server that takes no writes ---

    def test_a_replica(self):
        with TcpServer(self.fresh(), replicaof=[HOST, str(self.target.port)]) as replica:
            wait_until(lambda: replica.call("ROLE")[3] == b"connected")
            self.assertRegex(refusal(replica.call, "SET", "a", 1), "READONLY")
            self.assert_in_the_way(self.small, url_of(replica), "role")
            found = self.assert_in_the_way(self.small, self.url)
            self.assertEqual(found["target"]["nodes"][0]["replicas"], 1)

    def test_replicas_that_are_needed(self):
        self.configure("min-replicas-to-write", 1)
        self.assertRegex(refusal(self.call, "SET", "a", 1), "NOREPLICAS")
        self.assert_in_the_way(self.small, self.url, "replicas")

    def test_saving_that_fails(self):
        with TcpServer(self.fresh(), save=["3600", "1"]) as server:
            os.makedirs(os.path.join(server.folder, "dump.rdb", "in the way"))
            server.call("BGSAVE")
            wait_until(lambda: b"rdb_last_bgsave_status:err" in server.call("INFO", "persistence"))
            self.assertRegex(refusal(server.call, "SET", "a", 1), "MISCONF")
            self.assert_in_the_way(self.small, url_of(server), "save")
            server.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
            self.assertIsNone(refusal(server.call, "SET", "a", 1))
            self.assert_in_the_way(self.small, url_of(server))
            server.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes", "save", "")
            self.assertIsNone(refusal(server.call, "SET", "a", 1))
            self.assert_in_the_way(self.small, url_of(server))

    # --- rights ---

    def test_user_with_few_rights(self):
        """What may not be asked for is not known, and in nobody's way."""
        rights = ["+info", "+select", "+exists", "+function|list", "+multi", "+discard", "+@write", "+restore"]
        self.call("ACL", "SETUSER", "asker", "on", ">secret", "~*", "-@all", *rights)
        self.addCleanup(self.call, "ACL", "DELUSER", "asker")
        found = self.assert_in_the_way(self.dump, f"redis://asker:secret@{HOST}:{self.target.port}")
        self.assertEqual(found["target"]["nodes"][0]["unavailable_commands"], ["WATCH"])
        (node,) = found["target"]["nodes"]
        for name in ("longest_argument", "databases", "min_replicas", "stops_on_failed_save", "modules"):
            self.assertIsNone(node[name], name)
        self.assertEqual(node["role"], "master")
        self.call("ACL", "SETUSER", "asker", "-@write")
        found = self.assert_in_the_way(self.small, f"redis://asker:secret@{HOST}:{self.target.port}", "not_writable")
        self.assertEqual(found["findings"]["not_writable"]["count"], 40)


@needs(CLUSTER_PORTS)
class Clustered(DryRunning):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = cls.enterClassContext(Cluster(cls.class_folder(), 3))
        cls.dump = cls.dump_of(dataset.fill)
        cls.url = f"redis+cluster://{HOST}:{cls.cluster.nodes[0].port}"
        cls.keys = cls.oracle.facts(cls.dump)

    def setUp(self):
        super().setUp()
        for node in self.cluster.nodes:
            node.call("FLUSHALL")

    def test_each_node_gets_its_share(self):
        found = self.assert_in_the_way(self.dump, self.url, arguments=["--db", "0"])
        keys = [0, 0, 0]
        for db, key, *rest in self.keys:
            if db == 0 and rest == ["type"]:
                keys[self.cluster.owner(slot_of(key))] += 1
        nodes = {node["name"]: node for node in found["target"]["nodes"]}
        for i, node in enumerate(self.cluster.nodes):
            told = nodes[f"{HOST}:{node.port}"]
            self.assertEqual((told["new_keys"], told["cluster_state"], told["moving_slots"]), (keys[i], "ok", 0))
        self.assertEqual(sum(node["slots"] for node in nodes.values()), 16384)
        self.assertEqual(found["target"]["kind"], "cluster")

    def test_it_has_one_database(self):
        found = self.assert_in_the_way(self.dump, self.url, "missing_database")
        self.assertIn(": 3, 9 (see", found["blockers"][0]["text"])
        self.assert_in_the_way(self.dump, self.url, arguments=["--flatten-dbs"])

    def test_memory_of_each_node(self):
        node = self.cluster.nodes[1]
        node.call("CONFIG", "SET", "maxmemory", "2mb")
        self.addCleanup(node.call, "CONFIG", "SET", "maxmemory", 0)
        (remark,) = self.assert_in_the_way(self.dump, self.url, "memory", arguments=["--db", "0"])["blockers"]
        self.assertEqual(remark["node"], f"{HOST}:{node.port}")

    def test_a_slot_that_is_being_moved(self):
        """Keys are found on both of its nodes."""
        key = next(k for k in (b"moving:%d" % i for i in range(1000)) if self.cluster.owner(slot_of(k)) == 0)
        dump = self.dump_of(lambda call: call.pipeline([("SET", key, 1), ("SET", b"{%b}2" % key, 1)]))
        self.cluster.nodes[0].call("SET", key, "there")
        self.cluster.begin_move(key)
        found = self.assert_in_the_way(dump, self.url, "existing")
        self.assertEqual(self.named(found, "existing"), [(0, key.decode())])
        self.assertEqual([warning["about"] for warning in found["warnings"]], ["slots", "slots"])
        self.cluster.end_move(key)
        found = self.assert_in_the_way(dump, self.url, "existing")
        self.assertEqual(found["warnings"], [])


# --- --verify ---


@needs(FUNCTIONS)
class Verified(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(dataset.fill)
        cls.small = cls.dump_of(lambda call: call("MSET", *(x for i in range(40) for x in (f"key:{i}", "a needle"))))

    def verified(self, *arguments, expected=DONE, **options):
        """What the report says of it; the lines on stdout are in self.lines."""
        path = os.path.join(self.fresh(), "report.json")
        done = self.ferry("replay", *arguments, "--verify", "--report", path, expected=expected, **options)
        self.lines = done.decode().splitlines()
        with open(path, encoding="utf-8") as file:
            self.report = json.load(file)
        return self.report["verify"]

    def test_the_same(self):
        found = self.verified(self.dump, self.url)
        keys = self.report["read"]["keys"]
        self.assertEqual((found["keys_checked"], found["keys_equal"], found["unexplained"]), (keys, keys, 0))
        self.assertEqual(self.lines, [f"against {self.url}: matches"])

    def test_rewritten_and_chosen(self):
        for rules in (
            ["--flatten-dbs", "--no-type", "string"],
            ["--map-db", "0=5,3=6", "--shift-expiry", "1d"],
            ["--rename", "s/^(set|hash):.*/same/", "--on-collision", "skip"],
            ["--rename", "s/^(set|hash):.*/same/", "--on-collision", "overwrite"],
        ):
            with self.subcase(rules=rules):
                found = self.verified(self.dump, self.url, *rules)
                self.assertEqual(found["keys_equal"], self.report["keys"]["written"])
                self.assertEqual(found["keys_live"], found["keys_equal"])

    def test_several_inputs(self):
        """Their libraries, which all of them have, are asked for once."""
        libraries = [("FUNCTION", "LOAD", code) for code in dataset.LIBRARIES]
        other = self.dump_of(lambda call: call.pipeline([*libraries, ("SET", "z", 1)]))
        found = self.verified(other, self.dump, self.url)
        self.assertEqual(found["keys_equal"], self.report["read"]["keys"])
        self.call("SELECT", 3)
        self.call("DEL", "set:3")
        self.verified(other, self.dump, self.url, "--on-exists", "skip")

    def test_values_that_changed_on_the_way(self):
        """What the run does not know of."""
        with Proxy(os.path.join(self.target.folder, "socket"), requests=[(b"a needle", b"a noodle")]) as proxy:
            found = self.verified(self.small, f"redis://{HOST}:{proxy.port}", "--mode", "commands", expected=NO)
        self.assertEqual((found["differences"]["changed"], found["unexplained"]), (40, 40))
        self.assertEqual(len(found["differences"]["list"]), 40)
        self.assertEqual(self.report["result"], "failed")
        self.assertIn("~ db 0   string   'key:7': value", self.lines)

    def test_keys_that_were_evicted(self):
        dump = self.dump_of(lambda call: call.pipeline([("SET", f"key:{i}", os.urandom(1000)) for i in range(5000)]))
        self.configure("maxmemory-policy", "allkeys-random")
        self.configure("maxmemory", "5mb")
        found = self.verified(dump, self.url, expected=NO)
        self.assertGreater(found["differences"]["removed"], 0)
        self.assertEqual(found["unexplained"], found["differences"]["removed"])

    def test_keys_that_were_skipped(self):
        self.call.pipeline([("MSET", "key:1", "another", "key:2", "another", "key:3", "a needle")])
        found = self.verified(self.small, self.url, "--on-exists", "skip")
        self.assertEqual((found["differences"]["changed"], found["unexplained"]), (2, 0))
        self.assertIn("2 of these are explained by keys that were skipped", self.lines[-1])

    def test_libraries_that_were_skipped(self):
        self.call("FUNCTION", "LOAD", dataset.LIBRARIES[0] + b"\n")
        found = self.verified(self.dump, self.url, "--on-exists", "skip")
        self.assertEqual((found["differences"]["changed"], found["unexplained"]), (1, 0))

    def test_more_differ_than_were_skipped(self):
        self.call("SET", "key:1", "another")
        with Proxy(os.path.join(self.target.folder, "socket"), requests=[(b"a needle", b"a noodle")]) as proxy:
            url = f"redis://{HOST}:{proxy.port}"
            found = self.verified(self.small, url, "--mode", "commands", "--on-exists", "skip", expected=NO)
        self.assertEqual((found["differences"]["changed"], found["unexplained"]), (40, 39))

    def test_keys_that_failed(self):
        """They have been told, and decide the exit code."""
        self.call.pipeline([("MSET", "key:1", "another", "key:2", "another")])
        found = self.verified(self.small, self.url, *self.letters(), expected=TARGET)
        self.assertEqual((found["differences"]["changed"], found["unexplained"]), (2, 0))
        self.assertEqual(self.report["keys"]["failed"], 2)

    def test_expired_meanwhile(self):
        dump = self.dump_of(lambda call: call.pipeline([("SET", "a", 1, "PX", 400), ("SET", "b", 1)]))
        wait_until(lambda: self.source.call("GET", "a") is None)
        found = self.verified(dump, self.url)
        self.assertEqual((found["keys_expired"], found["keys_equal"]), (1, 1))

    def test_inputs_that_can_be_read_once(self):
        with open(self.small, "rb") as file:
            done = self.ferry("replay", "-", self.url, "--verify", stdin=file.read(), expected=USAGE)
        self.assertEqual(done, b"")
        self.assertIn("reads the inputs twice, and stdin can only be read once", self.said)
        self.assertEqual(self.keys_there(), 0)


# --- --metrics-file ---


NAME, VALUE = r"[a-z][a-z0-9_]*", r"[0-9]+(?:\.[0-9]+)?"
LABELS = r'(?:\{(%s="(?:[^"\\\n]|\\[\\"n])*"(?:,%s="(?:[^"\\\n]|\\[\\"n])*")*)\})?' % (NAME, NAME)
SAMPLE = re.compile(rf"({NAME}){LABELS} ({VALUE})")


def read_metrics(path):
    """{(name, labels): value}. Strict: each family is HELP, TYPE and its samples, once and together."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    assert text.endswith("\n") and "\r" not in text, text[-100:]
    lines, metrics, families = text[:-1].split("\n"), {}, set()
    while lines:
        family, help_text = re.fullmatch(rf"# HELP ({NAME}) (\S.*\S)", lines.pop(0)).groups()
        typed, kind = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", lines.pop(0)).groups()
        assert family == typed and family not in families and "\\" not in help_text, family
        assert family.startswith("rdbferry_replay_") and family.endswith("_total") == (kind == "counter"), family
        families.add(family)
        while lines and not lines[0].startswith("#"):
            name, labels, value = SAMPLE.fullmatch(lines.pop(0)).groups()
            assert name == family and (name, labels) not in metrics, name
            metrics[name[len("rdbferry_replay_") :], labels] = float(value)
    return metrics


@needs_version(redis=(7, 0))
class Metrics(WithTarget):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = cls.dump_of(dataset.fill)

    def test_while_it_runs_and_in_the_end(self):
        """Whenever it is read it is whole; each run replaces what the one before has left."""
        folder = self.fresh()
        path = os.path.join(folder, "replay.prom")
        with open(path, "w", encoding="ascii") as file:
            file.write("what an earlier run has left\n")
        os.chmod(path, 0o600)
        running = self.begin(self.dump, self.url, "--metrics-file", path, "--rate", "4MB/s", "--verify")
        seen = []

        def goes_on():
            with open(path, encoding="ascii") as file:
                if file.read(4) == "what":
                    return False
            seen.append(read_metrics(path))
            return seen[-1].get(("keys_total", 'outcome="written"'), 0) > 0

        self.begun(running, goes_on)
        self.assertEqual((seen[-1]["up", None], seen[-1]["finished", None]), (1, 0))
        self.assertNotIn(("exit_status", None), seen[-1])
        self.finish(running)
        metrics = read_metrics(path)
        self.assertEqual((metrics["up", None], metrics["finished", None], metrics["exit_status", None]), (0, 1, 0))
        self.assertGreater(metrics["update_time_seconds", None], seen[-1]["update_time_seconds", None])
        self.assertGreaterEqual(metrics["end_time_seconds", None], metrics["start_time_seconds", None])
        self.assertEqual(os.listdir(folder), ["replay.prom"])
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o666 & ~mask)

    def test_what_it_counts(self):
        self.call("MSET", "str:int:1", "another", "str:int:12", "another")
        path = self.path("replay.prom")
        report = self.replay(self.dump, self.url, "--metrics-file", path, "--no-db", "9", *self.letters(), expected=TARGET)
        metrics = read_metrics(path)
        for outcome in ("written", "skipped", "expired", "empty", "failed"):
            self.assertEqual(metrics["keys_total", f'outcome="{outcome}"'], report["keys"][outcome], outcome)
        self.assertEqual(metrics["failures_total", 'reason="exists"'], 2)
        self.assertEqual(metrics["keys_read_total", None], report["keys"]["read"])
        self.assertEqual(metrics["keys_filtered_total", None], report["keys"]["dropped"])
        self.assertEqual(metrics["input_bytes", None], os.path.getsize(self.dump))
        self.assertEqual(metrics["sent_bytes_total", None], report["written"]["bytes"])
        self.assertEqual(metrics["function_libraries_total", None], 2)
        self.assertEqual(metrics["exit_status", None], TARGET)
        node = f'node="{HOST}:{self.target.port}"'
        self.assertEqual(metrics["node_keys_total", node], report["keys"]["written"])
        self.assertEqual(metrics["node_sent_bytes_total", node], report["written"]["bytes"])

    def test_a_target_that_is_not_there(self):
        path = self.path("replay.prom")
        url = f"redis://u:secret@{HOST}:1"
        self.ferry("replay", self.dump, url, "--retry-for", "1s", "--metrics-file", path, expected=UNAVAILABLE)
        metrics = read_metrics(path)
        self.assertEqual((metrics["up", None], metrics["exit_status", None]), (0, UNAVAILABLE))
        self.assertTrue(any(f'target="redis://{HOST}:1"' in (labels or "") for _, labels in metrics))

    def test_a_file_that_cannot_be_written(self):
        path = self.path("nowhere/replay.prom")
        self.ferry("replay", self.dump, self.url, "--metrics-file", path, expected=OUTPUT)
        self.assertIn("cannot write the metrics", self.said)
        self.assertEqual(self.keys_there(), 0)


if __name__ == "__main__":
    unittest.main()
