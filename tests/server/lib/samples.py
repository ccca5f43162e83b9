# SPDX-License-Identifier: MIT
"""Where the samples lie: our own in testdata/, and, beside the repository or where RDBFERRY_CORPUS says, public
dumps that are not ours to hand on."""
import glob
import os

from lib.kinds import KIND

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
CORPUS = os.environ.get("RDBFERRY_CORPUS") or os.path.join(ROOT, os.pardir, "shared", "corpus")
HAVE_CORPUS = os.path.isdir(CORPUS)

# The newest RDB version that the server reads.
READABLE = KIND.newest_rdb() if KIND else 0


def saved_by_servers():
    """One data set saved by many servers: {server: path without ending}. All of them need the corpus."""
    folder = os.path.join(CORPUS if HAVE_CORPUS else os.path.join(ROOT, "testdata"), "servers")
    return {os.path.basename(path)[:-4]: path[:-4] for path in sorted(glob.glob(os.path.join(folder, "*.rdb")))}


def public_dumps():
    """{folder/name: path}."""
    names = [name for folder in ("rdbtools", "hdt", "valkey") for name in sorted(glob.glob(f"{CORPUS}/{folder}/*"))]
    return {os.path.relpath(name, CORPUS): name for name in names}


def rdb_version(path):
    """By the file's magic; a Valkey's own numbers are above all of Redis's."""
    with open(path, "rb") as file:
        return int(file.read(9).lstrip(b"REDISVALKY"))
