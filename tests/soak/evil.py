# SPDX-License-Identifier: MIT
"""A server that answers what it should but for what a table says: threads on loopback, RESP."""
import socket
import threading
import time

from lib.live_targets import HOST

VERSION = b"7.0.15"


def bulk(text):
    return b"$%d\r\n%b\r\n" % (len(text), text)


def array(*items):
    return b"*%d\r\n%b" % (len(items), b"".join(items))


def info(mode=b"standalone", more=b""):
    return bulk(
        b"# Server\r\nredis_version:%b\r\nredis_mode:%b\r\nserver_time_usec:%d\r\nrole:master\r\nconnected_slaves:0\r\n"
        b"maxmemory:0\r\nmaxmemory_policy:noeviction\r\nused_memory:1000000\r\nevicted_keys:0\r\nloading:0\r\n%b"
        % (VERSION, mode, int(time.time() * 1e6), more)
    )


def slots(*nodes):
    """The answer to CLUSTER SLOTS: (first, last, host, port) of each."""
    return array(*(array(b":%d\r\n" % first, b":%d\r\n" % last, array(bulk(host), b":%d\r\n" % port, bulk(b"%040d" % port)))
                   for first, last, host, port in nodes))  # fmt: skip


USUAL = {
    b"CONFIG": b"*0\r\n",
    b"DBSIZE": b":0\r\n",
    b"COMMAND": b"*0\r\n",
    b"ROLE": array(bulk(b"master"), b":0\r\n", b"*0\r\n"),
    b"EXISTS": b":0\r\n",
    b"DEL": b":0\r\n",
    b"UNLINK": b":0\r\n",
    b"PTTL": b":-2\r\n",
    b"PEXPIRETIME": b":-2\r\n",
    b"DUMP": b"$-1\r\n",
    b"GET": b"$-1\r\n",
    b"WAIT": b":0\r\n",
    b"EXEC": b"*0\r\n",
    b"SCAN": array(bulk(b"0"), b"*0\r\n"),
    b"TYPE": b"+none\r\n",
    b"CLIENT LIST": bulk(b""),
    b"FUNCTION LIST": b"*0\r\n",
    **dict.fromkeys((b"AUTH", b"SELECT", b"CLIENT", b"RESTORE", b"MULTI", b"PING", b"SET", b"FUNCTION", b"ASKING", b"READONLY",
                     b"HELLO"), b"+OK\r\n"),
}  # fmt: skip


def usual(command):
    """What an empty server answers."""
    name = command[0].upper()
    if name == b"INFO":
        return info()
    both = b" ".join((name, command[1].upper())) if len(command) > 1 else name
    return USUAL.get(both, USUAL.get(name, b":1\r\n"))


class Evil:
    """A listening server. `answer(command, server)` returns bytes, None to have the usual answer, an iterator of bytes
    after which the connection is silent, or CLOSE."""

    CLOSE = object()

    def __init__(self, answer):
        self._answer = answer
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.passwords = []
        self._stopped = False
        self._peers = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._peers.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        try:
            with peer, peer.makefile("rb") as requests:
                while command := read_command(requests):
                    if command[0].upper() == b"AUTH":
                        self.passwords.append(command[-1])
                    if not self._reply(peer, command):
                        return
        except (OSError, ValueError):  # the program has ended, or what it says is no command
            pass

    def _reply(self, peer, command):
        answer = self._answer(command, self)
        if answer is Evil.CLOSE:
            return False
        if answer is None or isinstance(answer, bytes):
            peer.sendall(usual(command) if answer is None else answer)
            return True
        for piece in answer:
            if self._stopped:
                return False
            peer.sendall(piece)
        return peer.recv(1 << 16) != b""

    def close(self):
        self._stopped = True
        self._listener.close()
        for peer in self._peers:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def read_command(requests):
    """The next command, as a list; None at the end."""
    head = requests.readline()
    if head[:1] != b"*":
        return None
    command = []
    for _ in range(int(head[1:])):
        size = int(requests.readline()[1:])
        command.append(requests.read(size + 2)[:-2])
    return command
