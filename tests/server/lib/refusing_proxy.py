# SPDX-License-Identifier: MIT
"""A command proxy in front of a server's unix socket, which refuses what such proxies and services refuse, with an error
or by closing the connection."""
import contextlib
import socket
import threading

from lib.live_targets import HOST
from lib.resp import encode


def read_command(source):
    """A command as a list, None at the end."""
    line = source.readline()
    if not line.endswith(b"\r\n"):
        return None
    return [source.read(int(source.readline()[1:]) + 2)[:-2] for _ in range(int(line[1:]))]


def read_reply(source):
    """A reply as its bytes."""
    line = source.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("the server closed the connection")
    if line[:1] == b"$" and line[1:3] != b"-1":
        return line + source.read(int(line[1:]) + 2)
    if line[:1] == b"*":
        return line + b"".join(read_reply(source) for _ in range(int(line[1:])))
    return line


class RefusingProxy:
    """`refused`: commands, or "COMMAND SUBCOMMAND"; `says`: the error, None: it closes the connection. `answers`: commands
    that it answers by itself. `seen`: the commands that came."""

    def __init__(self, path, refused=(), says="ERR unknown command", answers=()):
        self._path, self._says, self._answers = path, says, dict(answers)
        self._refused = {name.encode() for name in refused}
        self.seen = []
        self._listener = socket.create_server((HOST, 0))
        self.url = f"redis://{HOST}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), client, server:
            server.connect(self._path)
            requests, replies = client.makefile("rb"), server.makefile("rb")
            while command := read_command(requests):
                answer = self._answer(command)
                if answer is None:
                    break
                if not answer:
                    server.sendall(encode(command))
                    answer = read_reply(replies)
                client.sendall(answer)

    def _answer(self, command):
        """The proxy's own answer, b"" where it passes the command on, None where it closes."""
        name = command[0].upper()
        self.seen.append(name.decode())
        if name.decode() in self._answers:
            return self._answers[name.decode()]
        if name in self._refused or b" ".join(command[:2]).upper() in self._refused:
            return None if self._says is None else b"-%b\r\n" % self._says.encode()
        return b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
