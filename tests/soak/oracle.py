# SPDX-License-Identifier: MIT
"""What a real server makes of data, and what rdbferry says of it. SERVERS names the servers (7.0 or newer); without it
the one on PATH is asked."""
import os
import re
import shutil
import signal

from lib.kinds import KIND, Kind
from lib.observe import facts_of, observe
from lib.program import run
from lib.resp import Client, ReplyError, commands
from lib.server import Server, StartError

SERVERS = [Kind(path) for path in os.environ.get("SERVERS", "").split()] or [KIND]

SECONDS = 5  # for an answer; a server that is caught in what it has loaded does not come back

# As a replica without its primary it expires nothing.
SETTINGS = {"replicaof": ["127.0.0.1", "1"], "replica-read-only": "no", "sanitize-dump-payload": "yes"}


class Died(Exception):
    """The server has ended, or does not answer any more."""


class Oracle:
    """A server that is asked again and again, and started anew where an answer was its end."""

    def __init__(self, kind, seed):
        self.kind = kind
        self._folder = seed.fresh()
        self._server = None
        self._start()
        self.target, self.rdb_version = kind.target, kind.newest_rdb()

    def _start(self):
        if self._server:
            self._server.stop(signal.SIGKILL)
        for name in os.listdir(self._folder):
            os.remove(os.path.join(self._folder, name))
        self._server = Server(self._folder, kind=self.kind, **SETTINGS)
        self._call = Client(os.path.join(self._folder, "socket"), SECONDS)

    def stop(self):
        self._call.close()
        self._server.stop(signal.SIGKILL)

    def call(self, *command):
        """Its reply; an error is raised as ReplyError, its end as Died."""
        try:
            return self._call(*command)
        except OSError as end:
            words = self.last_words()
            self._start()
            raise Died(f"{end}: {words}") from end

    def last_words(self):
        return self._server.log()[-800:].decode(errors="replace")

    def clear(self):
        self.call("FLUSHALL")
        self.call("FUNCTION", "FLUSH")
        self.call("SELECT", 0)

    def restore(self, key, payload):
        """Why it does not take a DUMP payload, whose checksum it is not to look at; None: it does."""
        try:
            self.call("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
            self.call("RESTORE", key, 0, payload, "REPLACE")
        except ReplyError as refusal:
            return str(refusal)
        finally:
            self.call("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 0)
        return None

    def load(self, path):
        """Loads an RDB file in place of what it has. Returns why it cannot, or None."""
        self.clear()
        shutil.copy(path, os.path.join(self._folder, "dump.rdb"))
        try:
            self.call("DEBUG", "RELOAD", "NOSAVE")
        except ReplyError as refusal:
            return f"{refusal}: {self.last_words()}"
        except Died as end:
            return str(end)
        return None

    def execute(self, path):
        """Carries out the commands of an AOF in place of what it has. Raises the first error."""
        self.clear()
        with open(path, "rb") as file:
            self._call.pipeline(list(commands(file.read())))
        self.call("SELECT", 0)

    def facts(self, keys):
        """{key: facts} of those of database 0 that it has."""
        return {key: facts_of(self._call, 0, [key]) for key in keys if self._call("EXISTS", key)}

    def all_facts(self):
        return observe(self._call)

    def has_negative_zero(self, key, db=0):
        """A score of -0, of which ZADD makes 0."""
        self._call("SELECT", db)
        return self._call("TYPE", key) == b"zset" and b"-0" in self._call("ZRANGE", key, 0, -1, "WITHSCORES")[1::2]


def start_on(folder, kind, **settings):
    """Starts a server in a folder. Returns what it says of its data, and why it does not start; one of them is None."""
    try:
        with Server(folder, kind=kind, **SETTINGS, **settings) as started:
            return observe(started.call), None
    except StartError as refusal:
        return None, str(refusal)


SUMMARY = re.compile(r"(intact|\d+ faults?);")


def faults(paths, *options):
    """{path: the first thing that `rdbferry verify` does not like} of files; those that are sound are not in it."""
    done = run("verify", "--limit", "0", *options, *paths)
    first = {}
    for line in (done.stdout + done.stderr).decode(errors="replace").splitlines():
        path, colon, fault = line.removeprefix("rdbferry: ").partition(": ")
        if colon and path.endswith(".rdb") and not SUMMARY.match(fault):
            first.setdefault(path, fault)
    return done, first


