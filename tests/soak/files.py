# SPDX-License-Identifier: MIT
"""Mutated files: records in any order, several databases, function libraries, expiries. What a server loads, against
what rdbferry converts; and what a server says of each conversion, against what it says of the original."""
import os

import soak
from lib import program
from lib.cases import without_stream_counts
from lib.observe import differences
from lib.resp import ReplyError
from oracle import SERVERS, Died, Oracle, faults
from values import LAXER, STRICTER, is_known
from writing import generate

FILES = 30  # of a seed

# A server has 16 databases unless it is told otherwise, and compiles libraries. That is told to be checked there.
LAXER = {**LAXER, r"databases than|database number|Lua|library|function": "only a server can tell"}
STRICTER = {**STRICTER, r"occurs twice|duplicate .first at": "a server replaces a library of the same name"}

# By name of the output: more options.
WAYS = {"out.rdb": [], "out.aof": [], "restore.aof": ["--restore"]}


def run_against(seed, oracle, path):
    refusal, (done, ours) = oracle.load(path), faults([path], "--strict")
    fault = ours.get(path)
    if seed.find_crash(done, "verify", path):
        return
    if refusal and fault:
        seed.counts["refused by both"] += 1
    elif fault and is_known(fault, STRICTER):
        seed.counts["refused for a known reason"] += 1
    elif refusal and is_known(refusal, LAXER):
        seed.counts["taken for a known reason"] += 1
    elif fault:
        seed.find("refused", f"{fault}: the server loads it", path)
    elif refusal:
        seed.find("taken", f"the server says: {refusal}", path)
    else:
        seed.counts["taken by both"] += 1
        convert_each_way(seed, oracle, path)


def convert_each_way(seed, oracle, path):
    expected = oracle.all_facts()
    zeros = digests_with_zeros(oracle, expected)
    for name, options in WAYS.items():
        output = seed.path(name)
        done = program.run("convert", path, "-o", output, "--force", "--target-version", oracle.target, *options)
        if seed.find_crash(done, name, path):
            continue
        if done.returncode != 0:
            seed.find("not converted", f"{name}: exit {done.returncode}: {soak.text(done.stderr)}", path)
            continue
        seed.counts["conversions"] += 1
        compare(seed, oracle, name, expected, zeros, path, output)


def digests_with_zeros(oracle, facts):
    """The names of the digests that commands do not make: those with a score of -0."""
    zsets = [name[:2] for name, fact in facts.items() if name[-1] == "type" and fact == b"zset"]
    places = [place for place in zsets if oracle.has_negative_zero(place[1], place[0])]
    return {(*place, "digest") for place in places}


def compare(seed, oracle, name, expected, zeros, path, output):
    is_rdb = output.endswith(".rdb")
    try:
        refusal = oracle.load(output) if is_rdb else oracle.execute(output)
    except (ReplyError, Died) as error:
        refusal = error
    if refusal:
        seed.find("not loaded", f"{name}: {refusal}", path, output)
        return
    found = oracle.all_facts()
    if not is_rdb:
        # A key that has expired is gone as soon as a client says so, and only the sums count it.
        zeros = zeros | {"sizes"}
        expected, found = ({n: f for n, f in without_stream_counts(facts).items() if n not in zeros} for facts in (expected, found))
    if lines := differences(expected, found, 3):
        seed.find("changed", f"{name}: {lines}", path, output)


def run(seed):
    for server in SERVERS:
        oracle = Oracle(server, seed)
        try:
            version = seed.random.randint(1, oracle.rdb_version)
            folder = seed.fresh()
            generate(folder, seed.number, "--kind", "files", "--keys", str(FILES), "--rdb-version", str(version), "--no-modules")
            for name in sorted(os.listdir(folder)):
                seed.counts["files"] += 1
                run_against(seed, oracle, os.path.join(folder, name))
        finally:
            oracle.stop()
