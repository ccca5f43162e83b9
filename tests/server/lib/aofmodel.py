# SPDX-License-Identifier: MIT
"""An interpreter of the commands that an AOF written by rdbferry (or by a server's own rewrite) holds: what a
server that loads them would hold, without a server. What a server would refuse, and what no such AOF should say,
is remembered in `refused` and passed over, as a server does while it loads."""
import struct

from lib import resp


class Refused(Exception):
    """A command that a server would refuse, or that nobody should have written."""


class Restored:
    """A key that came as RESTORE: its type byte and RDB version, and the payload, unread."""

    def __init__(self, payload):
        self.type_byte, self.payload = payload[0], payload
        self.version, checksum = struct.unpack("<HQ", payload[-10:])
        if checksum != crc64(payload[:-8]):
            raise Refused("RESTORE: the payload's checksum is wrong")


class Hash:
    def __init__(self):
        self.fields, self.expiry = {}, {}


class Members(set):
    """Of a set, with the expiry of those that have one."""

    def __init__(self, members=()):
        super().__init__(members)
        self.expiry = {}


class Array:
    def __init__(self):
        self.slots, self.insert_at = {}, None


class PathHash:
    def __init__(self):
        self.fields = {}  # (path, field): value


class Group:
    def __init__(self, last_id, entries_read):
        self.last_id, self.entries_read = last_id, entries_read
        self.consumers = []
        self.pending = {}  # id: (consumer or None, delivery time, count)


class Stream:
    def __init__(self):
        self.entries = {}  # id: [field, value, …], in order
        self.last_id, self.max_deleted_id, self.entries_added = (0, 0), (0, 0), 0
        self.groups = {}
        self.idmp_duration, self.idmp_maxsize = 100, 100
        self.producers = {}  # (producer, iid): id


POLYNOMIAL = 0x95AC9329AC4BC9B5
TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = (byte >> 1) ^ (POLYNOMIAL if byte & 1 else 0)
    TABLE.append(byte)


def crc64(data):
    crc = 0
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def stream_id(text):
    ms, _, sequence = text.partition(b"-")
    return int(ms), int(sequence or 0)


def pairs(items):
    if len(items) % 2:
        raise Refused("a pair is not whole")
    return zip(items[::2], items[1::2])


def options(words, known):
    """NAME value NAME value … as a dict; other names are refused."""
    found = dict(pairs(words))
    if not found.keys() <= set(known):
        raise Refused(f"unexpected option among {words}")
    return found


class Model:
    """keys: {(db, key): bytes, list, Members, dict (zset), Hash, Stream, Array, PathHash or Restored}; expiry: {(db, key): ms};
    no_evict: {(db, key)}."""

    def __init__(self, aof):
        self.keys, self.expiry, self.functions = {}, {}, []
        self.names, self.refused, self.no_evict = set(), [], set()
        self._db = None
        for command in resp.commands(aof):
            name = command[0].upper().decode()
            self.names.add(name)
            try:
                self._handler(name)(*command[1:])
            except Refused as reason:
                self.refused.append(str(reason))

    def _handler(self, name):
        handler = getattr(self, "_" + name.lower(), None)
        if handler is None:
            raise Refused(f"unknown command {name}")
        if self._db is None and name not in ("SELECT", "FUNCTION"):
            raise Refused(f"{name} before any SELECT")
        return handler

    def _select(self, db):
        self._db = int(db)

    def _function(self, what, code):
        if what != b"LOAD" or self.keys:
            raise Refused("functions come first, as FUNCTION LOAD")
        self.functions.append(code)

    def _value(self, key, kind):
        """The key's value, made if it is not there."""
        self.keys.setdefault((self._db, key), kind())
        return self._existing(key, kind)

    def _existing(self, key, kind):
        value = self.keys.get((self._db, key))
        if type(value) is not kind:
            raise Refused(f"{key}: no such key, or of another type")
        return value

    def _group(self, key, group):
        groups = self._existing(key, Stream).groups
        if group not in groups:
            raise Refused(f"{key}: no group {group}")
        return groups[group]

    def _new(self, key, value):
        if (self._db, key) in self.keys:
            raise Refused(f"{key} twice")
        self.keys[self._db, key] = value

    # --- values ---

    def _set(self, key, value):
        self._new(key, value)

    def _rpush(self, key, *items):
        self._value(key, list).extend(items)

    def _sadd(self, key, *members):
        found = self._value(key, Members)
        if not found.isdisjoint(members):
            raise Refused(f"{key}: a member twice")
        found.update(members)

    def _saddex(self, key, pxat, ms, word, count, *members):
        if (pxat, word) != (b"PXAT", b"MEMBERS") or int(count) != len(members):
            raise Refused("SADDEX: PXAT ms MEMBERS n member …")
        self._sadd(key, *members)
        self._existing(key, Members).expiry.update(dict.fromkeys(members, int(ms)))

    def _bless(self, what, key, flag):
        if (what, flag) != (b"SET", b"NO-EVICT") or (self._db, key) not in self.keys:
            raise Refused("BLESS: SET key NO-EVICT, of a key")
        self.no_evict.add((self._db, key))

    def _zadd(self, key, *scored):
        members = self._value(key, dict)
        for score, member in pairs(scored):
            if member in members:
                raise Refused(f"{key}: a member twice")
            members[member] = float(score)

    def _hmset(self, key, *fields):
        found = self._value(key, Hash).fields
        for field, value in pairs(fields):
            if field in found:
                raise Refused(f"{key}: a field twice")
            found[field] = value

    _hset = _hmset

    def _pexpireat(self, key, ms):
        if (self._db, key) not in self.keys:
            raise Refused(f"PEXPIREAT of {key}, which is not there")
        self.expiry[self._db, key] = int(ms)

    def _hpexpireat(self, key, ms, word, count, *fields):
        if word != b"FIELDS" or int(count) != len(fields):
            raise Refused("HPEXPIREAT: FIELDS n field …")
        found = self._existing(key, Hash)
        if not found.fields.keys() >= set(fields):
            raise Refused(f"{key}: HPEXPIREAT of a field that is not there")
        found.expiry.update(dict.fromkeys(fields, int(ms)))

    def _hsetex(self, key, pxat, ms, word, count, *fields):
        if (pxat, word) != (b"PXAT", b"FIELDS") or 2 * int(count) != len(fields):
            raise Refused("HSETEX: PXAT ms FIELDS n field value …")
        self._hmset(key, *fields)
        self._existing(key, Hash).expiry.update(dict.fromkeys(fields[::2], int(ms)))

    def _armset(self, key, *slots):
        self._value(key, Array).slots.update((int(index), value) for index, value in pairs(slots))

    def _arseek(self, key, index):
        self._existing(key, Array).insert_at = int(index)

    def _phset(self, key, path, word, count, *fields):
        if word != b"FIELDS" or 2 * int(count) != len(fields):
            raise Refused("PHSET: path FIELDS n field value …")
        self._value(key, PathHash).fields.update(((path, field), value) for field, value in pairs(fields))

    def _restore(self, key, ttl, payload, *words):
        words = [word.upper() for word in words]
        if ttl != b"0":
            if b"ABSTTL" not in words:
                raise Refused("RESTORE with a relative time")
            self.expiry[self._db, key] = int(ttl)
        if b"REPLACE" not in words:
            self._new(key, None)
        self.keys[self._db, key] = Restored(payload)

    # --- streams ---

    def _xadd(self, key, *words):
        keep = None
        if words[0] == b"MAXLEN":
            keep, words = int(words[1]), words[2:]
        stream, new = self._value(key, Stream), stream_id(words[0])
        if new <= stream.last_id:
            raise Refused(f"{key}: XADD of {words[0]}, which is not above the last")
        list(pairs(words[1:]))
        stream.entries[new] = list(words[1:])
        stream.last_id = new
        stream.entries_added += 1
        if keep == 0:
            stream.entries.clear()

    def _xsetid(self, key, last_id, *words):
        stream = self._existing(key, Stream)
        more = options(words, [b"ENTRIESADDED", b"MAXDELETEDID"])
        stream.last_id = stream_id(last_id)
        stream.entries_added = int(more.get(b"ENTRIESADDED", stream.entries_added))
        stream.max_deleted_id = stream_id(more.get(b"MAXDELETEDID", b"0-0"))
        if stream.entries and stream.last_id < max(stream.entries) or stream.last_id < stream.max_deleted_id:
            raise Refused(f"{key}: XSETID too small")
        if stream.entries_added < len(stream.entries):
            raise Refused(f"{key}: XSETID ENTRIESADDED too small")

    def _xgroup(self, what, key, group, *words):
        groups = self._existing(key, Stream).groups
        if what == b"CREATE" and group not in groups:
            more = options(words[1:], [b"ENTRIESREAD"])
            groups[group] = Group(stream_id(words[0]), int(more.get(b"ENTRIESREAD", -1)))
        elif what == b"CREATECONSUMER" and words[0] not in self._group(key, group).consumers:
            groups[group].consumers.append(words[0])
        else:
            raise Refused(f"{key}: XGROUP {what} {group} {words}")

    def _xclaim(self, key, group, consumer, min_idle, pending_id, *words):
        if min_idle != b"0" or words[4:] != (b"JUSTID", b"FORCE"):
            raise Refused(f"{key}: XCLAIM {words}")
        more = options(words[:4], [b"TIME", b"RETRYCOUNT"])
        stream, found = self._existing(key, Stream), self._group(key, group)
        if consumer not in found.consumers:
            found.consumers.append(consumer)
        if stream_id(pending_id) in stream.entries:  # else a server does nothing, silently
            found.pending[stream_id(pending_id)] = (consumer, int(more[b"TIME"]), int(more[b"RETRYCOUNT"]))

    def _xnack(self, key, group, mode, word, count, *words):
        ids, rest = words[: int(count)], words[int(count) :]
        if (mode, word) != (b"FAIL", b"IDS") or rest[0] != b"RETRYCOUNT" or rest[2:] != (b"FORCE",):
            raise Refused(f"{key}: XNACK {words}")
        found = self._group(key, group)
        for one in ids:
            found.pending[stream_id(one)] = (None, 0, int(rest[1]))

    def _xcfgset(self, key, *words):
        more = options(words, [b"IDMP-DURATION", b"IDMP-MAXSIZE"])
        stream = self._existing(key, Stream)
        stream.idmp_duration = int(more.get(b"IDMP-DURATION", stream.idmp_duration))
        stream.idmp_maxsize = int(more.get(b"IDMP-MAXSIZE", stream.idmp_maxsize))
        stream.producers.clear()

    def _xidmprecord(self, key, producer, iid, entry):
        stream = self._existing(key, Stream)
        if stream_id(entry) not in stream.entries:
            raise Refused(f"{key}: XIDMPRECORD of an entry that is not there")
        stream.producers[producer, iid] = stream_id(entry)
