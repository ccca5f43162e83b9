# SPDX-License-Identifier: MIT
"""Mutated values: what RESTORE with sanitize-dump-payload makes of each, against `rdbferry verify`; and where both take
it, what comes out at the other end of each way on which rdbferry hands it on."""
import os
import re

import soak
from lib import program
from lib.resp import ReplyError
from oracle import SERVERS, Died, Oracle, faults
from writing import generate

VALUES = 400  # of a seed

# What rdbferry refuses and a server loads: on purpose, as it is stricter there. By its message.
STRICTER = {
    r"invalid score": "a server takes as much of the text as strtod() likes: 1.5x, 0x10, nothing",
    r"members out of order": "ZRANGE and ZADD in such a zset go wrong in the server afterwards",
    r"\(expected a length\)|\(expected a string\)":
        "a server reads 11xxxxxx as a length of six bits",
    r"below that of its last entry": "XADD would give out ids that are taken",
    r"stream.*(count mismatch|(more|fewer) entries than|entries out of order|not greater)":
        "XRANGE and XLEN would not agree with the entries",
    r"out of range": "a counter that no server counts to",
    r"wrong back length": "backwards iteration goes astray in the server",
}  # fmt: skip

# What rdbferry takes and a server refuses: by the server's message.
LAXER = {}

END = b"\xff" + bytes(8)  # without a checksum
HEAD = 9
STREAM_WITHOUT_COUNTS = 15

# The ways on which rdbferry hands values on: what a server is given, and options beside its own version. Old versions lose what they
# have no form for, and the counts of streams.
COMMANDS, FILE = "out.aof", "out.rdb"
WAYS = {
    "commands": (COMMANDS, []),
    "commands with RESTORE": (COMMANDS, ["--restore"]),
    "commands for 5.0": (COMMANDS, ["--target-version", "5.0", "--drop-unsupported"]),
    "RDB": (FILE, []),
    "RDB for 5.0": (FILE, ["--target-version", "5.0", "--drop-unsupported"]),
    "RDB for 2.8": (FILE, ["--target-version", "2.8", "--drop-unsupported"]),
}


def is_known(message, table):
    return any(re.search(pattern, message) for pattern in table)


class Value:
    """A file with a single key, whose name is its number."""

    def __init__(self, path):
        self.path = path
        self.key = os.path.basename(path)[:-4].encode()
        with open(path, "rb") as file:
            data = file.read()
        self.head, self.version = data[:HEAD], int(data[:HEAD].lstrip(b"REDISVALKY"))
        self.record = data[HEAD : -len(END)]

    def payload(self):
        """As DUMP says it, but for the checksum."""
        return self.record[:1] + self.record[2 + len(self.key) :] + self.version.to_bytes(2, "little") + bytes(8)


def verdicts(seed, oracle, values, ours):
    """Compares them. Returns the values that both take, what the server says of them, and which keys have a score of -0."""
    taken, disputed, refused = [], [], 0
    for value in values:
        try:
            refusal = oracle.restore(value.key, value.payload())
        except Died:
            # The values that were there are gone with it.
            seed.counts["the server died"] += 1
            return verdicts(seed, oracle, [other for other in values if other is not value], ours)
        if (refusal is None) != (value.path not in ours):
            disputed.append(value)
        elif refusal is None:
            taken.append(value)
        else:
            refused += 1
    facts = oracle.facts([value.key for value in taken])
    zeros = {value.key for value in taken if oracle.has_negative_zero(value.key)}
    seed.counts["taken by both"] += len(taken)
    seed.counts["refused by both"] += refused
    for value in disputed:
        settle(seed, oracle, value, ours.get(value.path))
    return taken, facts, zeros


def settle(seed, oracle, value, fault):
    """RESTORE does not look at what is behind a value, and takes no empty ones. What counts is whether the file loads."""
    refusal = oracle.load(value.path)
    if (refusal is None) == (fault is None):
        seed.counts["agreed on as files"] += 1
    elif fault is not None and is_known(fault, STRICTER):
        seed.counts["refused for a known reason"] += 1
    elif fault is None and is_known(refusal, LAXER):
        seed.counts["taken for a known reason"] += 1
    elif fault is not None:
        seed.find("refused", f"type {value.record[0]}: {fault}: the server loads it", value.path)
    else:
        seed.find("taken", f"type {value.record[0]}: the server says: {refusal}", value.path)


def hand_on(seed, oracle, values, expected, zeros):
    """Each way, all of them at once."""
    together = seed.path("together.rdb")
    with open(together, "wb") as file:
        file.write(values[0].head + b"".join(value.record for value in values) + END)
    for way, (name, options) in WAYS.items():
        output = seed.path(name)
        done = program.run("convert", together, "-o", output, "--force", "--target-version", oracle.target, *options)
        if seed.find_crash(done, way, together):
            continue
        if done.returncode != 0:
            seed.find("not converted", f"{way}: exit {done.returncode}: {soak.text(done.stderr)}", together)
            continue
        try:
            refusal = oracle.load(output) if name == FILE else oracle.execute(output)
        except (ReplyError, Died) as error:
            refusal = error
        if refusal is not None:
            seed.find("not loaded", f"{way}: {refusal}", together, output)
            continue
        found = oracle.facts(expected)
        kept = [value for value in values if way == "RDB" or value.key not in zeros]
        compare(seed, way, kept, expected, found)


def compare(seed, way, values, expected, found):
    for value in values:
        older = "--drop-unsupported" in WAYS[way][1] or value.record[0] == STREAM_WITHOUT_COUNTS
        facts, others = expected[value.key], found.get(value.key)
        seed.counts["compared"] += 1
        if others is None and not older:
            seed.find("lost", f"{way}: type {value.record[0]}", value.path)
        elif others is not None and plain(others, older) not in (plain(facts, older), plain(corrected(facts), older)):
            seed.find("changed", f"{way}: type {value.record[0]}: {facts} became {others}", value.path)


def corrected(facts):
    """What may become of a stream whose counters contradict it: its first entry is the first one, and no group has
    read more than was ever added."""
    facts = dict(facts)
    for name, stream in facts.items():
        if name[-1] == "stream":
            added = stream[b"entries-added"]
            groups = [
                {**group, b"entries-read": added} if (group[b"entries-read"] or 0) > added else group
                for group in stream[b"groups"]
            ]
            first = stream[b"entries"][0][0] if stream[b"entries"] else stream[b"recorded-first-entry-id"]
            facts[name] = {**stream, b"recorded-first-entry-id": first, b"groups": groups}
    return facts


def plain(facts, older):
    """What is to be the same: of streams, on their way through old versions, the entries and groups."""
    facts = {name[-1]: fact for name, fact in facts.items()}
    if older and "stream" in facts:
        stream = {name: fact for name, fact in facts["stream"].items() if name not in COUNTS}
        stream[b"groups"] = [{n: f for n, f in group.items() if n not in COUNTS} for group in stream[b"groups"]]
        facts["stream"] = stream
    return facts


COUNTS = {b"length", b"entries-added", b"max-deleted-entry-id", b"recorded-first-entry-id", b"entries-read", b"lag"}


def run_against(seed, oracle):
    # Files of older ones have no checksum: there a value that breaks off before a byte 0xff is the whole file.
    version = seed.random.choice([oracle.rdb_version] * 3 + list(range(5, oracle.rdb_version)))
    folder = seed.fresh()
    generate(folder, seed.number, "--kind", "values", "--keys", str(VALUES), "--rdb-version", str(version), "--no-modules")
    values = [Value(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
    done, ours = faults([value.path for value in values])
    if seed.find_crash(done, "verify", folder):
        return
    seed.counts["values"] += len(values)
    oracle.clear()
    taken, facts, zeros = verdicts(seed, oracle, values, ours)
    if taken:
        hand_on(seed, oracle, taken, facts, zeros)


def run(seed):
    for path in SERVERS:
        oracle = Oracle(path, seed)
        try:
            run_against(seed, oracle)
        finally:
            oracle.stop()
