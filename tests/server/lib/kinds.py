# SPDX-License-Identifier: MIT
"""Server programs: their projects and versions, and what each of them knows. RDBFERRY_SERVER names the one that tests
run against; `needs` leaves out a test class, or a test, unless it knows what that is about."""
import os
import re
import shutil
import subprocess
import unittest

ON_PATH = "redis-server", "valkey-server"

STREAMS, FUNCTIONS, FIELDS = "streams", "function libraries", "hash fields that expire"
CONSUMERS, COUNTS = "consumers made by command", "counts of a stream's entries"
EXPIRETIME, STREAM_FULL = "PEXPIRETIME", "XINFO STREAM FULL"
AOF_DIRECTORIES, CLUSTER_PORTS, ACL, TLS = "AOF directories", "a cluster's ports", "ACL", "TLS"
OLD_TABLES = "hash tables of the size that inspect estimates"
CHECKED_BASES = "check-aof of an RDB base"  # Valkey's takes no file for an RDB that has Valkey's own magic
CLUSTER_DATABASES = "databases beside 0 in a cluster"
IMPORT_MODE = "import mode"
DEBUG_SETTING, ERRORSTATS, RELOAD = "enable-debug-command", "INFO errorstats", "DEBUG RELOAD NOSAVE"

NEVER = (999,)

# The first version of Redis that has it. Every Valkey has it, but for those of SINCE_VALKEY.
SINCE_REDIS = {
    STREAMS: (5, 0),
    STREAM_FULL: (6, 0),
    ACL: (6, 0),
    RELOAD: (6, 0),
    TLS: (6, 0),
    CONSUMERS: (6, 2),
    ERRORSTATS: (6, 2),
    FUNCTIONS: (7, 0),
    COUNTS: (7, 0),
    EXPIRETIME: (7, 0),
    AOF_DIRECTORIES: (7, 0),
    CLUSTER_PORTS: (7, 0),
    DEBUG_SETTING: (7, 0),
    FIELDS: (7, 4),
    CLUSTER_DATABASES: NEVER,
    IMPORT_MODE: NEVER,
}
SINCE_VALKEY = {FIELDS: (9, 0), CLUSTER_DATABASES: (9, 0), IMPORT_MODE: (8, 1)}
UNTIL = {OLD_TABLES: {"redis": (8, 0), "valkey": (8, 0)}, CHECKED_BASES: {"valkey": (9, 0)}}

# The newest RDB version that it reads, by project and first version. Valkey has numbers of its own beside these.
READS = (
    ("valkey", (7, 2), 11),
    ("redis", (7, 4), 12),
    ("redis", (7, 2), 11),
    ("redis", (7, 0), 10),
    ("redis", (5, 0), 9),
    ("redis", (4, 0), 8),
    ("redis", (3, 2), 7),
    ("redis", (2, 6), 6),
)


class Unknown(Exception):
    """No such program, or one that does not say what it is."""


class Kind:
    """A server program, and what its version knows."""

    def __init__(self, path):
        self.path = shutil.which(path) or ""
        if not self.path:
            raise Unknown(f"no program '{path}'")
        try:
            done = subprocess.run([self.path, "--version"], capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unknown(f"{path} does not run: {error}") from error
        found = re.search(r"^(\w+) .*?v(?:ersion )?=?(\d+\.\d+\.\d+)", done.stdout)
        if not found:
            raise Unknown(f"{path} does not tell its version: {(done.stdout + done.stderr)[:200]}")
        self.path = os.path.abspath(self.path)
        self.project, version = found.group(1).lower(), found.group(2)
        self.valkey = self.project == "valkey"
        self.version = tuple(map(int, version.split(".")))
        self.name = f"{self.project} {version}"
        self.said_name = "{} {}.{}".format(self.project, *self.version)  # what rdbferry calls it
        self.target = f"{'valkey-' if self.valkey else ''}{version}"
        self._known = {}

    def knows(self, feature):
        """Whether it has something that not every server has."""
        if feature not in self._known:
            self._known[feature] = self._is_new_enough(feature) and (feature != TLS or self._is_built_with_tls())
        return self._known[feature]

    def _is_new_enough(self, feature):
        if feature in UNTIL:
            return self.version < UNTIL[feature].get(self.project, NEVER)
        return self.version >= (SINCE_VALKEY.get(feature, ()) if self.valkey else SINCE_REDIS[feature])

    def _is_built_with_tls(self):
        """Without a certificate it does not start; without TLS it says so before it looks for one."""
        command = [self.path, "--port", "0", "--tls-port", "1"]
        for name in ("cert", "key", "ca-cert"):
            command += [f"--tls-{name}-file", "/none"]
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
        return not re.search(rb"Bad directive|Failed finding TLS support", done.stdout + done.stderr)

    def newest_rdb(self):
        return next(reads for project, since, reads in READS if project == self.project and self.version >= since)

    def check(self, what, path, **options):
        """The finished process of its redis-check-aof or valkey-check-rdb: it is that if it is called so."""
        command = [f"{self.project}-check-{what}", path]
        return subprocess.run(command, executable=self.path, capture_output=True, check=False, **options)

    def since(self, redis, valkey=()):
        """Whether its version is at least that one of its project."""
        return self.version >= (valkey if self.valkey else redis)


def on_path():
    """The programs that are there without being named."""
    return [name for name in ON_PATH if shutil.which(name)]


def kinds_of(programs):
    """Of these programs, each once; of none of those on PATH."""
    return [Kind(path) for path in dict.fromkeys(programs or on_path())]


def chosen():
    """The one that this process's tests are for: the first that is named, else the first on PATH. None: there is none."""
    named = os.environ.get("RDBFERRY_SERVER") or os.environ.get("SERVERS", "")
    path = next(iter(named.split() or on_path()), "")
    return Kind(path) if shutil.which(path) else None


KIND = chosen()


def needs(*features):
    """Leaves out a class, and those derived from it, or a test, unless the server knows all of these."""
    missing = [feature for feature in features if KIND and not KIND.knows(feature)]
    return unittest.skipIf(missing, f"{KIND.name} does not know {', '.join(missing)}" if missing else "")


def needs_version(redis, valkey=()):
    """The same for what has no name of its own: by the first version of each project."""
    is_old = KIND and not KIND.since(redis, valkey)
    return unittest.skipIf(is_old, f"{KIND.name} is too old" if is_old else "")
