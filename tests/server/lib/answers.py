# SPDX-License-Identifier: MIT
"""What a server's reading commands said of its data (servers/*.json.gz), held against what an AOF makes.

Both sides become facts, {name: value}. An AOF must agree with every fact of the answer; older servers tell
fewer."""
import base64
import gzip
import json

from lib.aofmodel import stream_id


def load_all(path):
    """The answers as {(db, key): answer}, and the function libraries, where they are told."""
    with (gzip.open if path.endswith(".gz") else open)(path) as file:
        told = json.load(file)
    answers = {(answer["db"], decoded(answer["key"])): answer for answer in told["data"]}
    return answers, [decoded(code) for code in told.get("functions", [])]


def load(path):
    return load_all(path)[0]


def decoded(text):
    return base64.b64decode(text)


def named(flat):
    """[name, value, name, value, …] as a dict."""
    return dict(zip(flat[::2], flat[1::2]))


def read_id(text):
    return stream_id(text.encode())


def forget(answer, names):
    """Takes facts about a stream out of an answer."""
    if "info" in answer:
        answer["info"] = [word for pair in named(answer["info"]).items() if pair[0] not in names for word in pair]


# --- from an answer ---


def hash_answer(answer):
    return {
        "fields": {decoded(field): decoded(value) for field, value in answer["value"].items()},
        "field expiry": {decoded(field): ms for field, ms in answer.get("field_expire_ms", {}).items()},
    }


def set_answer(answer):
    return {
        "value": {decoded(member) for member in answer["value"]},
        "member expiry": {decoded(member): ms for member, ms in answer.get("member_expire_ms", {}).items()},
    }


def stream_answer(answer):
    facts = {"entries": [(read_id(entry), [decoded(word) for word in words]) for entry, words in answer["value"]]}
    info = named(answer.get("info", []))
    facts.update((name, read(info[name])) for name, read in STREAM_INFO.items() if name in info)
    for group in map(named, info.get("groups", [])):
        whose = group["name"].encode()
        facts.update(((whose, name), read(group[name])) for name, read in GROUP_INFO.items() if name in group)
    return facts


STREAM_INFO = {
    "last-generated-id": read_id,
    "max-deleted-entry-id": read_id,
    "entries-added": int,
    "idmp-duration": int,
    "idmp-maxsize": int,
    "iids-tracked": int,  # not the producers: one without records is nothing that a command could make
    "groups": lambda groups: sorted(named(group)["name"].encode() for group in groups),
}
GROUP_INFO = {
    "last-delivered-id": read_id,
    "entries-read": lambda count: -1 if count is None else count,
    "pending": lambda pending: [(read_id(i), who.encode() or None, time, count) for i, who, time, count in pending],
    "consumers": lambda consumers: sorted(named(consumer)["name"].encode() for consumer in consumers),
}

ANSWERS = {
    "string": lambda answer: {"value": decoded(answer["value"])},
    "list": lambda answer: {"value": [decoded(item) for item in answer["value"]]},
    "set": set_answer,
    "zset": lambda answer: {"value": {decoded(m): float(score) for m, score in answer["value"].items()}},
    "hash": hash_answer,
    "array": lambda answer: {"value": {index: decoded(value) for index, value in answer["value"]}},
    "path-hash": lambda answer: {"value": {(decoded(p), decoded(f)): decoded(v) for p, f, v in answer["value"]}},
    "stream": stream_answer,
}


# --- from the model of an AOF ---


def stream_model(stream):
    facts = {
        "entries": list(stream.entries.items()),
        "last-generated-id": stream.last_id,
        "max-deleted-entry-id": stream.max_deleted_id,
        "entries-added": stream.entries_added,
        "idmp-duration": stream.idmp_duration,
        "idmp-maxsize": stream.idmp_maxsize,
        "iids-tracked": len(stream.producers),
        "groups": sorted(stream.groups),
    }
    for name, group in stream.groups.items():
        facts[name, "last-delivered-id"] = group.last_id
        facts[name, "entries-read"] = group.entries_read
        facts[name, "pending"] = [(i, *delivery) for i, delivery in sorted(group.pending.items())]
        facts[name, "consumers"] = sorted(group.consumers)
    return facts


MODELS = {
    "set": lambda value: {"value": value, "member expiry": value.expiry},
    "hash": lambda value: {"fields": value.fields, "field expiry": value.expiry},
    "array": lambda value: {"value": value.slots},
    "path-hash": lambda value: {"value": value.fields},
    "stream": stream_model,
}


# --- the two together ---


def time_agrees(expected, found):
    """Times in ms, or None. Where the server was too old to tell exactly, it said 'about' a time."""
    if isinstance(expected, str):
        return found is not None and abs(int(expected.removeprefix("about ")) - found) <= 2000
    return expected == found


def disagreements(answer, value, expiry):
    """In what an AOF's value and expiry differ from the answer, as lines."""
    found = MODELS.get(answer["type"], lambda value: {"value": value})(value)
    expected = ANSWERS[answer["type"]](answer)
    lines = [
        f"{name}: expected {str(expected[name])[:300]}, found {str(found.get(name))[:300]}"
        for name in expected
        if expected[name] != found.get(name)
    ]
    if not time_agrees(answer.get("expire_ms"), expiry):
        lines.append(f"expiry: expected {answer.get('expire_ms')}, found {expiry}")
    return lines
