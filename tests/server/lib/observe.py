# SPDX-License-Identifier: MIT
"""What a server says of its data, as a flat dict that can be compared with another server's. Old servers say less, and
in other words: those compare with themselves."""
import time

from lib.kinds import EXPIRETIME, FUNCTIONS, KIND, STREAM_FULL

# Differ between two servers with the same data: how a stream lies in memory, when a consumer was last seen.
STREAM_LAYOUT = {b"radix-tree-keys", b"radix-tree-nodes"}
CONSUMER_TIMES = {b"seen-time", b"active-time"}


def named(reply, leave_out=()):
    """A reply of name, value, name, value, … as a dict."""
    return {name: value for name, value in zip(reply[::2], reply[1::2]) if name not in leave_out}


def stream_facts(reply):
    """XINFO STREAM … FULL, without what may differ."""
    stream = named(reply, STREAM_LAYOUT)
    stream[b"groups"] = [named(group) for group in stream[b"groups"]]
    for group in stream[b"groups"]:
        group[b"consumers"] = [named(consumer, CONSUMER_TIMES) for consumer in group[b"consumers"]]
    return stream


def old_stream_facts(call, key):
    """The same of a server that does not know FULL, as far as it goes."""
    stream = named(call("XINFO", "STREAM", key), STREAM_LAYOUT)
    stream[b"entries"] = call("XRANGE", key, "-", "+")
    stream[b"groups"] = [named(group) for group in call("XINFO", "GROUPS", key)]
    for group in stream[b"groups"]:
        pending = call("XPENDING", key, group[b"name"], "-", "+", 100_000)
        group[b"waiting"] = [(number, consumer, count) for number, consumer, _, count in pending]
    return stream


def old_expiry(call, key, nearest=120_000):
    """About when a key expires: the server tells how much time is left, and was not asked at once."""
    left = call("PTTL", key)
    return left if left < 0 else round((time.time() * 1000 + left) / nearest) * nearest


def libraries(call):
    return sorted(call("FUNCTION", "LIST", "WITHCODE"), key=str) if KIND.knows(FUNCTIONS) else []


def databases(call):
    """The databases that hold anything, with their number of keys."""
    sizes = call.pipeline([command for db in range(16) for command in (("SELECT", db), ("DBSIZE",))])[1::2]
    return {db: size for db, size in enumerate(sizes) if size}


def expiries(call, keys):
    if KIND.knows(EXPIRETIME):
        return call.pipeline([("PEXPIRETIME", key) for key in keys])
    return [old_expiry(call, key) for key in keys]


def facts_of(call, db, keys):
    """Of each of these keys of the selected database, which is `db`."""
    kinds = call.pipeline([("TYPE", key) for key in keys])
    digests = call("DEBUG", "DIGEST-VALUE", *keys)
    facts = {}
    for key, kind, digest, expiry in zip(keys, kinds, digests, expiries(call, keys)):
        facts |= {(db, key, "type"): kind, (db, key, "digest"): digest, (db, key, "expiry"): expiry}
        if kind == b"stream":
            is_full = KIND.knows(STREAM_FULL)
            stream = stream_facts(call("XINFO", "STREAM", key, "FULL", "COUNT", 0)) if is_full else old_stream_facts(call, key)
            facts[db, key, "stream"] = stream
    return facts


def observe(call):
    """Everything there is to compare. DEBUG DIGEST is a sum of what there is of each key, and costs as much again."""
    facts = {"sizes": databases(call), "functions": libraries(call)}
    for db in facts["sizes"]:
        call("SELECT", db)
        facts |= facts_of(call, db, call("KEYS", "*"))
    return facts


def propagated(facts):
    """An observation without the details of streams that are not in their digest: they are not in a log either."""
    return {name: fact for name, fact in facts.items() if name[-1] != "stream"}


def put_lengths_right(expected, found):
    """A stream whose stored length is not that of its entries comes with the true one. Both observations without what
    a server makes of that."""
    expected, found = dict(expected), dict(found)
    for name, stream in expected.items():
        if name[-1] == "stream" and stream[b"length"] != len(stream[b"entries"]):
            for facts in (expected, found):
                if name in facts:
                    facts[name] = {key: value for key, value in facts[name].items() if key != b"entries-added"}
                    facts[name][b"length"] = len(facts[name][b"entries"])
    return expected, found


def differences(expected, found, most=10):
    """The first few differences of two observations, as lines; none: they are equal."""
    lines = []
    for name in expected.keys() | found.keys():
        if expected.get(name) != found.get(name):
            lines.append(f"{name}: expected {str(expected.get(name))[:900]}, found {str(found.get(name))[:900]}")
    return sorted(lines)[:most]
