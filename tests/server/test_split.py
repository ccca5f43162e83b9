# SPDX-License-Identifier: MIT
"""Clusters of real servers, started on what a split has made: all keys of the source are there, where clients look
for them, and are what they were."""
import hashlib
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest

from lib import dataset
from lib.clusters import PlacedCluster, RunningCluster
from lib.kinds import CLUSTER_PORTS, needs
from lib.live_targets import HOST, free_port, wait_until
from lib.observe import stream_facts
from lib.rules import Rules, equal_ranges, names_at_borders, slot_of
from lib.server import Server
from lib.splitting import Splitting, printed_seed

RULES = Rules(tags=[b"{user:*}:*"], flatten=b"db%d:")
RANDOM_KEYS = 400
SAMPLE = 8
ABOUT_A_KEY = ("TYPE",), ("PEXPIRETIME",), ("DEBUG", "DIGEST-VALUE")
MORE_ABOUT = {b"string": (("DUMP",), ()), b"stream": (("XINFO", "STREAM"), ("FULL", "COUNT", 0))}

# What a node says of its cluster as if it were a warning.
ABOUT_THE_CLUSTER = re.compile(
    rb"Cluster state changed: ok|I have keys for unassigned slot|configEpoch set to|IP address for this node updated|Address updated for node"
    rb"|Diskless rdb transfer, done"
)


def random_names(make, count):
    """With tags, without, and with what only looks like one. No two come out with one name."""
    names = set()
    for i in range(count):
        user = make.randrange(40)
        names.add(
            make.choice([
                b"user:%d:cart:%d" % (user, i), b"{user:%d}:name:%d" % (user, i), b"plain:%d" % i, b"{}:%d" % i,
                b"a{b}{c}:%d" % i, b"user:{:%d" % i, b"user:}:%d" % i, b"%d:{%b}" % (i, make.randbytes(5)),
                b"bytes:%d:%b" % (i, make.randbytes(make.randrange(20))), b"user::%d" % i,
            ])
        )  # fmt: skip
    return names


def setUpModule():
    """The source: a standalone server with every type in several databases. It stays."""
    global source, dump, expected, facts
    make = random.Random(printed_seed())
    folder = tempfile.mkdtemp(prefix="rdbferry-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    source = Server(folder)
    unittest.addModuleCleanup(source.stop)
    dataset.fill(source.call)
    expected, facts = {}, {}  # new name: database and name; these two: what the server says
    for db in range(16):
        source.call("SELECT", db)
        if db in (0, 3, 5):
            names = random_names(make, RANDOM_KEYS) | (names_at_borders((3, 5)) if db == 0 else set())
            source.call.pipeline([("SET", name, make.randbytes(9)) for name in names])
        keys = source.call("KEYS", "*")
        for key in keys:
            new_db, new_key = RULES(db, key)
            assert new_db == 0 and new_key not in expected
            expected[new_key] = db, key
        told = facts_of(source.call, keys)
        facts.update({(db, key): fact for key, fact in told.items()})
    source.call("SAVE")
    dump = os.path.join(folder, "dump.rdb")


def facts_of(call, keys):
    """What a server says of each key; of a string the very bytes, of a stream all there is to know."""
    replies = call.pipeline([(*command, key) for key in keys for command in ABOUT_A_KEY])
    facts = [replies[i : i + len(ABOUT_A_KEY)] for i in range(0, len(replies), len(ABOUT_A_KEY))]
    about = dict(zip(keys, facts))
    more = [(key, *MORE_ABOUT[told[0]]) for key, told in about.items() if told[0] in MORE_ABOUT]
    for (key, *_), told in zip(more, call.pipeline([(*command, key, *options) for key, command, options in more])):
        about[key].append(stream_facts(told) if about[key][0] == b"stream" else told)
    return about


@needs(CLUSTER_PORTS)
class OnShards(Splitting):
    """Clusters that are started on outputs, one for each node."""

    @classmethod
    def put_into_place(cls, paths, name):
        """The folders of nodes, each with its output under the name that a server looks for."""
        folder = cls.class_folder()
        for i, path in enumerate(paths):
            os.mkdir(os.path.join(folder, f"node{i}"))
            (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, os.path.join(folder, f"node{i}", name))
        return folder

    @staticmethod
    def by_node(cluster):
        """The keys that each node has to have."""
        found = [[] for _ in cluster.nodes]
        for key in expected:
            found[cluster.number_of(slot_of(key))].append(key)
        return found

    def assert_every_key_is_found(self, cluster):
        """Where its slot is, and so without a redirection, which would be an error here."""
        for node, keys in zip(cluster.nodes, self.by_node(cluster)):
            self.assertEqual(sum(node.call.pipeline([("EXISTS", key) for key in keys])), len(keys))
            self.assertEqual(node.call("DBSIZE"), len(keys))

    def assert_slots_hold_them(self, cluster):
        """Each node counts the keys of its slots, and has no others."""
        total = 0
        for node, (first, last) in zip(cluster.nodes, cluster.ranges):
            counts = node.call.pipeline([("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in range(first, last + 1)])
            self.assertEqual(sum(counts), node.call("DBSIZE"))
            total += sum(counts)
        self.assertEqual(total, len(expected))

    def assert_redis_cli_agrees(self, cluster):
        port = cluster.nodes[0].port

        def check():
            return subprocess.run(
                ["redis-cli", "--cluster", "check", f"{HOST}:{port}"], capture_output=True, text=True, check=False
            )

        wait_until(lambda: "Unable to load info" not in check().stdout)  # a replica that is just starting
        done = check()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"[OK] {len(expected)} keys in {len(cluster.nodes)} masters.", done.stdout)
        self.assertIn("[OK] All nodes agree about slots configuration.", done.stdout)
        self.assertIn("[OK] All 16384 slots covered.", done.stdout)
        self.assertNotRegex(done.stdout, "WARNING|ERR")
        plain = [key for key in expected if re.fullmatch(rb"[\w:{}]+", key)]
        for key in random.Random(len(plain)).sample(plain, SAMPLE):
            told = subprocess.run(
                ["redis-cli", "-c", "-p", str(port), "TYPE", key], capture_output=True, check=True
            ).stdout.strip()
            self.assertEqual(told, facts[expected[key]][0])

    def assert_keys_are_what_they_were(self, cluster):
        found = {}
        for node, keys in zip(cluster.nodes, self.by_node(cluster)):
            found.update(facts_of(node.call, keys))
        self.assertEqual(found.keys(), expected.keys())
        for key, place in expected.items():
            self.assertEqual(found[key], facts[place], (key, place))
        libraries = sorted(source.call("FUNCTION", "LIST", "WITHCODE"), key=str)
        self.assertEqual(len(libraries), len(dataset.LIBRARIES))
        for node in cluster.nodes:
            self.assertEqual(sorted(node.call("FUNCTION", "LIST", "WITHCODE"), key=str), libraries)

    def assert_rdbferry_agrees(self, cluster):
        for scheme in ("redis+cluster", "redis"):
            url = f"{scheme}://{HOST}:{cluster.nodes[-1].port}"
            self.ferry("verify", dump, *RULES.options(), "--against", url, "--strict")

    def assert_all_is_there(self, cluster):
        self.assert_every_key_is_found(cluster)
        self.assert_slots_hold_them(cluster)
        self.assert_redis_cli_agrees(cluster)
        self.assert_keys_are_what_they_were(cluster)
        self.assert_rdbferry_agrees(cluster)
        for node in cluster.nodes:
            self.assertEqual([line for line in node.warnings() if not ABOUT_THE_CLUSTER.search(line)], [])

    def assert_same_digest(self, *outputs):
        self.assertEqual(self.digest(*outputs), self.digest(dump, *RULES.options()))
        self.assertEqual(self.digest(*outputs).split()[1], str(len(expected)))


class FromSnapshots(OnShards):
    """Each node is started on its dump.rdb before it has slots, which it then gets."""

    def test_to_three_nodes_and_on_to_five(self):
        out = self.split(dump, "--shards", 3, *RULES.options())
        shards = self.shards(out)
        self.assert_same_digest(*shards)
        folder = self.put_into_place(shards, "dump.rdb")
        with RunningCluster(folder, equal_ranges(3)) as cluster:
            self.assert_all_is_there(cluster)
            dumps = [self.saved(node) for node in cluster.nodes]
        self.assert_same_digest(*dumps)
        self.grow(dumps)

    def grow(self, dumps):
        """From three nodes to five that were formed without keys and then stopped."""
        folder = self.put_into_place([], "")
        with RunningCluster(folder, equal_ranges(5)) as cluster:
            texts = self.topologies(cluster)
            outs = {name: self.split(*dumps, "--topology", text) for name, text in texts.items()}
            with open(texts["nodes.conf"], "rb") as file:
                outs["stdin"] = self.split(*dumps, "--topology", "-", stdin=file.read())
            cluster.stop()
            self.assert_split_alike(dumps, cluster, outs)
            for node, shard in zip(cluster.nodes, self.shards(next(iter(outs.values())))):
                shutil.copy(shard, os.path.join(node.folder, "dump.rdb"))
            cluster.start()
            self.assert_all_is_there(cluster)

    def assert_split_alike(self, dumps, cluster, outs):
        """Whoever has told the topology."""
        contents = {name: self.contents(out) for name, out in outs.items()}
        first = next(iter(contents))
        for name, out in outs.items():
            with self.subTest(topology=name):
                self.assertEqual(contents[name], contents[first])
                told = [(shard["host"], shard["port"], *shard["ranges"]) for shard in self.plan(out)["shards"]]
                there = [(HOST, node.port, list(slots)) for node, slots in zip(cluster.nodes, cluster.ranges)]
                self.assertEqual(told, there)
                names = [f"{HOST}-{node.port}_{a}-{b}.rdb" for node, (a, b) in zip(cluster.nodes, cluster.ranges)]
                self.assertEqual(sorted(contents[name]), sorted([*names, "plan.json"]))
        self.assert_same_digest(*self.shards(outs[first]))
        by_number = self.split(*dumps, "--shards", 5)
        listed = self.split(*dumps, "--slots", ",".join(f"{a}-{b}" for a, b in equal_ranges(5)))
        several = self.split(*dumps, "--slots", "0-99+200-5000+16383,100-199+5001-16382")
        for out in (by_number, listed, several):
            self.assert_same_digest(*self.shards(out))
        for out in (by_number, listed):
            snapshots = [sorted(digest for name, digest in self.contents(one).items() if name.endswith(".rdb"))
                         for one in (out, outs[first])]  # fmt: skip
            self.assertEqual(*snapshots)
        self.assertEqual(
            [shard["ranges"] for shard in self.plan(several)["shards"]],
            [[[0, 99], [200, 5000], [16383, 16383]], [[100, 199], [5001, 16382]]],
        )

    @staticmethod
    def contents(out):
        found = {}
        for name in os.listdir(out):
            with open(os.path.join(out, name), "rb") as file:
                found[name] = hashlib.sha256(file.read()).hexdigest()
        return found

    def topologies(self, cluster):
        """What tells the topology: {what: a file or a URL}."""
        node = cluster.nodes[2]
        found = {"nodes.conf": os.path.join(node.folder, "nodes.conf")}
        for options in ([], ["--no-raw"], ["--json"]):
            name = " ".join(["CLUSTER NODES", *options])
            with open(self.path(name.replace(" ", "_")), "wb") as file:
                command = ["redis-cli", "-p", str(node.port), *options, "CLUSTER", "NODES"]
                subprocess.run(command, stdout=file, check=True)
            found[name] = file.name
        for scheme in ("redis", "redis+cluster", "valkey+cluster"):
            found[scheme] = f"{scheme}://{HOST}:{node.port}"
        return found


class FromAofDirectories(OnShards):
    """Each node is started on its appendonlydir, and on a nodes.conf that gives it its slots."""

    def test_to_three_nodes(self):
        out = self.split(dump, "--shards", 3, *RULES.options(), "--to", "aof-dir", "--base", "aof")
        folder = self.put_into_place(self.shards(out, "appendonlydir"), "appendonlydir")
        with RunningCluster(folder, equal_ranges(3), prepared=True, appendonly="yes") as cluster:
            self.assert_all_is_there(cluster)


class FromNodes(OnShards):
    """Servers that are started in the directories of their nodes, and nothing else is done."""

    def split_for(self, hosts, *options):
        """The directories of nodes with free ports on these hosts, and the ports."""
        ports = [(free_port(), free_port()) for _ in hosts]
        nodes = ",".join(f"{host}:{port}@{bus}" for host, (port, bus) in zip(hosts, ports))
        out = self.split(dump, *RULES.options(), "--nodes", nodes, *options)
        return [os.path.join(out, node["name"]) for node in self.plan(out)["nodes"]], ports

    def assert_in_step(self, cluster):
        """Each replica has what its primary has."""
        for primary, replica in zip(cluster.nodes, cluster.replicas):
            wait_until(lambda replica=replica: b"master_link_status:up" in replica.call("INFO", "replication"))
            wait_until(lambda one=primary, other=replica: one.call("DEBUG", "DIGEST") == other.call("DEBUG", "DIGEST"))
            self.assertEqual(replica.call("DBSIZE"), primary.call("DBSIZE"))

    def assert_redirects(self, cluster):
        """A client that writes to any node is led to the right one."""
        for node in cluster.nodes:
            for name in ("foo", "bar", "hello"):
                command = ["redis-cli", "-c", "-p", str(node.port)]
                subprocess.run([*command, "SET", f"{name}:{node.port}", "1"], check=True, capture_output=True)
                told = subprocess.run([*command, "GETDEL", f"{name}:{node.port}"], check=True, capture_output=True)
                self.assertEqual(told.stdout.strip(), b"1")

    def assert_fails_over(self, cluster):
        """A primary is gone: its replica takes its slots and its keys; it comes back as a replica."""
        keys, replica = self.by_node(cluster)[0], cluster.replicas[0]
        cluster.nodes[0].kill()
        wait_until(lambda: replica.call("ROLE")[0] == b"master")
        wait_until(lambda: b"cluster_state:ok" in replica.call("CLUSTER", "INFO"))
        self.assertEqual(sum(replica.call.pipeline([("EXISTS", key) for key in keys])), len(keys))
        cluster.nodes[0].stop()
        cluster.nodes[0] = cluster.started(0)
        wait_until(lambda: cluster.nodes[0].call("ROLE")[0] == b"slave")
        wait_until(lambda: cluster.nodes[0].call("DEBUG", "DIGEST") == replica.call("DEBUG", "DIGEST"))

    def test_primaries_with_replicas(self):
        folders, ports = self.split_for([HOST] * 6, "--replicas", 1, "--to", "aof-dir")
        self.assertEqual([os.path.basename(folder) for folder in folders], [f"{HOST}-{port}" for port, _ in ports])
        self.assertEqual([sorted(os.listdir(folder)) for folder in folders],
                         [["appendonlydir", "nodes.conf"]] * 3 + [["nodes.conf"]] * 3)  # fmt: skip
        self.assert_same_digest(*(os.path.join(folder, "appendonlydir") for folder in folders[:3]))
        settings = {"appendonly": "yes", "cluster_node_timeout": 2000, "repl_diskless_sync_delay": 0}
        with PlacedCluster(folders, ports, equal_ranges(3), **settings) as cluster:
            self.assert_all_is_there(cluster)
            self.assert_in_step(cluster)
            self.assert_redirects(cluster)
            self.assert_fails_over(cluster)

    def test_by_name_with_ranges(self):
        ranges = [(0, 99), (100, 12000), (12001, 16383)]
        slots = ",".join(f"{first}-{last}" for first, last in ranges)
        folders, ports = self.split_for(["localhost"] * 3, "--name", "redis-cluster-%d", "--slots", slots)
        self.assertEqual([os.path.basename(folder) for folder in folders], [f"redis-cluster-{i}" for i in range(3)])
        with PlacedCluster(folders, ports, ranges, cluster_announce_hostname="localhost") as cluster:
            self.assert_all_is_there(cluster)
            for node in cluster.nodes:
                for line in node.call("CLUSTER", "NODES").decode().splitlines():
                    self.assertRegex(line, r"^[0-9a-f]{40} (127\.0\.0\.1|::1):\d+@\d+,localhost ")
            cluster.stop()
            cluster.start()
            self.assert_every_key_is_found(cluster)


if __name__ == "__main__":
    unittest.main()
