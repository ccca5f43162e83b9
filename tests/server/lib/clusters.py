# SPDX-License-Identifier: MIT
"""Clusters whose nodes are started on data that lies in their folders already."""
import os

from lib.live_targets import HOST, TcpServer, free_port, wait_until
from lib.resp import ReplyError


class RunningCluster:
    """Primaries, each with one range of slots; their folders are node0, node1, …

    How a server that has keys comes to its slots: while it loads, it takes those in which it has keys and which
    nobody has, and no others. Nothing is deleted. (Slots that another node has, by nodes.conf, it marks as being
    imported, and clients do not find the keys.) So either nodes.conf gives it its slots before it loads, as it does
    where the cluster was formed without keys and then stopped; here that is `prepared`. Or the slots that are still
    free are added afterwards, one by one: ADDSLOTSRANGE takes free ones only, and `redis-cli --cluster create`
    takes no node that has keys."""

    def __init__(self, folder, ranges, prepared=False, **settings):
        self._begin(
            [os.path.join(folder, f"node{i}") for i in range(len(ranges))],
            [(free_port(), free_port()) for _ in ranges],
            ranges,
            settings,
        )
        if prepared:
            self._prepare()
        self._come_up(self._form if not prepared else None)

    def _begin(self, folders, ports, ranges, settings):
        self.ranges, self._folders, self._ports, self._settings = ranges, folders, ports, settings
        self.nodes, self.replicas = [], []

    def _come_up(self, form=None):
        try:
            self._launch()
            if form:
                form()
            wait_until(self._is_settled)
        except BaseException:
            self.stop()
            raise

    def _prepare(self):
        """The nodes.conf of each, as if they had known each other."""
        for i, folder in enumerate(self._folders):
            lines = []
            for j, ((port, bus), (first, last)) in enumerate(zip(self._ports, self.ranges)):
                flags = "myself,master" if j == i else "master"
                lines.append(f"{j + 1:040x} {HOST}:{port}@{bus} {flags} - 0 0 {j + 1} connected {first}-{last}\n")
            lines.append(f"vars currentEpoch {len(self.ranges)} lastVoteEpoch 0\n")
            with open(os.path.join(folder, "nodes.conf"), "w", encoding="ascii") as file:
                file.writelines(lines)

    def _launch(self):
        self.nodes, self.replicas = [], []
        for i in range(len(self._folders)):
            (self.nodes if i < len(self.ranges) else self.replicas).append(self.started(i))

    def started(self, i):
        """A server on the folder of a node, which is not running."""
        port, bus = self._ports[i]
        settings = {"cluster_enabled": "yes", "cluster_node_timeout": 5000, **self._settings}
        return TcpServer(self._folders[i], port=port, cluster_port=bus, **settings)

    def _form(self):
        for i, (node, (first, last)) in enumerate(zip(self.nodes, self.ranges)):
            slots = range(first, last + 1)
            keys = node.call.pipeline([("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in slots])
            node.call("CLUSTER", "ADDSLOTS", *(slot for slot, count in zip(slots, keys) if count == 0))
            node.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
            if i > 0:
                node.call("CLUSTER", "MEET", HOST, *self._ports[0])

    def _is_settled(self):
        for node in [*self.nodes, *self.replicas]:
            try:
                lines = node.call("CLUSTER", "INFO").decode().splitlines()
            except ReplyError as error:
                if str(error).startswith("LOADING"):  # a replica, the data of its primary
                    return False
                raise
            info = dict(line.split(":", 1) for line in lines if ":" in line)
            if info["cluster_state"] != "ok" or info["cluster_size"] != str(len(self.ranges)):
                return False
        return True

    def number_of(self, slot):
        """Of the node that has it."""
        return next(i for i, (first, last) in enumerate(self.ranges) if first <= slot <= last)

    def start(self):
        """Again, with the ports and the nodes.conf that it had."""
        self._come_up()

    def stop(self):
        for node in [*self.nodes, *self.replicas]:
            node.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class PlacedCluster(RunningCluster):
    """A cluster that is started on folders in which everything is already, the primaries' first, then those of
    their replicas; ports are those of clients and of the bus."""

    def __init__(self, folders, ports, ranges, **settings):
        self._begin(folders, ports, ranges, settings)
        self._come_up()
