# SPDX-License-Identifier: MIT
"""A network that does what networks do, between a program and a server's unix socket: connections are cut anywhere,
and in every way; bytes are swallowed, come late, or one by one."""
import contextlib
import random
import select
import socket
import struct
import threading
import time

from lib.live_targets import HOST

PIECE = 4096  # no more is passed on at once, and little is buffered in between
NO_LINGER = struct.pack("ii", 1, 0)  # close() sends RST


def close(end, reset=False):
    with contextlib.suppress(OSError):
        if reset:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        end.close()


def stop_sending(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_WR)


class Connection(threading.Thread):
    """One thread passes on both ways. (With two, close() in one would wait for recv() in the other.)"""

    def __init__(self, client, path, fault, pace):
        super().__init__(daemon=True)
        self.client, self._fault, self._pace = client, fault, pace
        self.upstream = socket.socket(socket.AF_UNIX)
        self.upstream.connect(path)
        for end in (client, self.upstream):
            end.settimeout(60)

    def run(self):
        with contextlib.suppress(OSError, ValueError):  # ValueError: an end that was closed meanwhile
            if self._pass_on(self._fault):
                self._fault.strike(self)
        close(self.client)
        close(self.upstream)

    def _pass_on(self, fault):
        """Until one side ends it, or, which is True, until it is time for the fault."""
        while True:
            for source in self._ready():
                data = source.recv(PIECE)
                if not data:
                    return False
                if self._pace:
                    time.sleep(len(data) * self._pace)
                if fault and fault.is_due(source is self.client, data):
                    self.other(source).sendall(fault.passed)
                    return True
                self.other(source).sendall(data)

    def _ready(self, seconds=None):
        return select.select([self.client, self.upstream], [], [], seconds)[0]

    def other(self, end):
        return self.client if end is self.upstream else self.upstream

    def go_on(self):
        """As if there had been no fault."""
        self._pass_on(None)

    def pass_some(self, seconds, deaf=(), piece=PIECE):
        """Passes on for a while what does not come from those who are not heard."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for source in self._ready(left):
                data = source.recv(piece)
                if not data:
                    return
                if source not in deaf:
                    self.other(source).sendall(data)

    def close(self):
        """From another thread: this one wakes up."""
        for end in (self.client, self.upstream):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


# --- what happens to a connection ---


class Fault:
    """Strikes when so many bytes of requests, or of answers, have passed."""

    def __init__(self, make, kind):
        self.make, self._kind = make, kind
        self._in_requests = make.random() < 0.5
        # as often in the first bytes, where connections introduce themselves, as far behind them
        self._left = int(2 ** make.uniform(5, 20 if self._in_requests else 10))

    def is_due(self, from_client, data):
        """Whether the place is in these bytes. They are parted there: `passed` and `rest`."""
        if from_client != self._in_requests:
            return False
        self.passed, self.rest = data[: self._left], data[self._left :]
        self._left -= len(self.passed)
        return self._left == 0

    def ends(self, connection):
        """Where the bytes came from, and where they go."""
        ends = connection.client, connection.upstream
        return ends if self._in_requests else ends[::-1]

    def pass_rest(self, connection, to=None):
        _, sink = self.ends(connection)
        if to in (None, sink):
            sink.sendall(self.rest)

    def strike(self, connection):
        self._kind(connection, self)


def cut(connection, fault):
    """At once, for each side in one way or the other."""
    close(connection.client, fault.make.random() < 0.7)
    close(connection.upstream, fault.make.random() < 0.5)


def swallow(connection, fault):
    """What is sent in one direction, or in both, comes to nobody."""
    source, sink = fault.ends(connection)
    deaf = [source, sink] if fault.make.random() < 0.3 else [source]
    connection.pass_some(fault.make.uniform(0.01, 0.08), deaf)
    cut(connection, fault)


def come_late(connection, fault):
    """The client finds itself cut off; what it had sent arrives all the same, when it is back already."""
    late = [fault.rest] if fault.ends(connection)[0] is connection.client else []
    connection.client.settimeout(0.002)
    with contextlib.suppress(OSError):
        while len(late) < 50 and (data := connection.client.recv(PIECE)):
            late.append(data)
    close(connection.client, fault.make.random() < 0.7)
    time.sleep(fault.make.uniform(0.01, 0.15))
    connection.upstream.sendall(b"".join(late))
    time.sleep(0.01)


def end_answers(connection, fault):
    """One direction is closed: no answers any more, but what is sent still arrives."""
    stop_sending(connection.client)
    fault.pass_rest(connection, connection.upstream)
    connection.pass_some(fault.make.uniform(0.01, 0.08), [connection.upstream])


def end_requests(connection, fault):
    """The other direction: the server sees the end; what it says still arrives."""
    stop_sending(connection.upstream)
    fault.pass_rest(connection, connection.client)
    connection.pass_some(fault.make.uniform(0.01, 0.08), [connection.client])


def trickle(connection, fault):
    """For a while, everything comes in pieces of a few bytes; then it is cut."""
    fault.pass_rest(connection)
    connection.pass_some(fault.make.uniform(0.02, 0.1), piece=fault.make.randrange(1, 20))
    cut(connection, fault)


def pause(connection, fault):
    """Nothing passes; then it goes on."""
    time.sleep(fault.make.uniform(0.02, 0.2))
    fault.pass_rest(connection)
    connection.go_on()


# After these, all that the client had sent has arrived, or never will.
PROMPT = (cut, swallow, end_answers, end_requests, trickle, pause)
KINDS = (*PROMPT, come_late, come_late, come_late)


class CuttingProxy:
    """Of its connections, the first ones are spared: they find out who is there. The next ones, `most` of them,
    have a fault each. Without a seed there are none. `pace` is how many seconds a byte takes."""

    def __init__(self, path, seed=None, most=7, spare=3, kinds=KINDS, pace=0):
        self._path, self._make, self._most, self._spare = path, random.Random(seed), most, spare
        self._kinds, self._pace = kinds if seed is not None else (), pace
        self.connections = 0
        self._open = []
        self._listener = socket.socket()
        # accepted connections have these too; loopback's own segments are larger than that, and would have to wait
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * PIECE)
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._listener.bind((HOST, 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        self.url = f"redis://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                try:
                    connection = Connection(client, self._path, self._fault(), self._pace)
                except OSError:  # the server is not there
                    close(client, reset=True)
                    continue
                self._open.append(connection)
                connection.start()

    def _fault(self):
        number = self.connections - self._spare
        if not self._kinds or not 0 < number <= self._most:
            return None
        make = random.Random(self._make.random())
        return Fault(make, make.choice(self._kinds))

    def close(self):
        """Waits for what comes late, as long as the clients have gone. Afterwards nothing arrives any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self._open:
            connection.join(timeout=2)
            connection.close()
            connection.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
