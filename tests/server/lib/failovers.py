# SPDX-License-Identifier: MIT
"""Servers of which another one takes over when the primary goes: behind Sentinels, and in clusters. What was killed
comes back as a replica, so that one group serves many tests."""
import contextlib
import os
import re
import socket
import subprocess
import time

from lib.live_targets import HOST, SLOTS, Cluster, Sentinel, TcpServer, wait_until
from lib.resp import Client

# A replica that was away for a while gets what it has missed, and no snapshot.
REPLICATION = {"repl_diskless_sync_delay": 0, "repl_backlog_size": "64mb"}

QUIET = 0.3  # seconds from one change of a cluster to the next

# Once a primary has sent this to a replica that halts, nothing else can be on its way there.
MORE_THAN_SOCKETS_HOLD = bytes(30_000_000)


def received(server):
    """Bytes since CONFIG RESETSTAT."""
    return int(re.search(rb"total_net_input_bytes:(\d+)", server.call("INFO", "stats")).group(1))


def is_in_step(replica, primary):
    """Whether it has all that its primary has, and gets more as soon as there is more: once it has been heard of."""
    told, of_it = primary.call("ROLE"), replica.call("ROLE")
    if (told[0], of_it[0]) != (b"master", b"slave"):
        return False
    heard_of = any(int(port) == replica.port and int(heard) > 0 for _, port, heard in told[2])
    return heard_of and of_it[4] >= told[1]


class LastingClient(Client):
    """Connects again: whoever changes a server's role closes its connections."""

    def __init__(self, path):
        super().__init__(path)
        self._path = path

    def pipeline(self, commands, at_once=500):
        try:
            return super().pipeline(commands, at_once)
        except ConnectionError:
            self.close()
            super().__init__(self._path)
            return super().pipeline(commands, at_once)


class Member(TcpServer):
    """A server that may be killed, and started again where it was."""

    def __init__(self, folder, **config):
        super().__init__(folder, **{**REPLICATION, **config})
        self._config = config
        self.call.close()
        self.call = LastingClient(os.path.join(self.folder, "socket"))

    def kill(self):
        super().kill()
        self._process.wait()

    def is_dead(self):
        return self._process.poll() is not None

    def start_again(self, **more):
        self.call.close()
        Member.__init__(self, self.folder, **{**self._config, "port": self.port, **more})

    def is_primary(self):
        return not self.is_dead() and self.call("ROLE")[0] == b"master"


# --- Sentinel ---


def by_name(reply):
    return dict(zip(reply[::2], reply[1::2]))


class Watched:
    """A primary with two replicas, and three Sentinels that call it "main"."""

    def __init__(self, folder):
        self._stack = contextlib.ExitStack()
        try:
            self.servers = [self._stack.enter_context(Member(os.path.join(folder, f"server{i}"))) for i in range(3)]
            for server in self.servers[1:]:
                server.call("REPLICAOF", HOST, self.servers[0].port)
            watched = {"main": self.servers[0].port}
            self.sentinels = [
                self._stack.enter_context(Sentinel(os.path.join(folder, f"sentinel{i}"), watched)) for i in range(3)
            ]
            for sentinel in self.sentinels:
                # Longer than they take to connect again to the one that was promoted, which had closed their
                # connections: else it is replaced at once.
                sentinel.call("SENTINEL", "SET", "main", "quorum", 2, "down-after-milliseconds", 1500)
            wait_until(self._is_settled)
        except BaseException:
            self._stack.close()
            raise
        addresses = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        self.url = f"redis+sentinel://{addresses}/main"

    def stop(self):
        self._stack.close()

    def primary(self):
        """The one that the Sentinels name."""
        port = int(self.sentinels[0].call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")[1])
        (server,) = (server for server in self.servers if server.port == port)
        return server

    def replicas(self):
        return [server for server in self.servers if server is not self.primary()]

    @contextlib.contextmanager
    def only_primary(self):
        """It alone has what is written from now on; of that nothing is on its way to the replicas either."""
        primary = self.primary()
        with contextlib.ExitStack() as stack:
            for replica in self.replicas():
                stack.enter_context(replica.halted())
            primary.call("SET", "filler", MORE_THAN_SOCKETS_HOLD)
            primary.call("UNLINK", "filler")
            yield

    def _is_settled(self):
        primary = self.primary()
        if not self._is_agreed() or not all(self._knows_others(sentinel) for sentinel in self.sentinels):
            return False
        return primary.is_primary() and all(is_in_step(replica, primary) for replica in self.replicas())

    def _is_agreed(self):
        """No failover is under way, and all Sentinels name the same primary."""
        named = [by_name(sentinel.call("SENTINEL", "MASTER", "main")) for sentinel in self.sentinels]
        return {(name[b"port"], name[b"flags"]) for name in named} == {(b"%d" % self.primary().port, b"master")}

    @staticmethod
    def _knows_others(sentinel):
        replicas = sentinel.call("SENTINEL", "REPLICAS", "main")
        return (
            len(sentinel.call("SENTINEL", "SENTINELS", "main")) == 2
            and [by_name(replica)[b"flags"] for replica in replicas] == [b"slave"] * 2
        )

    def settle(self):
        """All are there again, and have the same data."""
        wait_until(self._is_agreed)
        primary = self.primary()
        for server in self.servers:
            if server.is_dead():
                server.start_again(replicaof=[HOST, str(primary.port)])
            elif server is not primary and server.is_primary():
                # replaced while it lived; the Sentinels would tell it so themselves, but not for ten seconds
                server.call("REPLICAOF", HOST, primary.port)
        wait_until(self._is_settled)


# --- Cluster ---


class LiveCluster(Cluster):
    """Primaries that may lose slots to each other, and be replaced by replicas; `more()` gives settings of one."""

    def __init__(self, folder, size=3, more=dict):
        self._settings = {
            "cluster_announce_ip": HOST,
            "cluster_node_timeout": 1500,
            "cluster_allow_replica_migration": "no",
            **REPLICATION,
        }
        super().__init__(folder, size, lambda: {**self._settings, **more()})
        self.url = f"redis+cluster://{HOST}:{self.nodes[-1].port}"

    def add_replica(self, folder, number):
        """It is one of the nodes then."""
        replica = super().add_replica(folder, number)
        for name in ("cluster_node_timeout", *REPLICATION):
            replica.call("CONFIG", "SET", name.replace("_", "-"), self._settings[name])
        self.nodes.append(replica)
        self.ids.append(replica.call("CLUSTER", "MYID"))

    def stop(self):
        self.close()

    # --- who has what ---

    @staticmethod
    def owners(node):
        """Of each slot the id of its primary, as this node has it."""
        found = [None] * SLOTS
        for first, last, primary, *_ in node.call("CLUSTER", "SLOTS"):
            found[first : last + 1] = [primary[2]] * (last + 1 - first)
        return found

    def settle(self):
        """All agree, everybody is well, and replicas have all that there is."""
        wait_until(self._is_well)

    def _is_well(self):
        owners, epochs = self.owners(self.nodes[0]), self._epochs(self.nodes[0])
        if None in owners or any(self.owners(node) != owners or self._epochs(node) != epochs for node in self.nodes):
            return False
        if any(b"cluster_state:ok" not in node.call("CLUSTER", "INFO") for node in self.nodes):
            return False
        if any(self._misses_one(node) for node in self.nodes):
            return False
        primaries = self.primaries().values()
        replicas = (node for node in self.nodes if node not in primaries)
        return all(any(is_in_step(replica, primary) for primary in primaries) for replica in replicas)

    @staticmethod
    def _misses_one(node):
        return any(b"fail" in line.split()[2] for line in node.call("CLUSTER", "NODES").splitlines())

    @staticmethod
    def _epochs(node):
        """Whoever takes a slot before it knows these does not have it for good."""
        fields = (line.split() for line in node.call("CLUSTER", "NODES").splitlines())
        current = re.search(rb"cluster_current_epoch:(\d+)", node.call("CLUSTER", "INFO")).group(1)
        return current, {field[0]: field[6] for field in fields}

    def primaries(self):
        """Those that have slots, when all is settled; their ids are the keys."""
        owners = set(self.owners(self.nodes[0]))
        return {name: node for name, node in zip(self.ids, self.nodes) if name in owners}

    def node_of(self, slot):
        return self.primaries()[self.owners(self.nodes[0])[slot]]

    def id_of(self, node):
        return self.ids[self.nodes.index(node)]

    def call_all(self, *commands):
        return [node.call.pipeline(list(commands)) for node in self.primaries().values()]

    # --- slots ---

    # What was sent before a slot moved says who had it: where that is read late, a node may believe it.

    def reshard(self, source, target, slots):
        """With redis-cli. Returns the finished process."""
        time.sleep(QUIET)
        command = ["redis-cli", "--cluster", "reshard", f"{HOST}:{self.nodes[0].port}", "--cluster-yes"]
        command += ["--cluster-from", self.id_of(source), "--cluster-to", self.id_of(target)]
        return subprocess.run([*command, "--cluster-slots", str(slots)], capture_output=True, timeout=120, check=False)

    def begin_slot(self, slot, source, target):
        time.sleep(QUIET)
        target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(target))

    @staticmethod
    def move_keys(slot, source, target, most):
        """Some of the keys that are in the slot now, temporary ones as well. False if there were none."""
        keys = source.call("CLUSTER", "GETKEYSINSLOT", slot, most)
        if keys:
            source.call("MIGRATE", HOST, target.port, "", 0, 60000, "KEYS", *keys)
        return bool(keys)

    def end_slot(self, slot, source, target):
        """All others that are there, and the slot itself."""
        while self.move_keys(slot, source, target, 20):
            pass
        for node in (target, source, *(set(self.primaries().values()) - {source, target})):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(target))

    # --- nodes ---

    def kill(self, node):
        """Returns what start_again() needs."""
        bus = node.call("CONFIG", "GET", "cluster-port")[1]
        node.kill()
        wait_until(lambda: not listens(node.port))
        return {"port": node.port, "cluster_port": int(bus)}

    def start_again(self, node, ports):
        """It becomes what the others have made of it."""
        settings = {**self._settings, **ports}
        again = self._stack.enter_context(TcpServer(node.folder, cluster_enabled="yes", **settings))
        self.nodes[self.nodes.index(node)] = again


def listens(port):
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
