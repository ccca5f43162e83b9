# SPDX-License-Identifier: MIT
"""Live targets to verify against: servers on loopback, certificates, Sentinels, clusters, and a proxy that gets
in the way."""
import binascii
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

from lib.kinds import KIND
from lib.server import Server

HOST = "127.0.0.1"
SLOTS = 16384


def free_port():
    """A port that is this process's until it ends, also while nobody listens there: test classes run side by side,
    each in a process of its own. Not one of those that the system hands out to whoever connects."""
    while True:
        port = random.SystemRandom().randrange(12000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0rdbferry-port-{port}")  # a name without a file, which goes with the process
            with socket.socket() as listener:
                listener.bind((HOST, port))
        except OSError:
            claim.close()
            continue
        claim.detach()  # it stays open
        return port


def slot_of(key):
    start = key.find(b"{")
    end = key.find(b"}", start + 1)
    tag = key[start + 1 : end] if start >= 0 and end > start + 1 else key
    return binascii.crc_hqx(tag, 0) % SLOTS


def wait_until(what, seconds=90):
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come about")
        time.sleep(0.02)


class TcpServer(Server):
    """A server with a port of its own."""

    def __init__(self, folder, **config):
        os.makedirs(folder, exist_ok=True)
        self.port = config.get("tls_port") or config.setdefault("port", free_port())
        super().__init__(folder, **config)

    def kill(self):
        """As when its machine is gone."""
        self._process.kill()

    @contextlib.contextmanager
    def halted(self):
        """It accepts connections (the kernel does) and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def count_calls(self, command):
        """How often a command has been called since CONFIG RESETSTAT."""
        found = re.search(rb"cmdstat_%b:calls=(\d+)" % command, self.call("INFO", "commandstats"))
        return int(found.group(1)) if found else 0

    def count_errors(self, code):
        found = re.search(rb"errorstat_%b:count=(\d+)" % code, self.call("INFO", "errorstats"))
        return int(found.group(1)) if found else 0


# --- certificates ---


class Authority:
    """A certificate authority that exists for one test."""

    def __init__(self, folder, name):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.certificate, self._key = self._path(name + ".crt"), self._path(name + ".key")
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.certificate,
        )  # fmt: skip

    def _path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def issue(self, name, subject_alt_name):
        """A certificate and its key, as two paths."""
        certificate, key, request = (self._path(f"{name}.{end}") for end in ("crt", "key", "csr"))
        extension = self._path(name + ".ext")
        with open(extension, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={subject_alt_name}\n")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", key, "-out", request,
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
            "-days", "2", "-extfile", extension, "-out", certificate,
        )  # fmt: skip
        return certificate, key


def tls_settings(authority, names, **more):
    """What a server needs to speak TLS; `names` are those in its certificate."""
    certificate, key = authority.issue("server", names)
    return {
        "tls_port": free_port(),
        "tls_cert_file": certificate,
        "tls_key_file": key,
        "tls_ca_cert_file": authority.certificate,
        "tls_auth_clients": "no",
        **more,
    }


# --- Sentinel ---


class Sentinel(Server):
    """A Sentinel that watches primaries: {name: port}."""

    def __init__(self, folder, primaries, password=None, **tls):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.port = tls.get("tls_port") or free_port()
        self.log_path = os.path.join(self.folder, "server.log")
        path, config = (os.path.join(self.folder, name) for name in ("socket", "sentinel.conf"))
        lines = [f"port {0 if tls else self.port}", f"unixsocket {path}", f"dir {self.folder}"]
        lines += [f"logfile {self.log_path}", *(f"{name.replace('_', '-')} {value}" for name, value in tls.items())]
        for name, port in primaries.items():
            lines += [
                f"sentinel monitor {name} {HOST} {port} 1",
                f"sentinel down-after-milliseconds {name} 500",
                f"sentinel failover-timeout {name} 2000",
            ]
            if password:
                lines.append(f"sentinel auth-pass {name} {password}")
        with open(config, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        self._process = subprocess.Popen(
            [KIND.path, config, "--sentinel"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self.call = self._connect(path)

    def knows_replica(self, name):
        """Whether a replica of this primary has been found, and is fit to take over."""
        replicas = self.call("SENTINEL", "REPLICAS", name)
        return any(dict(zip(replica[::2], replica[1::2]))[b"flags"] == b"slave" for replica in replicas)


# --- Cluster ---


class Cluster:
    """Primaries that share the slots evenly; `settings()` gives those of one node."""

    def __init__(self, folder, size, settings=dict):
        self._stack = contextlib.ExitStack()
        self.nodes = []
        self.moved = set()  # slots, from the first node to the second
        try:
            for i in range(size):
                node = TcpServer(
                    os.path.join(folder, f"node{i}"),
                    cluster_enabled="yes",
                    cluster_port=free_port(),
                    **{"cluster_node_timeout": 5000, **settings()},
                )
                self.nodes.append(self._stack.enter_context(node))
            self._join()
        except BaseException:
            self._stack.close()
            raise

    def _join(self):
        bus = [node.call("CONFIG", "GET", "cluster-port")[1] for node in self.nodes]
        count = len(self.nodes)
        for i, node in enumerate(self.nodes):
            node.call("CLUSTER", "ADDSLOTSRANGE", SLOTS * i // count, SLOTS * (i + 1) // count - 1)
            node.call("CONFIG", "SET", "cluster-announce-ip", HOST)
            if i > 0:
                node.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
                node.call("CLUSTER", "MEET", HOST, self.nodes[0].port, bus[0])
        self.ids = [node.call("CLUSTER", "MYID") for node in self.nodes]
        wait_until(lambda: all(self._is_settled(node) for node in self.nodes))

    def _is_settled(self, node):
        lines = node.call("CLUSTER", "INFO").decode().splitlines()
        info = dict(line.split(":", 1) for line in lines if ":" in line)
        return info["cluster_state"] == "ok" and int(info["cluster_size"]) == len(self.nodes)

    def add_replica(self, folder, number):
        """A node that takes over when the primary of this number is gone."""
        replica = TcpServer(folder, cluster_enabled="yes", cluster_port=free_port(), cluster_node_timeout=1000)
        self._stack.enter_context(replica)
        primary = self.nodes[number]
        replica.call("CLUSTER", "MEET", HOST, primary.port, primary.call("CONFIG", "GET", "cluster-port")[1])
        wait_until(lambda: self.ids[number] in replica.call("CLUSTER", "NODES"))
        replica.call("CLUSTER", "REPLICATE", self.ids[number])
        wait_until(lambda: replica.call("ROLE")[3:4] == [b"connected"])
        replica_id = replica.call("CLUSTER", "MYID")
        wait_until(lambda: all(self._has_replica(node, replica_id) for node in self.nodes))
        return replica

    @staticmethod
    def _has_replica(node, replica_id):
        lines = node.call("CLUSTER", "NODES").splitlines()
        return any(line.startswith(replica_id) and b" slave " in line for line in lines)

    def owner(self, slot):
        """The number of the node that has a slot."""
        evenly = next(i for i in range(len(self.nodes)) if slot < SLOTS * (i + 1) // len(self.nodes))
        return 1 if slot in self.moved else evenly

    def load_from(self, call):
        """Takes over all keys of a server's database 0."""
        keys, commands = call("KEYS", "*"), [[] for _ in self.nodes]
        payloads = call.pipeline([("DUMP", key) for key in keys])
        expiries = call.pipeline([("PEXPIRETIME", key) for key in keys])
        for key, payload, expiry in zip(keys, payloads, expiries):
            commands[self.owner(slot_of(key))].append(("RESTORE", key, max(expiry, 0), payload, "ABSTTL"))
        for node, some in zip(self.nodes, commands):
            node.call.pipeline(some)

    # Slots go from the first node to the second one alone: with moves in several directions, so fast after each
    # other, the nodes' gossip does not keep up, and in the end they disagree.

    def begin_move(self, key):
        """Of a slot of the first node that has but this key, the key goes to the second; the slot does not yet."""
        source, target, slot = self.nodes[0].call, self.nodes[1].call, slot_of(key)
        target("CLUSTER", "SETSLOT", slot, "IMPORTING", self.ids[0])
        source("CLUSTER", "SETSLOT", slot, "MIGRATING", self.ids[1])
        payload, expiry = source.pipeline([("DUMP", key), ("PEXPIRETIME", key)])
        target.pipeline([("ASKING",), ("RESTORE", key, max(expiry, 0), payload, "ABSTTL")])
        source("DEL", key)

    def end_move(self, key):
        for node in (self.nodes[1], self.nodes[0], *self.nodes[2:]):
            node.call("CLUSTER", "SETSLOT", slot_of(key), "NODE", self.ids[1])
        self.moved.add(slot_of(key))

    def close(self):
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# --- a proxy ---


class Proxy:
    """Between rdbferry and a server's unix socket. The n-th connection is cut when `cuts[n]` bytes have gone to
    the client; further ones are not. Bytes of requests and of answers are replaced by others of the same length,
    where they arrive in one piece."""

    def __init__(self, path, cuts=(), requests=(), answers=()):
        self._path, self._cuts, self._requests, self._answers = path, iter(cuts), requests, answers
        self.connections = 0
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                upstream = socket.socket(socket.AF_UNIX)
                upstream.connect(self._path)
                cut = next(self._cuts, None)
                ways = (client, upstream, self._requests, None), (upstream, client, self._answers, cut)
                for way in ways:
                    threading.Thread(target=self._pump, args=way, daemon=True).start()

    @staticmethod
    def _pump(source, sink, replacements, limit):
        with contextlib.suppress(OSError):
            while limit != 0 and (data := source.recv(65536)):
                for before, after in replacements:
                    data = data.replace(before, after)
                if limit is not None:
                    data = data[:limit]
                    limit -= len(data)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()

    def close(self):
        self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def called_redis(version):
    """What a Proxy replaces in answers, so that the server calls itself a Redis of this version, as "6.2"."""
    own = "7.2" if KIND.valkey else "{}.{}".format(*KIND.version)
    names = (f"redis_version:{own}", f"redis_version:{version}"), ("valkey_version:", "former_version:")
    return [(before.encode(), after.encode()) for before, after in names]
