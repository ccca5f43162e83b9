# SPDX-License-Identifier: MIT
"""Every way that data goes, from each server to each: a data set as far as the source knows its types is saved by
it, and has to be in the target afterwards. Ends with a table.

    matrix.py SERVER...        programs: redis-server, /opt/redis-2.8/src/redis-server, /opt/valkey/src/valkey-server

What a server does not know (streams before Redis 5.0, function libraries before 7.0, hash fields that expire) is
skipped by its version, and named."""
import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

from lib.kinds import FIELDS, FUNCTIONS, STREAMS, Unknown, kinds_of
from lib.program import run
from lib.resp import ReplyError
from lib.server import Server, StartError

FAR = 4102444800000  # the year 2100, in milliseconds
TOLERANCE = 120_000  # milliseconds: an expiry is asked for as time that is left, on a machine that may be busy
SHARDS = 2
LIBRARY = b"#!lua name=mylib\nredis.register_function('answer', function() return 42 end)"
EXPIRING_FIELDS = b"hash:expiring fields"
FIELD_EXPIRIES = b"expiries of fields"  # as if it were a key


class Failure(Exception):
    """A way on which something was lost, or a program that did not do what it should."""


# --- the data ---


def commands(kind):
    make = random.Random(1)
    for db in (0, 5):
        yield "SELECT", db
        for i in range(300):
            yield "SET", f"string:{i}", make.randbytes(i * 3) if i % 2 else i * 7919
        yield "SET", "string:long", b"a long one that compresses " * 40_000
        yield "SET", b"\x00binary\r\n\xff", b"\xff\r\n\x00"
        yield "PFADD", "hyperloglog", *range(1000)
        for count in (1, 40, 700):
            items = [make.randbytes(i % 80) + b":%d" % i for i in range(count)]
            yield "RPUSH", f"list:{count}", *items
            yield "SADD", f"set:{count}", *items
            yield "SADD", f"numbers:{count}", *range(-count, count)
            yield "HMSET", f"hash:{count}", *(x for item in items for x in (item, len(item)))
            yield "ZADD", f"zset:{count}", *(x for item in items for x in (repr(make.uniform(-9, 9)), item))
        for i, name in enumerate(("string:7", "list:40", "set:700", "hash:1", "zset:40", "numbers:1")):
            yield "PEXPIREAT", name, FAR + i * 10 * TOLERANCE
        if kind.knows(STREAMS):
            yield from streams()
        if kind.knows(FIELDS):
            yield "HMSET", EXPIRING_FIELDS, "a", 1, "b", 2, "c", 3
            yield "HPEXPIREAT", EXPIRING_FIELDS, FAR, "FIELDS", 1, "b"
    if kind.knows(FUNCTIONS):
        yield "FUNCTION", "LOAD", LIBRARY
    yield "SELECT", 0


def streams():
    for i in range(1, 301):
        yield "XADD", "stream", f"{i}-1", "field", i, *(("another", "one") if i % 9 == 0 else ())
    yield "XDEL", "stream", "7-1", "8-1"
    yield "XGROUP", "CREATE", "stream", "group", "0"
    yield "XREADGROUP", "GROUP", "group", "reader", "COUNT", 50, "STREAMS", "stream", ">"
    yield "XACK", "stream", "group", "1-1", "2-1"
    yield "PEXPIREAT", "stream", FAR


# --- what is there ---


def by_name(reply):
    return dict(zip(reply[::2], reply[1::2]))


def stream_contents(call, key):
    groups = [by_name(group) for group in call("XINFO", "GROUPS", key)]
    facts = [(group[b"name"], group[b"consumers"], group[b"pending"], group[b"last-delivered-id"]) for group in groups]
    return call("XRANGE", key, "-", "+"), sorted(facts)


READ = {
    b"string": lambda call, key: call("GET", key),
    b"list": lambda call, key: call("LRANGE", key, 0, -1),
    b"set": lambda call, key: sorted(call("SMEMBERS", key)),
    b"hash": lambda call, key: by_name(call("HGETALL", key)),
    b"zset": lambda call, key: {m: float(s) for m, s in by_name(call("ZRANGE", key, 0, -1, "WITHSCORES")).items()},
    b"stream": stream_contents,
}


def contents(call, kind):
    """{(db, key): (type, value, expiry)}, by commands that every server has. Libraries are there as well."""
    found = {}
    for db in map(int, re.findall(rb"^db(\d+):", call("INFO", "keyspace"), re.MULTILINE)):
        call("SELECT", db)
        for key in call("KEYS", "*"):
            left, now = call("PTTL", key), int(time.time() * 1000)
            what = call("TYPE", key)
            found[db, key] = what, READ[what](call, key), left if left < 0 else now + left
        if kind.knows(FIELDS) and (db, EXPIRING_FIELDS) in found:
            expiries = call("HPEXPIRETIME", EXPIRING_FIELDS, "FIELDS", 2, "a", "b")
            found[db, FIELD_EXPIRIES] = b"fields", expiries, -1
    call("SELECT", 0)
    if kind.knows(FUNCTIONS):
        for library in call("FUNCTION", "LIST", "WITHCODE"):
            library = by_name(library)
            found[None, library[b"library_name"]] = b"library", library[b"library_code"], -1
    return found


NEEDED = {b"stream": STREAMS, b"library": FUNCTIONS, b"fields": FIELDS}


def known_to(kind, facts):
    """Of these facts those that a server of this kind can hold."""
    return {place: fact for place, fact in facts.items() if fact[0] not in NEEDED or kind.knows(NEEDED[fact[0]])}


def keys_of(facts):
    """The places of keys alone."""
    return {place for place in facts if place[0] is not None and place[1] != FIELD_EXPIRIES}


def check(expected, found):
    wrong = sorted(map(str, expected.keys() ^ found.keys()))
    if wrong:
        raise Failure(f"{len(wrong)} keys are on one side only: {', '.join(wrong[:5])}")
    for place, (what, value, expiry) in expected.items():
        found_what, found_value, found_expiry = found[place]
        if (what, value) != (found_what, found_value):
            raise Failure(f"{place}: {what} {str(value)[:200]}, found {found_what} {str(found_value)[:200]}")
        if min(expiry, found_expiry) < 0 and expiry != found_expiry or abs(expiry - found_expiry) > TOLERANCE:
            raise Failure(f"{place}: expiry {expiry}, found {found_expiry}")


def rdbferry(*arguments):
    done = run(*arguments)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise Failure(f"rdbferry {' '.join(map(str, arguments))}: exit {done.returncode}: {said[-1500:]}")


# --- the ways ---


class Pair:
    """A source's dump, what the source holds, and a kind of target."""

    def __init__(self, folder, dump, facts, target):
        self._folder, self._dump, self._target = folder, dump, target
        self._expected = known_to(target, facts)
        self._is_all = self._expected.keys() == facts.keys()
        self.dropped = sorted({NEEDED[fact[0]] for place, fact in facts.items() if place not in self._expected})

    def fresh(self):
        return tempfile.mkdtemp(dir=self._folder)

    def _for_target(self):
        return ["--target-version", self._target.target, "--drop-unsupported", "--drop-detail"]

    def _readable(self):
        """The dump; where the target does not know all of it, without the rest."""
        if self._is_all:
            return self._dump
        path = os.path.join(self.fresh(), "dump.rdb")
        rdbferry("convert", self._dump, "-o", path, *self._for_target())
        return path

    def _found(self, folder, **settings):
        with Server(folder, self._target, **settings) as server:
            return contents(server.call, self._target)

    def convert(self):
        """To an AOF as the target writes its own."""
        folder = self.fresh()
        name = "appendonlydir" if self._target.version >= (7, 0) else "appendonly.aof"
        rdbferry("convert", self._dump, "-o", os.path.join(folder, name), *self._for_target())
        check(self._expected, self._found(folder, appendonly="yes"))

    def rdb(self):
        """To an RDB of the target's version: up or down."""
        folder = self.fresh()
        path = os.path.join(folder, "dump.rdb")
        rdbferry("convert", self._dump, "-o", path, *self._for_target())
        rdbferry("verify", path, "--target-version", self._target.target)
        check(self._expected, self._found(folder))

    def split(self):
        """Each shard is loaded by a server of its own; together they have all."""
        out, found = os.path.join(self.fresh(), "shards"), {}
        rdbferry("split", self._dump, "--shards", SHARDS, "--flatten-dbs", "-o", out, *self._for_target())
        for name in os.listdir(out):
            if name.endswith(".rdb"):
                folder = self.fresh()
                shutil.copy(os.path.join(out, name), os.path.join(folder, "dump.rdb"))
                part = self._found(folder)
                if twice := keys_of(part) & keys_of(found):
                    raise Failure(f"in two shards: {sorted(twice)[:5]}")
                found.update(part)
        if len(keys_of(found)) != len(keys_of(self._expected)):
            raise Failure(f"{len(keys_of(self._expected))} keys have become {len(keys_of(found))}")
        kept = {place: fact for place, fact in self._expected.items() if place[0] in (0, None)}
        check(kept, {place: found[place] for place in kept.keys() & found.keys()})  # others have new names

    def replay(self):
        """Into a running server."""
        dump = self._readable()
        with Server(self.fresh(), self._target) as server:
            rdbferry("replay", dump, "-s", os.path.join(server.folder, "socket"), "--big-key", "10K", "--drop-detail")
            check(self._expected, contents(server.call, self._target))

    def verify(self):
        """The target loads the RDB that was made for it, and what it holds and saves is the same data."""
        dump, folder = self._readable(), self.fresh()
        path = os.path.join(folder, "dump.rdb")
        rdbferry("convert", dump, "-o", path, *self._for_target())
        with Server(folder, self._target) as server:
            rdbferry("verify", dump, "--against", "unix://" + os.path.join(folder, "socket"))
            server.call("SAVE")
            rdbferry("verify", path, "--against", dump)


WAYS = ("convert", "rdb", "split", "replay", "verify")


class Table:
    """The outcomes, as they come in."""

    def __init__(self):
        self.lines, self.failures, self.skipped = [], [], {}
        self.counts = dict.fromkeys(("ok", "FAILED", "-"), 0)

    def add(self, source, target, outcomes):
        self.lines.append([source, target, *outcomes])
        for outcome in outcomes:
            self.counts[outcome] += 1

    def show(self):
        rows = [["source", "target", *WAYS], *self.lines]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        print()
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        print()
        for (target, what), sources in self.skipped.items():
            print(f"skipped: {what} from {', '.join(sources)}, which {target} does not know")
        passed, failed, _ = self.counts.values()
        print(f"matrix: {passed} passed, {failed} failed, {len(self.skipped)} skipped")


def try_ways(source, target, pair, table):
    outcomes = []
    for way in WAYS:
        try:
            getattr(pair, way)()
            outcomes.append("ok")
        except (Failure, ReplyError, StartError, OSError, subprocess.TimeoutExpired) as error:
            outcomes.append("FAILED")
            print(f"{source.name} to {target.name}, {way}: {type(error).__name__}: {error}", flush=True)
    table.add(source.name, target.name, outcomes)
    for what in pair.dropped:
        table.skipped.setdefault((target.name, what), []).append(source.name)
    print(f"{source.name} to {target.name}: {' '.join(outcomes)}", flush=True)


def main(programs):
    try:
        kinds = kinds_of(programs)
    except Unknown as error:
        print(f"matrix: {error}", file=sys.stderr)
        return 2
    table = Table()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rdbferry-"))
        for source in kinds:
            home = tempfile.mkdtemp(dir=folder)
            with Server(home, source) as server:
                server.call.pipeline(list(commands(source)))
                server.call("SAVE")
                facts = contents(server.call, source)
            for target in kinds:
                try_ways(source, target, Pair(folder, os.path.join(home, "dump.rdb"), facts, target), table)
    table.show()
    return 1 if table.counts["FAILED"] or not table.counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
