# SPDX-License-Identifier: MIT
"""JSON lines as rdbferry writes them, read strictly, and what they say as the values that the model of an AOF has."""
import base64
import json

from lib.aofmodel import Array, Group, Hash, Members, PathHash, Stream, stream_id

# The members of a key's line, in order; those in brackets need not be there.
MEMBERS = "db key type [expire_ms] [idle] [freq] [no_evict] [metadata] value [field_expire_ms] [member_expire_ms]"


class Malformed(Exception):
    """A line that is not as it should be."""


class Object(list):
    """A JSON object as its members, in order."""

    def __getitem__(self, name):
        return self.get(name) if isinstance(name, str) else super().__getitem__(name)

    def get(self, name):
        values = [value for member, value in self if member == name]
        return values[0] if values else None

    def names(self):
        return [name for name, _ in self]


def refuse(constant):
    raise Malformed(f"{constant} is not JSON")


def read(data):
    """Each line as an Object. A name may occur twice: two that differ as bytes may be escaped alike."""
    text = data.decode()
    if text and not text.endswith("\n"):
        raise Malformed("the last line does not end")
    return [json.loads(line, object_pairs_hook=Object, parse_constant=refuse) for line in text.split("\n")[:-1]]


def check_members(line):
    wanted = [name for name in MEMBERS.split() if name[0] != "[" or name[1:-1] in line.names()]
    if line.names() != [name.strip("[]") for name in wanted]:
        raise Malformed(f"members {line.names()}")


def number(text):
    """A score."""
    if isinstance(text, str) and text not in ("inf", "-inf"):
        raise Malformed(f"'{text}' is no score")
    return float(text)


def decoded(text):
    """The bytes of a TEXT."""
    if isinstance(text, str):
        return text.encode()
    if text.names() != ["base64"]:
        raise Malformed(f"'{text}' is no text")
    return base64.b64decode(text["base64"], validate=True)


# --- values, of lines with base64 ---


def unique(pairs):
    """Pairs as a dict."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name twice")
    return found


def hash_value(line):
    found = Hash()
    found.fields = unique([(decoded(field), decoded(value)) for field, value in line["value"]])
    found.expiry = unique([(decoded(field), ms) for field, ms in line["field_expire_ms"] or []])
    return found


def set_value(line):
    found = Members(unique([(decoded(member), None) for member in line["value"]]))
    found.expiry = unique([(decoded(member), ms) for member, ms in line["member_expire_ms"] or []])
    return found


def array_value(line):
    found = Array()
    found.slots = unique([(index, decoded(value)) for index, value in line["value"]["slots"]])
    found.insert_at = line["value"]["insert_index"]
    return found


def path_hash_value(line):
    found = PathHash()
    found.fields = unique([((decoded(path), decoded(field)), decoded(value)) for path, field, value in line["value"]])
    return found


def stream_group(told):
    found = Group(read_id(told["last_id"]), -1 if told["entries_read"] is None else told["entries_read"])
    found.seen = {}
    for consumer in told["consumers"]:
        name = decoded(consumer["name"])
        found.consumers.append(name)
        found.seen[name] = consumer["seen_ms"]
        found.pending.update((read_id(i), (name, time, count)) for i, time, count in consumer["pending"])
    found.pending.update((read_id(i), (None, time, count)) for i, time, count in told["unowned"] or [])
    return found


def stream_value(line):
    told, found = line["value"], Stream()
    found.entries = unique([(read_id(i), [decoded(word) for word in words]) for i, words in told["entries"]])
    found.last_id, found.max_deleted_id = read_id(told["last_id"]), read_id(told["max_deleted_id"])
    found.entries_added = told["entries_added"]
    found.groups = unique([(decoded(group["name"]), stream_group(group)) for group in told["groups"]])
    if producers := told["producers"]:
        found.idmp_duration, found.idmp_maxsize = producers["duration_s"], producers["max_entries"]
        found.producers = unique([((decoded(p), decoded(iid)), read_id(i)) for p, iid, i in producers["records"]])
    return found


def read_id(text):
    return stream_id(text.encode())


VALUES = {
    "string": lambda line: decoded(line["value"]),
    "list": lambda line: [decoded(item) for item in line["value"]],
    "set": set_value,
    "zset": lambda line: unique([(decoded(member), number(score)) for member, score in line["value"]]),
    "hash": hash_value,
    "array": array_value,
    "path-hash": path_hash_value,
    "stream": stream_value,
    "module": lambda line: line["value"],
}


class Lines:
    """keys: {(db, key): value}; lines: {(db, key): line}; functions: [code]. Of lines with base64."""

    def __init__(self, data):
        self.keys, self.lines, self.functions = {}, {}, []
        for line in read(data):
            if line["type"] == "function":
                self.functions.append(decoded(line["code"]))
            elif line["type"] not in ("module_aux", "command"):
                self._add(line)

    def _add(self, line):
        place = line["db"], decoded(line["key"])
        check_members(line)
        if place in self.keys:
            raise Malformed(f"{place} twice")
        self.keys[place], self.lines[place] = VALUES[line["type"]](line), line


# --- the two forms ---


def escaped(data):
    """Bytes as --binary escape shows them."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def text_escaped(told):
    """The same with every TEXT in it as --binary escape shows it."""
    if not isinstance(told, list):
        return told
    if not isinstance(told, Object):
        return [text_escaped(item) for item in told]
    if told.names() == ["base64"]:
        return escaped(decoded(told))
    return Object((name, text_escaped(value)) for name, value in told)


def line_escaped(line):
    """A line with base64 as it is with escape. Raw records stay as they are; a hash becomes an object."""
    found = Object((name, told if name == "metadata" else text_escaped(told)) for name, told in line)
    if line["type"] != "hash":
        return found
    fields = ("value", "field_expire_ms")
    return Object((name, Object(map(tuple, told)) if name in fields else told) for name, told in found)
