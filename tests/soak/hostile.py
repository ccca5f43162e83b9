# SPDX-License-Identifier: MIT
"""Hostile servers: each command that talks to a live target meets one that answers nonsense, too much, or nothing. It
has to end in bounded time and memory, with an exit code that is documented, without a word of the password, and
without having talked to anybody that the target's own cluster has not named."""
import itertools
import os
import resource
import subprocess
import threading
import time

import soak
from evil import Evil, array, bulk, info, slots, usual
from lib.live_targets import HOST
from lib.program import PROGRAM
from writing import generate

PASSWORD = "s3cret-0f-the-soak"
SECONDS = 60  # no run may take longer: with --timeout 1s and --retry-for 2s
MEGABYTES = 512 * (3 if "asan" in PROGRAM else 1)  # nor have more resident memory
PAIRS = 40  # a seed tries so many of all pairs of answer and command

# Exit codes that the manual knows for a target that misbehaves; 0 and 1 are for commands that got what they wanted.
DONE, NO, TARGET, UNAVAILABLE = 0, 1, 4, 5


# --- what is answered ---


def always(answer, *commands):
    """This, to these commands; to all if none is named."""
    return lambda command, _: answer if not commands or command[0].upper() in commands else None


def then_silence(piece, *commands):
    """This, and nothing any more."""
    return lambda command, _: iter((piece,)) if command[0].upper() in commands else None


def stream_of(piece, *commands):
    """An answer that never ends."""
    return lambda command, _: itertools.repeat(piece) if command[0].upper() in commands else None


def trickle(start, seconds, *commands):
    """One that goes on byte by byte."""

    def bytes_of():
        yield start
        while True:
            time.sleep(seconds)
            yield b"x"

    return lambda command, _: bytes_of() if command[0].upper() in commands else None


def flood(command, _):
    """A hundred answers too many to whatever writes."""
    return usual(command) + b"+OK\r\n" * 100 if command[0].upper() in WRITES else None


def redirect(kind, elsewhere=None):
    """Each write is sent to another server, or to this one."""
    return lambda command, server: (
        b"-%b 0 %b:%d\r\n" % (kind, HOST.encode(), (elsewhere or server).port) if command[0].upper() in WRITES else None
    )


def in_cluster(answer, nodes):
    """The same, of a server that says it is of a cluster with the slots `nodes(server)`."""

    def respond(command, server):
        if command[0].upper() == b"INFO":
            return info(b"cluster", b"cluster_enabled:1\r\n")
        if [word.upper() for word in command[:2]] == [b"CLUSTER", b"SLOTS"]:
            return nodes(server)
        return answer(command, server)

    return respond


def itself(server):
    return slots((0, 16383, HOST.encode(), server.port))


def every_slot_a_node(server):
    return slots(*((n, n, b"127.%d.%d.1" % (n >> 8, n & 255), 1 + n) for n in range(16384)))


def scan_for_ever(command, _):
    """New keys with every call, and never cursor 0."""
    if command[0].upper() == b"DBSIZE":
        return b":10\r\n"
    if command[0].upper() != b"SCAN":
        return None
    first = 1000 * next(numbers)
    return array(bulk(b"%d" % (first + 1)), array(*(bulk(b"key:%d" % n) for n in range(first, first + 1000))))


def scan_same_cursor(command, _):
    """The same keys with every call."""
    return array(bulk(b"7"), array(bulk(b"again"))) if command[0].upper() == b"SCAN" else None


def quit_while_writing(command, _):
    return Evil.CLOSE if command[0].upper() in WRITES else None


numbers = itertools.count()
WRITES = {b"SET", b"SETNX", b"RESTORE", b"RESTORE-ASKING", b"RPUSH", b"SADD", b"HSET", b"HMSET", b"ZADD", b"XADD", b"EXEC",
          b"APPEND", b"RENAMENX", b"RENAME"}  # fmt: skip
READS = {b"DUMP", b"GET", b"SCAN", b"PTTL", b"TYPE", b"EXISTS"}
REPLICAS = b"".join(b"slave%d:ip=127.0.0.1,port=1,state=online,offset=0,lag=0\r\n" % n for n in range(200_000))

# What they answer, by name. Those of REDIRECTS would lead elsewhere, and must not: made for each run.
ANSWERS = {
    "an announced 512 MB": then_silence(b"$536870912\r\n", b"INFO"),
    "an announced 4 GB": always(b"$4294967295\r\n", *WRITES),
    "an announced 2^63": always(b"$9223372036854775807\r\n"),
    "a negative length": always(b"$-7\r\n"),
    "an array of 2^31": always(b"*2147483647\r\n"),
    "arrays in arrays": always(b"*1\r\n" * 100_000),
    "an endless line": stream_of(b"x" * 65536, b"INFO", b"AUTH", *WRITES),
    "an endless error": stream_of(b"-ERR " + b"x" * 65536, *WRITES),
    "an endless bulk": lambda command, _: (
        itertools.chain((b"$536870912\r\n",), itertools.repeat(b"x" * 65536, 8192)) if command[0].upper() == b"AUTH" else None
    ),
    "an endless flood of +OK": stream_of(b"+OK\r\n" * 10_000, *WRITES),
    "a hundred answers too many": flood,
    "a trickle to AUTH": trickle(b"+O", 0.3, b"AUTH"),
    "a trickle to INFO": trickle(b"$1000000\r\n", 0.3, b"INFO"),
    "a trickle to writes": trickle(b"$1000000\r\n", 0.3, *WRITES),
    "a trickle to reads": trickle(b"$1000000\r\n", 0.3, *READS),
    "silence": then_silence(b"", *WRITES, *READS),
    "half an answer": then_silence(b"$100\r\nhalf", *WRITES, *READS),
    "the connection's end": quit_while_writing,
    "no RESP": always(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "no RESP to writes": always(b"\0\xff\xfe\r\n", *WRITES),
    "answers to nothing": lambda command, _: usual(command) + b":1\r\n",
    "integers": always(b":1\r\n"),
    "nil": always(b"$-1\r\n"),
    "an empty array": always(b"*0\r\n"),
    "an error": always(b"-ERR no\r\n"),
    "an error of control characters": always(b"-\x1b]0;x\x07\x1b[2J\xc2\x9b\r\n", *WRITES, *READS),
    "TRYAGAIN for ever": always(b"-TRYAGAIN not yet\r\n", *WRITES, *READS),
    "LOADING for ever": always(b"-LOADING not yet\r\n"),
    "BUSY for ever": always(b"-BUSY script\r\n", *WRITES),
    "MASTERDOWN for ever": always(b"-MASTERDOWN Link with MASTER is down\r\n"),
    "MOVED to nowhere": always(b"-MOVED\r\n", *WRITES, *READS),
    "MOVED to no slot": always(b"-MOVED 99999999999 127.0.0.1:1\r\n", *WRITES, *READS),
    "MOVED in a circle": redirect(b"MOVED"),
    "ASK in a circle": redirect(b"ASK"),
    "MOVED in a circle, in a cluster": in_cluster(redirect(b"MOVED"), itself),
    "ASK in a circle, in a cluster": in_cluster(redirect(b"ASK"), itself),
    "16,384 nodes": in_cluster(lambda command, _: None, every_slot_a_node),
    "no slots": in_cluster(lambda command, _: None, lambda _: b"*0\r\n"),
    "slots of nobody": in_cluster(lambda command, _: None, lambda _: slots((0, 16383, b"", 0))),
    "slots beyond the last": in_cluster(lambda command, _: None, lambda server: slots((0, 99999, HOST.encode(), server.port))),
    "slots that are no array": in_cluster(lambda command, _: None, lambda _: b":1\r\n"),
    "INFO with 200,000 replicas": always(info(more=b"connected_slaves:200000\r\n" + REPLICAS), b"INFO"),
    "INFO of a million lines": always(info(more=b"x:y\r\n" * 1_000_000), b"INFO"),
    "INFO without a version": always(bulk(b"nothing\r\n"), b"INFO"),
    "INFO of version 999999999999": always(bulk(b"redis_version:999999999999.-1.x\r\n"), b"INFO"),
    "INFO with a clock of INT64_MIN": always(info(more=b"server_time_usec:-9223372036854775808\r\n"), b"INFO"),
    "SCAN for ever": scan_for_ever,
    "SCAN that does not move": scan_same_cursor,
    "SCAN with a cursor of text": always(array(bulk(b"zero"), b"*0\r\n"), b"SCAN"),
    "SCAN with nested keys": always(array(bulk(b"0"), array(b"*1\r\n*0\r\n")), b"SCAN"),
    "TIME of 2^63": always(array(bulk(b"9223372036854775807"), bulk(b"999999999")), b"TIME"),
    "PTTL of -9": always(b":-9\r\n", b"PTTL", b"PEXPIRETIME"),
    "PTTL of 2^63-1": always(b":9223372036854775807\r\n", b"PTTL", b"PEXPIRETIME"),
    "PTTL of 2^63": always(b":9223372036854775808\r\n", b"PTTL", b"PEXPIRETIME"),
    "DUMP of nothing": always(bulk(b""), b"DUMP"),
    "DUMP of noise": always(bulk(bytes(range(256)) * 4), b"DUMP"),
    "DUMP of 40 MB": always(bulk(b"\0" * 40_000_000), b"DUMP"),
    "FUNCTION LIST of nonsense": always(array(array(bulk(b"library_name"), b":1\r\n"), b":7\r\n"), b"FUNCTION"),
    "EXEC of another length": always(array(*[b"+OK\r\n"] * 1000), b"EXEC"),
    "EXEC of nil": always(b"*-1\r\n", b"EXEC"),
}  # fmt: skip

# Where somebody else is named by a server that has no business to; that one must not be talked to.
REDIRECTS = {
    "MOVED to another host": lambda other: redirect(b"MOVED", other),
    "ASK to another host": lambda other: redirect(b"ASK", other),
    "MOVED to another host, to all": lambda other: always(b"-MOVED 0 127.0.0.1:%d\r\n" % other.port),
}

# The commands; URL stands for the target.
COMMANDS = {
    "replay": ["replay", "IN", "URL"],
    "replay of commands": ["replay", "AOF", "URL"],
    "replay by restore": ["replay", "IN", "URL", "--mode", "restore", "--on-exists", "replace"],
    "replay of big values": ["replay", "IN", "URL", "--big-key", "1K"],
    "replay with all": ["replay", "IN", "URL", "--verify", "--dead-letter", "dead.aof", "--checkpoint",
                        "checkpoint", "--metrics-file", "metrics", "--report", "report.json", "--on-exists", "skip"],
    "dry run": ["replay", "IN", "URL", "--dry-run"],
    "verify": ["verify", "IN", "--against", "URL", "--report", "report.json", "--junit", "report.xml"],
    "verify strictly": ["verify", "IN", "--against", "URL", "--strict"],
    "split by its topology": ["split", "IN", "-o", "out", "--topology", "URL"],
}  # fmt: skip


# --- a run ---


class Measured:
    """A run of the program within its bounds. `exceeded` says which it has broken."""

    def __init__(self, arguments, folder):
        self.exceeded = None
        with open(os.path.join(folder, "stdout"), "wb") as out, open(os.path.join(folder, "stderr"), "wb") as err:
            process = subprocess.Popen([PROGRAM, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            watch = threading.Timer(SECONDS, self._end, (process,))
            watch.start()
            _, status, usage = os.wait4(process.pid, 0)
            watch.cancel()
        self.returncode = process.returncode = os.waitstatus_to_exitcode(status)
        self.megabytes = usage.ru_maxrss / 1024
        if not self.exceeded and self.megabytes > MEGABYTES:
            self.exceeded = f"{self.megabytes:.0f} MB of memory"
        self.stderr = read(os.path.join(folder, "stderr"))

    def _end(self, process):
        self.exceeded = f"it has not ended within {SECONDS} s"
        process.kill()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def attempt(seed, arguments, name, answer, other):
    """One pair of an answer and a command."""
    what = f"{name}: {' '.join(arguments)}"
    folder = seed.fresh()
    server = Evil(answer)
    places = {"IN": seed.path("data.rdb"), "AOF": seed.path("data.aof"), "URL": f"redis://:{PASSWORD}@{HOST}:{server.port}"}
    try:
        done = Measured([places.get(part, part) for part in [*arguments, "--timeout", "1s", "--retry-for", "2s"]], folder)
    finally:
        server.close()
    seed.counts["runs"] += 1
    said = soak.text(done.stderr[-500:])
    if done.exceeded:
        seed.find("bounds", f"{what}: {done.exceeded}: {said}")
    elif not seed.find_crash(done, what):
        seed.counts[f"with exit {done.returncode}"] += 1
        # A server may say that it is a cluster, into which an AOF cannot go.
        if done.returncode not in (DONE, NO, TARGET, UNAVAILABLE) and "cannot be replayed into a cluster" not in said:
            seed.find("exit code", f"{what}: exit {done.returncode}: {said}")
    for place, _, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names):
            if PASSWORD.encode() in read(path):
                seed.find("password", f"{what}: it is in {os.path.basename(path)}")
    if any(byte < 32 and byte not in b"\n\r\t" for byte in done.stderr):
        seed.find("control characters", f"{what}: {done.stderr[-300:]!r}")
    if other and other.connections:
        seed.find("talks to others", f"{what}: {other.connections} connections, {len(other.passwords)} passwords: {said}")


def run(seed):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    generate(seed.path("data.rdb"), seed.number, "--kind", "types", "--rdb-version", "10", "--no-modules")
    subprocess.run([PROGRAM, "convert", seed.path("data.rdb"), "-o", seed.path("data.aof")], check=True, capture_output=True)
    pairs = list(itertools.product(ANSWERS | REDIRECTS, COMMANDS))
    # So many seeds in a row try all pairs.
    for name, command in pairs[seed.number % (len(pairs) // PAIRS + 1) :: len(pairs) // PAIRS + 1]:
        other = None
        answer = ANSWERS.get(name)
        if name in REDIRECTS:
            other = Evil(lambda *_: None)
            answer = REDIRECTS[name](other)
        attempt(seed, COMMANDS[command], name, answer, other)
        if other:
            other.close()
