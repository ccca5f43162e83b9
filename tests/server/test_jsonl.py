# SPDX-License-Identifier: MIT
"""JSON lines, held against what servers and rdbgen say is in their files."""
import gzip
import os
import shutil
import unittest

import test_generated
from lib import dataset, jsonlines, samples
from lib.answers import decoded, disagreements, load, load_all
from lib.aofmodel import stream_id
from lib.cases import STREAM_COUNTS_SINCE, Folder
from lib.kinds import FUNCTIONS, needs
from lib.observe import databases, named
from lib.program import convert
from lib.resp import commands
from lib.server import Server
from lib.soaking import scaled


def lines_of(*arguments):
    return jsonlines.Lines(convert(*arguments, "-o", "-", "--to", "jsonl", "--binary", "base64"))


class Case(Folder):
    def assert_lines_agree(self, lines, answers):
        """Every key is there and is what the answers say; of a module's value its type is all they do."""
        self.assertEqual(lines.keys.keys(), answers.keys())
        for place, value in lines.keys.items():
            line, answer = lines.lines[place], answers[place]
            if line["type"] == "module":
                self.assertEqual(line["value"]["module"], answer["type"])
                continue
            self.assertEqual(line["type"], answer["type"])
            self.assertEqual(disagreements(answer, value, line["expire_ms"]), [], place)

    def assert_forms_agree(self, path):
        """The lines of either form say the same, in the same order."""
        exact = convert(path, "-o", "-", "--to", "jsonl", "--binary", "base64")
        found = jsonlines.read(convert(path, "-o", "-", "--to", "jsonl"))
        self.assertEqual(found, list(map(jsonlines.line_escaped, jsonlines.read(exact))))


class SavedByServers(Case):
    def test_lines_say_what_was_there(self):
        def check(_, path):
            self.assert_lines_agree(lines_of(path + ".rdb"), load(path + ".json.gz"))

        self.each(samples.saved_by_servers(), check)

    def test_either_form(self):
        self.each(samples.saved_by_servers(), lambda _, path: self.assert_forms_agree(path + ".rdb"))

    def test_compressed(self):
        path = next(iter(samples.saved_by_servers().values())) + ".rdb"
        convert(path, "-o", self.path("out.jsonl.gz"))
        self.assertEqual(gzip.decompress(self.read("out.jsonl.gz")), convert(path, "-o", "-", "--to", "jsonl"))


class FromRdbgen(Case):
    """Every type byte and opcode."""

    generate, files = test_generated.Generated.generate, test_generated.Generated.files

    @scaled(test=1, soak=4)
    def test_lines_say_what_was_generated(self, seeds):
        def check(_, path):
            answers, functions = load_all(path + ".json")
            lines = lines_of(path + ".rdb")
            self.assertEqual(lines.functions, functions)
            self.assert_lines_agree(lines, answers)
            for place, answer in answers.items():
                for name in ("idle", "freq", "no_evict"):
                    self.assertEqual(lines.lines[place][name], answer.get(name), place)
                if answer["type"] == "array":
                    self.assertEqual(lines.keys[place].insert_at, answer.get("insert_index"), place)
                if "idmp" in answer:
                    told = {(decoded(p), decoded(iid)): stream_id(i.encode()) for p, iid, i in answer["idmp"]}
                    self.assertEqual(lines.keys[place].producers, told, place)

        self.each(self.files(seeds), check)

    @scaled(test=1, soak=4)
    def test_either_form(self, seeds):
        self.each(self.files(seeds), lambda _, path: self.assert_forms_agree(path + ".rdb"))


class FromAof(Case):
    def test_commands(self):
        def check(_, path):
            aof = convert(path + ".rdb", "-o", "-", "--to", "aof")
            expected, db = [], 0
            for command in commands(aof):
                if command[0] == b"SELECT":
                    db = int(command[1])
                else:
                    expected.append((db, command))
            lines = jsonlines.read(convert("-", "-o", "-", "--to", "jsonl", "--binary", "base64", stdin=aof))
            found = [(line["db"], [jsonlines.decoded(word) for word in line["argv"]]) for line in lines]
            self.assertEqual({tuple(line.names()) for line in lines}, {("db", "type", "argv")})
            self.assertEqual({line["type"] for line in lines}, {"command"})
            self.assertEqual(found, expected)

        self.each(samples.saved_by_servers(), check)


# --- a server beside it ---


def ask_zset(call, key):
    reply = call("ZRANGE", key, 0, -1, "WITHSCORES")
    return {member: float(score) for member, score in zip(reply[::2], reply[1::2])}


def ask_stream(call, key):
    told = named(call("XINFO", "STREAM", key, "FULL", "COUNT", 0))
    ids = [stream_id(told[name]) for name in (b"last-generated-id", b"max-deleted-entry-id")]
    entries = [(stream_id(entry), words) for entry, words in call("XRANGE", key, "-", "+")]
    return entries, *ids, told[b"entries-added"], dict(ask_group(named(group)) for group in told[b"groups"])


def ask_group(told):
    pending = [(stream_id(i), who, time, count) for i, who, time, count in told[b"pending"]]
    consumers = {consumer[b"name"]: consumer[b"seen-time"] for consumer in map(named, told[b"consumers"])}
    return told[b"name"], (stream_id(told[b"last-delivered-id"]), told[b"entries-read"], pending, consumers)


# What a server says, and the same of a line.
ASK = {
    "string": lambda call, key: call("GET", key),
    "list": lambda call, key: call("LRANGE", key, 0, -1),
    "set": lambda call, key: set(call("SMEMBERS", key)),
    "zset": ask_zset,
    "hash": lambda call, key: named(call("HGETALL", key)),
    "stream": ask_stream,
}


def stream_of(stream):
    groups = {name: group_of(group) for name, group in stream.groups.items()}
    return list(stream.entries.items()), stream.last_id, stream.max_deleted_id, stream.entries_added, groups


def group_of(group):
    pending = [(i, *delivery) for i, delivery in sorted(group.pending.items())]
    return group.last_id, None if group.entries_read == -1 else group.entries_read, pending, group.seen


def without_entries_read(stream):
    *facts, groups = stream
    return *facts, {name: (last_id, *others) for name, (last_id, _, *others) in groups.items()}


FIND = {"hash": lambda found: found.fields, "stream": stream_of}


@needs(FUNCTIONS)
class BesideServer(Case):
    """A server loads a file; what it says when it is asked is what our lines of the same file say."""

    def assert_same(self, call, lines):
        told = [named(library)[b"library_code"] for library in call("FUNCTION", "LIST", "WITHCODE")]
        self.assertEqual(sorted(lines.functions), sorted(told))
        sizes = databases(call)
        self.assertEqual(sum(sizes.values()), len(lines.keys))
        for db in sizes:
            call("SELECT", db)
            keys = call("KEYS", "*")
            kinds = call.pipeline([("TYPE", key) for key in keys])
            expiries = call.pipeline([("PEXPIRETIME", key) for key in keys])
            for key, kind, expiry in zip(keys, kinds, expiries):
                self.assertEqual(lines.lines[db, key]["type"], kind.decode())
                self.assertEqual(lines.lines[db, key]["expire_ms"], None if expiry == -1 else expiry)
                self.assert_same_value(call, lines, db, key)

    def assert_same_value(self, call, lines, db, key):
        kind, value = lines.lines[db, key]["type"], lines.keys[db, key]
        found, said = FIND.get(kind, lambda same: same)(value), ASK[kind](call, key)
        if kind == "stream" and self.old_streams:
            # The file does not tell; the server guesses.
            self.assertEqual({group.entries_read for group in value.groups.values()} - {-1}, set())
            found, said = without_entries_read(found), without_entries_read(said)
        self.assertEqual(found, said, (db, key))

    def test_what_it_has_saved(self):
        """Of every type and encoding, in all their sizes."""
        with Server(self.folder) as server:
            dataset.fill(server.call)
            server.call("SAVE")
            self.assert_same(server.call, lines_of(self.path("dump.rdb")))

    def test_what_it_has_loaded(self):
        def check(_, path):
            if samples.rdb_version(path + ".rdb") <= samples.READABLE:
                self.old_streams = samples.rdb_version(path + ".rdb") < STREAM_COUNTS_SINCE
                folder = self.fresh()
                shutil.copy(path + ".rdb", os.path.join(folder, "dump.rdb"))
                # A replica without its primary expires nothing.
                with Server(folder, replicaof=["127.0.0.1", "1"]) as server:
                    self.assert_same(server.call, lines_of(path + ".rdb"))

        self.each(samples.saved_by_servers(), check)


if __name__ == "__main__":
    unittest.main()
