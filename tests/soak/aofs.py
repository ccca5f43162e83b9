# SPDX-License-Identifier: MIT
"""Mutated AOF directories: a base (RDB or commands), increments, transactions, annotations, and a manifest that says
which. What a server has that starts on one, against what it has that starts on rdbferry's conversion of it."""
import glob
import os
import re
import shutil

import soak
from files import LAXER as FILE_LAXER
from lib import program
from lib.observe import differences
from lib.resp import encode
from oracle import SERVERS, start_on
from values import STRICTER as VALUE_STRICTER
from values import is_known
from writing import generate

DIRECTORIES = 12  # of a seed

# What rdbferry refuses and a server starts on.
STRICTER = {
    **VALUE_STRICTER,
    r"torn|truncated|incomplete|in the middle":
        "a server cuts the last file where it is torn, if it is asked to (aof-load-truncated)",
    r"invalid sequence number|a line lacks file, seq or type":
        "a server reads words in any case and numbers below 1; none writes them",
}  # fmt: skip

# What rdbferry takes and a server does not start on: what commands and libraries do, only a server can tell.
LAXER = {**FILE_LAXER, r"Unknown command|wrong number of arguments|Wrong arity": "what a command is"}


# --- commands ---


def some_command(make):
    key, member = f"k{make.randrange(12)}", make.choice((b"", b"a", b"12", b"\0\r\n$1\r\n", make.randbytes(make.randrange(80))))
    return make.choice((
        ["SET", key, member], ["SET", key, member, "PXAT", 4102444800000 + make.randrange(9)], ["DEL", key],
        ["RPUSH", f"l{key}", member, "x"], ["LPOP", f"l{key}"], ["SADD", f"s{key}", member], ["SREM", f"s{key}", member],
        ["HSET", f"h{key}", member, "v", "n", make.randrange(99)], ["HINCRBY", f"h{key}", "n", 1], ["ZADD", f"z{key}", 1.5, member],
        ["XADD", f"x{key}", f"{1 + make.randrange(3)}-*", "f", member], ["APPEND", key, member], ["INCR", f"i{key}"],
        ["RENAME", key, f"{key}r"], ["PEXPIREAT", f"l{key}", 4102444800000],
    ))  # fmt: skip


def some_commands(make):
    """Commands as bytes: some in transactions, some behind an annotation, in changing databases."""
    parts = [encode(["SELECT", 0])]
    for _ in range(make.randrange(20)):
        choice = make.random()
        if choice < 0.1:
            parts.append(encode(["SELECT", make.choice((0, 1, 9))]))
        elif choice < 0.2:
            parts += [encode(["MULTI"]), *(encode(some_command(make)) for _ in range(make.randrange(4))), encode(["EXEC"])]
        elif choice < 0.3:
            parts.append(b"#TS:%d\r\n" % (1_700_000_000 + make.randrange(9999)))
        else:
            parts.append(encode(some_command(make)))
    return b"".join(parts)


def mutated(make, data):
    """A byte that is another one, one that is gone, a part that comes twice, or an end that is missing."""
    if not data:
        return data
    at = make.randrange(len(data))
    return make.choice((
        data[:at] + bytes([make.randrange(256)]) + data[at + 1 :],
        data[:at] + data[at + 1 :],
        data[:at] + data[at : at + 20] + data[at:],
        data[:at],
    ))  # fmt: skip


# --- directories ---


def mutated_manifest(make, lines):
    """Lines in another order, of another case, with something between or missing."""
    change = make.randrange(8)
    if change == 0:
        make.shuffle(lines)
    elif change == 1:
        lines.insert(make.randrange(len(lines) + 1), make.choice(("# a comment", "", "file x.aof seq 9 type h", "seq 1")))
    elif change == 2:
        lines[0] = re.sub(r"file (\S+)", r'file "\1"', lines[0])
    elif change == 3:
        lines[-1] = lines[-1].replace("seq ", make.choice(("seq  ", "SEQ ", "seq -", "seq 0")))
    elif change == 4:
        lines.append(lines[make.randrange(len(lines))])
    elif change == 5:
        lines.pop()
    return lines


def make_directory(seed, folder):
    """Writes a directory that a server may start on, or may not."""
    make, lines = seed.random, []
    is_damaged = make.random() < 0.4

    def write(name, data, kind):
        damaged = is_damaged and make.random() < 0.5
        with open(os.path.join(folder, name), "wb") as file:
            file.write(mutated(make, data) if damaged else data)
        lines.append(f"file {name} seq {1 if kind == 'b' else len(lines) + 1} type {kind}")

    base = make.choice(("rdb", "aof", "preamble", None))
    if base == "aof":
        write("appendonly.aof.1.base.aof", some_commands(make), "b")
    elif base:
        write(f"appendonly.aof.1.base.{'rdb' if base == 'rdb' else 'aof'}", some_dump(seed), "b")
    for number in range(make.randrange(0 if base else 1, 3)):
        write(f"appendonly.aof.{number + 1}.incr.aof", some_commands(make), "i")
    if make.random() < 0.3:
        lines = mutated_manifest(make, lines)
    with open(os.path.join(folder, "appendonly.aof.manifest"), "w", encoding="ascii") as file:
        file.write("".join(line + "\n" for line in lines))


def some_dump(seed):
    """An RDB file, which is damaged perhaps."""
    folder = seed.fresh()
    generate(folder, seed.random.randrange(1 << 32), "--kind", "files", "--keys", "1", "--rdb-version", "10", "--no-modules")
    (path,) = glob.glob(os.path.join(folder, "*"))
    with open(path, "rb") as file:
        return file.read()


# --- comparing ---


def run_against(seed, server):
    folder = seed.fresh()
    original, work = os.path.join(folder, "appendonlydir"), seed.fresh()
    os.mkdir(original)
    make_directory(seed, original)
    kept = os.path.join(seed.fresh(), "original")
    shutil.copytree(original, kept)
    expected, refusal = start_on(folder, server, appendonly="yes")
    done = program.run("convert", kept, "-o", os.path.join(work, "appendonlydir"), "--check")
    said = soak.text(done.stderr)
    seed.counts["directories"] += 1
    if seed.find_crash(done, "convert", kept):
        return
    if done.returncode and refusal:
        seed.counts["refused by both"] += 1
    elif done.returncode and is_known(said, STRICTER):
        seed.counts["refused for a known reason"] += 1
    elif done.returncode:
        seed.find("refused", f"exit {done.returncode}: {said}: the server starts on it", kept)
    elif refusal and is_known(refusal, LAXER):
        seed.counts["taken for a known reason"] += 1
    elif refusal:
        seed.find("taken", f"the server says: {refusal}", kept)
    else:
        seed.counts["taken by both"] += 1
        found, refusal = start_on(work, server, appendonly="yes")
        lines = [refusal] if refusal else differences(expected, found, 3)
        if lines:
            seed.find("changed", str(lines), kept)


def run(seed):
    for server in SERVERS:
        for _ in range(DIRECTORIES):
            run_against(seed, server)
