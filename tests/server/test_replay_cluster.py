# SPDX-License-Identifier: MIT
"""`rdbferry replay` into clusters that stay as they are: finding the nodes, however they are called, and each key's
node; what is refused; trouble that passes; and runs that are killed."""
import os
import random
import time
import unittest

from lib.cluster_replaying import RULES, InCluster
from lib.kinds import TLS, needs
from lib.live_targets import HOST, Authority, free_port, slot_of, tls_settings, wait_until
from lib.replaying import BIG, TARGET, UNAVAILABLE
from lib.soaking import scaled, soak
from lib.splitting import DONE, NO, USAGE
from test_live import has_ipv6

PASSWORD = "s3cret/@:pass"
IN_URL = "s3cret%2F%40%3Apass"


class Standing(InCluster):
    """What leaves the cluster as it is."""

    # --- keys on their nodes ---

    def test_modes(self):
        for mode in ("auto", "commands", "restore"):
            with self.subTest(mode=mode):
                self.clear()
                self.replay(self.dump, *RULES, self.url, "--mode", mode, "--big-key", BIG, "--verify")
                self.assert_complete()
                self.ferry("verify", self.dump, *RULES, "--against", self.url)
                self.assertEqual([self.errors(code) for code in (b"MOVED", b"ASK", b"CROSSSLOT")], [0, 0, 0])

    def test_ways_to_reach_it(self):
        node = self.cluster.nodes[2]
        for arguments in (
            [f"redis://{HOST}:{node.port}"],  # it says itself what it is
            [f"valkey+cluster://{HOST}:{free_port()},{HOST}:{node.port}"],
            ["-s", os.path.join(node.folder, "socket")],
        ):
            with self.subTest(arguments=arguments):
                self.clear()
                self.replay(self.dump, *RULES, *arguments)
                self.assert_complete()

    @scaled(test=1, soak=2)
    def test_what_exists(self, count):
        for mode in ("auto", "commands")[:count]:
            for policy in ("fail", "skip", "replace"):
                with self.subTest(mode=mode, policy=policy):
                    self.clear()
                    self.put_obstacles()
                    options = ["--mode", mode, "--big-key", BIG, "--on-exists", policy, *self.letters()]
                    expected = TARGET if policy == "fail" else DONE
                    self.replay(self.dump, *RULES, self.url, *options, expected=expected)
                    self.assert_complete(self.facts if policy == "replace" else self.with_obstacles)

    def test_three_at_once(self):
        """Each a third of the slots; libraries are in all of them."""
        parts = [["--shard", f"{i}/3", "--rate", "2MB/s"] for i in (1, 2, 3)]
        for running in [self.begin(self.dump, *RULES, self.url, "--big-key", BIG, *part) for part in parts]:
            self.finish(running)
        self.assert_complete()

    # --- refused before anything is written ---

    def refuse(self, *arguments, dump=None):
        self.replay(dump or self.dump, *arguments, self.url, expected=TARGET)
        self.assert_nothing_written()
        return self.said

    def test_other_databases(self):
        for mode in ("auto", "commands"):
            said = self.refuse("--mode", mode)
            self.assertIn("db 1", said)
            self.assertIn("--flatten-dbs", said)

    def test_all_but_the_last_key(self):
        def fill(call):
            call.pipeline([("SET", f"key:{i}", i) for i in range(5000)])
            call.pipeline([("SELECT", 9), ("SET", "the last one", 1), ("SELECT", 0)])

        dump = self.dump_of(fill)
        self.assertIn("the last one", self.refuse(dump=dump))
        self.replay(dump, self.url, "-D", "9")
        self.assertEqual(sum(size for (size,) in self.cluster.call_all(("DBSIZE",))), 5000)

    def test_two_of_one_name(self):
        self.assertIn("both map to", self.refuse("--flatten-dbs=x%d", "--map-db", "1=0"))

    def test_database_in_the_url(self):
        port = self.cluster.nodes[0].port
        self.ferry("replay", self.dump, *RULES, f"redis://{HOST}:{port}/1", expected=USAGE)
        self.assert_nothing_written()

    def test_no_cluster(self):
        self.replay(self.dump, *RULES, f"redis+cluster://{HOST}:{free_port()}", "--retry-for", "1s", expected=UNAVAILABLE)
        self.assertIn("cannot connect", self.said)


class Named(InCluster):
    """How nodes are called in answers to CLUSTER SLOTS, and by MOVED."""

    def configure(self, **settings):
        for node in self.cluster.nodes:
            for name, value in settings.items():
                node.call("CONFIG", "SET", name.replace("_", "-"), value)

    def check_names(self, endpoint):
        """A replay while slots go from node to node. `endpoint` is how all of them call all of them by then."""
        wait_until(lambda: all(self.endpoints(node) == {endpoint} for node in self.cluster.nodes))
        self.clear()
        running = self.begin_until(0.05, "--rate", "1500KB/s")
        first, second, third = self.cluster.primaries().values()
        for source, target in ((first, second), (second, third), (third, first)):
            self.reshard(source, target, 400)
        self.finish(running)
        self.assertGreater(self.errors(b"MOVED"), 0)
        self.assert_complete(moved=True)

    @staticmethod
    def endpoints(node):
        return {primary[0] for _, _, primary, *_ in node.call("CLUSTER", "SLOTS")}

    def test_hostnames(self):
        self.configure(cluster_announce_hostname="localhost", cluster_preferred_endpoint_type="hostname")
        self.addCleanup(self.configure, cluster_announce_hostname="", cluster_preferred_endpoint_type="ip")
        self.check_names(b"localhost")

    @soak
    def test_hostnames_that_are_not_known(self):
        self.configure(cluster_preferred_endpoint_type="hostname")
        self.addCleanup(self.configure, cluster_preferred_endpoint_type="ip")
        self.check_names(b"?")

    @soak
    def test_no_names(self):
        self.configure(cluster_preferred_endpoint_type="unknown-endpoint")
        self.addCleanup(self.configure, cluster_preferred_endpoint_type="ip")
        self.check_names(None)

    @soak
    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_ipv6(self):
        self.configure(cluster_announce_ip="::1")
        self.addCleanup(self.configure, cluster_announce_ip=HOST)
        self.check_names(b"::1")


class Disturbed(InCluster):
    """Trouble that passes, or does not."""

    def take_slot(self, slot=7):
        """From everybody: nobody answers for any key then."""
        owner = self.cluster.node_of(slot)
        self.addCleanup(self.give_slot, slot, owner)
        for node in self.cluster.nodes:
            node.call("CLUSTER", "DELSLOTS", slot)
        return owner

    def give_slot(self, slot, owner):
        """Back to its node, where the test has not come to it."""
        if self.cluster.owners(owner)[slot] is None:
            owner.call("CLUSTER", "ADDSLOTS", slot)
        self.cluster.settle()

    def test_a_slot_that_nobody_has(self):
        owner = self.take_slot()
        for arguments in (["--retry-for", "2s"], ["--retry-for", "2s", "--mode", "commands"]):
            self.replay(self.dump, *RULES, self.url, *arguments, expected=TARGET)
            self.assertIn("unassigned cluster slots: 1, the first is 7", self.said)
        owner.call("CLUSTER", "ADDSLOTS", 7)
        self.cluster.settle()
        self.assert_nothing_written()

    def test_slots_that_nobody_has_and_nobody_needs(self):
        """Where the cluster does without them, they concern only the keys in them."""
        for node in self.cluster.nodes:
            node.call("CONFIG", "SET", "cluster-require-full-coverage", "no")
            self.addCleanup(node.call, "CONFIG", "SET", "cluster-require-full-coverage", "yes")
        key = b"key of it"
        slot = slot_of(key)
        owner = self.take_slot(slot)
        try:
            for name in (b"some key", b"another one"):
                self.assertNotEqual(slot_of(name), slot)
            few = self.dump_of(lambda call: call("MSET", b"some key", 1, b"another one", 2))
            one = self.dump_of(lambda call: call("SET", key, 3))
            self.ferry("replay", few, self.url, "--dry-run")
            self.replay(few, self.url)
            self.ferry("verify", few, "--against", self.url)
            others = f"0-{slot - 1},{slot + 1}-16383"
            self.replay(few, one, self.url, "--only-slots", others, "--on-exists", "replace", "--verify")
            self.replay(one, self.url, "--retry-for", "1s", expected=UNAVAILABLE)
            self.assertIn(f"no node of the cluster serves slot {slot}", self.said)
            self.assertIn(key.decode(), self.said)
            self.ferry("verify", one, "--against", self.url, "--retry-for", "5s", expected=UNAVAILABLE)
            self.assertIn(f"no node of the cluster serves slot {slot}", self.said)
            page = self.ferry("replay", one, self.url, "--dry-run", expected=NO).decode()
            self.assertIn("1 key is in a slot that is not assigned to a node (see --only-slots)", page)
        finally:
            owner.call("CLUSTER", "ADDSLOTS", slot)
            self.cluster.settle()

    def test_a_slot_that_goes(self):
        """In mid-replay; what was written stays, and somebody who resumes has all of it."""
        checkpoint = ["--checkpoint", self.path("checkpoint")]
        running = self.begin_until(0.2, "--rate", "2MB/s", "--retry-for", "2s", *checkpoint)
        owner = self.take_slot()
        self.finish(running, UNAVAILABLE)
        self.assertRegex(self.said, "CLUSTERDOWN|cluster's slots|unassigned cluster slots")
        owner.call("CLUSTER", "ADDSLOTS", 7)
        self.cluster.settle()
        self.replay(self.dump, *RULES, self.url, "--big-key", BIG, *checkpoint, "--resume")
        self.assert_complete()

    def test_a_slot_that_comes_back(self):
        running = self.begin_until(0.2, "--rate", "2MB/s", "--mode", "commands")
        owner = self.take_slot()
        wait_until(lambda: self.errors(b"CLUSTERDOWN") > 0)
        owner.call("CLUSTER", "ADDSLOTS", 7)
        self.finish(running)
        self.assert_complete()

    @soak
    def test_a_node_that_halts(self):
        """Longer than the others put up with; nobody takes its place, and then it is back."""
        halting, other, _ = self.cluster.nodes
        running = self.begin_until(0.2, "--rate", "2MB/s")
        with halting.halted():
            wait_until(lambda: b"cluster_state:fail" in other.call("CLUSTER", "INFO"))
            time.sleep(0.5)
            self.assertTrue(running.running(), running.said())
        self.finish(running)
        self.assert_complete()

    def test_connections_that_are_killed(self):
        """On one node, again and again."""
        node = self.cluster.nodes[0]
        running = self.begin_until(0.1, "--rate", "2MB/s")
        for _ in range(20):
            node.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            time.sleep(0.05)
        self.finish(running)
        self.assert_complete()

    # --- killed and resumed ---

    @scaled(test=2, soak=10)
    def test_kills(self, count):
        """Killed at any time, perhaps twice; keys that were there before stay, and those of this run are not among
        them."""
        for seed in range(self.seed, self.seed + count):
            with self.subTest(seed=seed):
                self.clear()
                self.check_kills(random.Random(seed))

    def check_kills(self, make):
        policy = make.choice(("fail", "skip"))
        options = ["--mode", make.choice(("auto", "commands", "restore")), *self.on_exists(policy)]
        options += ["--connections", make.choice((1, 2, 3)), "--big-key", make.choice(("2K", BIG))]
        options += ["--checkpoint", os.path.join(self.fresh(), "checkpoint")]
        self.put_obstacles()
        again = []
        for _ in range(make.choice((1, 1, 2))):
            running = self.begin(self.dump, *RULES, self.url, *options, *again, "--rate", "6MB/s")
            time.sleep(make.uniform(0.02, 0.6))
            running.end()
            if make.random() < 0.3:
                self.reshard(*make.sample(self.primaries, 2), 500)
            again = ["--resume"]
        running = self.begin(self.dump, *RULES, self.url, *options, *again)
        # with all its failures it may have come to its end before it was killed
        self.assertIn(running.wait(), (TARGET, DONE) if policy == "fail" else (DONE,), running.said())
        self.assert_complete(self.with_obstacles, moved=True)


class One(InCluster):
    """A cluster of one node, which has never been told its own address."""

    size = 1

    def test_it_has_no_name(self):
        (node,) = self.cluster.nodes
        node.call("CONFIG", "SET", "cluster-announce-ip", "")
        self.assertEqual(node.call("CLUSTER", "SLOTS")[0][2][0], b"")
        self.replay(self.dump, *RULES, self.url)
        self.assert_complete()


@needs(TLS)
class Secret(InCluster):
    """Over TLS, and with a password, which all nodes want."""

    secret = PASSWORD

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority(cls.class_folder(), "ours")
        super().setUpClass()
        for node in cls.cluster.nodes:
            node.call("CONFIG", "SET", "requirepass", PASSWORD)

    @classmethod
    def settings(cls):
        return {**super().settings(), **tls_settings(cls.authority, f"IP:{HOST}"), "tls_cluster": "yes", "tls_replication": "yes"}

    def test_tls(self):
        port = self.cluster.nodes[0].port
        for url in (f"rediss+cluster://:{IN_URL}@{HOST}:{port}", f"rediss://:{IN_URL}@{HOST}:{port}"):
            self.clear()
            self.replay(self.dump, *RULES, url, "--cacert", self.authority.certificate, "--verify")
            self.assert_complete()

    def test_refused(self):
        url = f"rediss+cluster://{HOST}:{self.cluster.nodes[0].port}"
        trusting = ["--cacert", self.authority.certificate]
        for arguments, reason in (
            (["-a", PASSWORD], "certificate rejected"),
            (trusting, "NOAUTH"),
            ([*trusting, "-a", "wrong"], "WRONGPASS"),
        ):
            with self.subTest(reason=reason):
                self.replay(self.dump, *RULES, url, *arguments, expected=TARGET)
                self.assertIn(reason, self.said)
                self.assert_nothing_written()


if __name__ == "__main__":
    unittest.main()
