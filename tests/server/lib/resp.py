# SPDX-License-Identifier: MIT
"""RESP: a client for one server, and the commands that lie in an AOF."""
import socket


class ReplyError(Exception):
    """A server's error reply."""


class FormatError(Exception):
    """An AOF that is not a sequence of commands."""


def to_bytes(argument):
    return argument if isinstance(argument, bytes) else str(argument).encode()


def encode(command):
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        data = argument if isinstance(argument, bytes) else str(argument).encode()  # to_bytes() would be a call for each
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


class Client:
    """One connection over a unix socket. A call returns bytes, int, None or a list of these."""

    def __init__(self, path, seconds=60):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(seconds)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._in = self._socket.makefile("rb")

    def close(self):
        self._in.close()
        self._socket.close()

    def __call__(self, *command):
        return self.pipeline([command])[0]

    def pipeline(self, commands, at_once=500):
        """Sends the commands, some at a time, and returns their replies. Raises the first error."""
        replies = []
        for start in range(0, len(commands), at_once):
            some = commands[start : start + at_once]
            self._socket.sendall(b"".join(encode(command) for command in some))
            replies += [self._reply() for _ in some]
        for command, reply in zip(commands, replies):
            if isinstance(reply, ReplyError):
                raise ReplyError(f"{reply} after {[to_bytes(a)[:60] for a in command[:8]]}")
        return replies

    def _reply(self):
        line = self._in.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return ReplyError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        length = int(rest)
        if length < 0:
            return None
        if kind == b"$":
            return self._in.read(length + 2)[:-2]
        return [self._reply() for _ in range(length)]


def commands(data):
    """Yields each command of an AOF (without RDB preamble) as a list of bytes. Strict: as servers write it."""
    at = 0

    def number(mark):
        nonlocal at
        end = data.find(b"\r\n", at)
        if data[at : at + 1] != mark or end < 0:
            raise FormatError(f"offset {at}: {mark!r} expected, not {data[at:at + 20]!r}")
        value = int(data[at + 1 : end])
        at = end + 2
        return value

    while at < len(data):
        if data[at : at + 1] == b"#":
            at = data.index(b"\n", at) + 1
            continue
        command = []
        for _ in range(number(b"*")):
            length = number(b"$")
            argument = data[at : at + length]
            if data[at + length : at + length + 2] != b"\r\n" or len(argument) != length:
                raise FormatError(f"offset {at}: a bulk string of {length} bytes does not end there")
            command.append(argument)
            at += length + 2
        yield command


def with_databases(commands):
    """Yields (database, command) of each, without SELECT."""
    db = 0
    for command in commands:
        if command[0].upper() == b"SELECT":
            db = int(command[1])
        else:
            yield db, command
