# SPDX-License-Identifier: MIT
"""Topologies beside what redis-cli plans and what real clusters say: with replicas, hostnames, endpoints that are not
told, after a failover; and targets that are no clusters."""
import contextlib
import os
import re
import subprocess
import unittest

from lib.kinds import CLUSTER_PORTS, needs, needs_version
from lib.live_targets import HOST, Cluster, Sentinel, TcpServer, free_port, wait_until
from lib.program import ROOT
from lib.splitting import INPUT, OUTPUT, UNAVAILABLE, USAGE, Splitting

DUMP = os.path.join(ROOT, "testdata", "servers", "redis-7.0.15.rdb")
FORMS = {"file": [], "terminal": ["--no-raw"], "json": ["--json"]}


def cli(port, *arguments, **options):
    command = ["redis-cli", "-p", str(port), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=300, **options).stdout


class Topologies(Splitting):
    def shards_of(self, *topology):
        """Names and ranges, as the plan has them."""
        return [
            (shard["name"], *map(tuple, shard["ranges"]))
            for shard in self.plan(self.split(DUMP, "--flatten-dbs", *topology))["shards"]
        ]

    def refusal(self, expected, *topology):
        self.split(DUMP, "--flatten-dbs", *topology, expected=expected)
        return self.said


@needs(CLUSTER_PORTS)
class EqualRanges(Topologies):
    def test_plans_of_redis_cli(self):
        with contextlib.ExitStack() as stack:
            ports = []
            for i in range(9):
                server = TcpServer(self.path(f"node{i}"), cluster_enabled="yes", cluster_port=free_port())
                ports.append(stack.enter_context(server).port)
            for count in (3, 4, 6, 7, 9):
                nodes = [f"{HOST}:{port}" for port in ports[:count]]
                said = cli(ports[0], "--cluster", "create", *nodes, input=b"no\n")
                plan = re.findall(rb"Master\[\d+\] -> Slots (\d+) - (\d+)", said)
                self.assertEqual(len(plan), count, said)
                expected = [(f"shard-{i}", tuple(map(int, slots))) for i, slots in enumerate(plan)]
                self.assertEqual(self.shards_of("--shards", count), expected)


@needs(CLUSTER_PORTS)
class OfClusters(Topologies):
    def assert_told(self, port, addresses):
        """Shards are called by addresses."""
        for form, options in FORMS.items():
            with self.subTest(form=form):
                text = cli(port, *options, "CLUSTER", "NODES")
                self.assertEqual(self.shards_of("--topology", self.written(text)), addresses)

    def test_other_answers(self):
        with Cluster(self.path("cluster"), 1) as cluster:
            for command in ("SLOTS", "SHARDS"):
                for form, options in FORMS.items():
                    with self.subTest(command=command, form=form):
                        text = cli(cluster.nodes[0].port, *options, "CLUSTER", command)
                        said = self.refusal(INPUT, "--topology", self.written(text))
                        self.assertIn("use CLUSTER NODES output, nodes.conf, nodes.json or a redis:// URL", said)

    def written(self, text):
        path = os.path.join(self.fresh(), "topology")
        with open(path, "wb") as file:
            file.write(text)
        return path

    @staticmethod
    def named(names, owned):
        return [(f"{name}-{port}", *ranges) for name, (port, ranges) in zip(names, owned)]

    def test_endpoints_and_failover(self):
        with Cluster(self.path("cluster"), 3, lambda: {"cluster_node_timeout": 1000}) as cluster:
            cluster.add_replica(self.path("replica"), 1)
            first = cluster.nodes[0]
            owned = [
                (node.port, [(16384 * i // 3, 16384 * (i + 1) // 3 - 1)]) for i, node in enumerate(cluster.nodes)
            ]
            addresses = self.named([HOST] * 3, owned)
            self.assert_told(first.port, addresses)
            self.assertEqual(self.shards_of("--topology", f"redis://{HOST}:{first.port}"), addresses)

            for i, node in enumerate(cluster.nodes):
                node.call("CONFIG", "SET", "cluster-announce-hostname", f"node-{i}.example.net")
            wait_until(lambda: first.call("CLUSTER", "NODES").count(b",node-") == 3)
            self.assert_told(first.port, addresses)
            first.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
            hostnames = self.named([f"node-{i}.example.net" for i in range(3)], owned)
            self.assert_told(first.port, addresses)
            self.assertEqual(self.shards_of("--topology", f"redis+cluster://{HOST}:{first.port}"), hostnames)
            cluster.nodes[2].call("CONFIG", "SET", "cluster-announce-hostname", "")
            wait_until(lambda: first.call("CLUSTER", "NODES").count(b",node-") == 2)
            self.assert_told(first.port, addresses)
            first.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
            self.assert_told(first.port, addresses)
            first.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "ip")
            self.fail_over(cluster, first, addresses)

    def fail_over(self, cluster, first, addresses):
        """The second primary goes; its line, or shard, stays, and has no slots."""
        (replica,) = (port for port in self.ports_of(first, b" slave "))
        cluster.nodes[1].kill()
        wait_until(lambda: replica in self.ports_of(first, b" master ") and b"5461" in self.line_of(first, replica))
        after = [addresses[0], (f"{HOST}-{replica}", *addresses[1][1:]), addresses[2]]
        self.assertIn(b"master,fail", first.call("CLUSTER", "NODES"))
        self.assert_told(first.port, after)
        self.assertEqual(self.shards_of("--topology", f"redis://{HOST}:{first.port}"), after)

    @staticmethod
    def ports_of(node, flag):
        lines = node.call("CLUSTER", "NODES").splitlines()
        return [int(re.search(rb":(\d+)@", line).group(1)) for line in lines if flag in line]

    @staticmethod
    def line_of(node, port):
        (line,) = (line for line in node.call("CLUSTER", "NODES").splitlines() if b":%d@" % port in line)
        return line

    def test_partly_covered(self):
        with Cluster(self.path("cluster"), 1) as cluster:
            (node,) = cluster.nodes
            for slot in (5, 7, 8):
                node.call("CLUSTER", "DELSLOTS", slot)
            text = self.written(cli(node.port, "CLUSTER", "NODES"))
            self.assertIn("slot 5 and 2 more are not assigned to a shard", self.refusal(USAGE, "--topology", text))
            said = self.refusal(OUTPUT, "--topology", f"redis://{HOST}:{node.port}")
            self.assertIn("unassigned cluster slots: 3, the first is 5", said)


@needs_version(redis=(7, 0))
class Backups(Topologies):
    def test_of_redis_cli(self):
        """With the dumps that lie in it the nodes.json is enough to restore them."""
        with Cluster(self.path("cluster"), 3) as cluster:
            first = cluster.nodes[0]
            for node in reversed(cluster.nodes[:2]):  # a range of one slot
                node.call("CLUSTER", "SETSLOT", 100, "NODE", cluster.ids[1])
            expected = self.shards_of("--topology", f"redis://{HOST}:{first.port}")
            self.assertIn((100, 100), expected[1])
            moving = ("SETSLOT", 5, "MIGRATING", cluster.ids[1]), ("SETSLOT", 6, "MIGRATING", cluster.ids[2])
            for step in moving:
                first.call("CLUSTER", *step)
            backup = self.path("backup")
            os.mkdir(backup)
            said = cli(first.port, "--cluster", "backup", f"{HOST}:{first.port}", backup)
            path = os.path.join(backup, "nodes.json")
            self.assertTrue(os.path.exists(path), said)
            self.assertEqual(self.shards_of("--topology", path), expected)


@needs(CLUSTER_PORTS)
class BehindNat(Topologies):
    def test_addresses_that_are_mapped(self):
        """The nodes announce names that nobody resolves here; by those outputs are called."""
        with Cluster(self.path("cluster"), 3) as cluster:
            names = [f"node{i}.invalid" for i in range(3)]
            ports = [node.port for node in cluster.nodes]
            for node, name in zip(cluster.nodes, names):
                node.call("CONFIG", "SET", "cluster-announce-hostname", name)
                node.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
            wait_until(lambda: all(self.names_told(node) == names for node in cluster.nodes))
            url = f"redis://{HOST}:{ports[0]}"
            by_host = [word for name in names for word in ("--map-address", f"{name}={HOST}")]
            by_port = [
                word for name, port in zip(names, ports) for word in ("--map-address", f"{name}:{port}={HOST}:{port}")
            ]
            for maps in (by_host, by_port):
                self.ferry("replay", DUMP, url, "--flatten-dbs", "--on-exists", "replace", "--verify", *maps)
                self.ferry("verify", DUMP, "--flatten-dbs", "--against", url, *maps)
                found = [name for name, *_ in self.shards_of("--topology", url, *maps)]
                self.assertEqual(found, [f"{name}-{port}" for name, port in zip(names, ports)])
            self.ferry("verify", DUMP, "--flatten-dbs", "--against", url, "--retry-for", "0", expected=UNAVAILABLE)
            self.assertIn(".invalid", self.said)

    @staticmethod
    def names_told(node):
        return [(primary[0] or b"").decode() for _, _, primary, *_ in sorted(node.call("CLUSTER", "SLOTS"))]


@needs(CLUSTER_PORTS)
class OfOthers(Topologies):
    def test_no_cluster(self):
        with TcpServer(self.path("alone")) as alone:
            url = f"redis://{HOST}:{alone.port}"
            said = self.refusal(OUTPUT, "--topology", url)
            self.assertIn("is a standalone server, not a cluster node", said)
            text = self.path("error")
            with open(text, "wb") as file:
                file.write(cli(alone.port, "CLUSTER", "SLOTS"))
            said = self.refusal(INPUT, "--topology", text)
            self.assertIn("ERR This instance has cluster support disabled", said)
            with Sentinel(self.path("sentinel"), {"main": alone.port}) as sentinel:
                for url in (f"redis://{HOST}:{sentinel.port}", f"redis+sentinel://{HOST}:{sentinel.port}/main"):
                    said = self.refusal(OUTPUT, "--topology", url)
                    self.assertIn("is a Sentinel, not a cluster node", said)


if __name__ == "__main__":
    unittest.main()
