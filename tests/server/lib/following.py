# SPDX-License-Identifier: MIT
"""Following a server by the library: what rf_follow of librdbferry.so delivers."""
import ctypes
import os

from lib.program import PROGRAM

OK, END = 0, 1
KEY = 4  # an rf_entry_kind


class Slice(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Error(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_int), ("offset", ctypes.c_int64), ("file_offset", ctypes.c_int64), ("db", ctypes.c_int),
        ("input", ctypes.c_char * 256), ("key", ctypes.c_char * 128), ("message", ctypes.c_char * 384),
    ]  # fmt: skip


class Entry(ctypes.Structure):
    """What comes after the arguments is not looked at."""

    _fields_ = [
        ("kind", ctypes.c_int), ("offset", ctypes.c_uint64), ("db", ctypes.c_int64), ("key", Slice),
        ("slot", ctypes.c_int), ("type", ctypes.c_int), ("encoding", ctypes.c_void_p), ("expire_ms", ctypes.c_int64),
        ("idle", ctypes.c_int64), ("freq", ctypes.c_int), ("no_evict", ctypes.c_bool),
        ("vendor_flags", ctypes.c_char_p), ("metadata", Slice), ("value", ctypes.c_void_p),
        ("name", Slice), ("text", Slice), ("keys", ctypes.c_uint64), ("expiring", ctypes.c_uint64),
        ("argv", ctypes.POINTER(Slice)), ("argc", ctypes.c_size_t), ("rest", ctypes.c_char * 512),
    ]  # fmt: skip


class Options(ctypes.Structure):
    _fields_ = [
        ("spool_directory", ctypes.c_char_p), ("spool_limit", ctypes.c_uint64), ("id", ctypes.c_char_p),
        ("offset", ctypes.c_uint64),
    ]  # fmt: skip


class Position(ctypes.Structure):
    _fields_ = [
        ("offset", ctypes.c_uint64), ("db", ctypes.c_int64), ("arrived_ms", ctypes.c_int64),
        ("in_transaction", ctypes.c_bool),
    ]  # fmt: skip


class Target(ctypes.Structure):
    """As far as it is set here; the rest is filled by rf_target_parse()."""

    _fields_ = [("bytes", ctypes.c_char * 4096)]


class Failed(Exception):
    pass


def library():
    return ctypes.CDLL(os.path.join(os.path.dirname(PROGRAM), "librdbferry.so"))


class Follow:
    """Commands as (db, [argument, ...], offset after it)."""

    def __init__(self, url, stream_id=None, offset=0):
        self._library, self._error, self._follow = library(), Error(), ctypes.c_void_p()
        self._target = Target()
        self._check(self._library.rf_target_parse(url.encode(), ctypes.byref(self._target), self._error_at()))
        options = Options(None, 0, stream_id, offset)
        self._check(self._library.rf_follow_open(ctypes.byref(self._target), ctypes.byref(options),
                                                 ctypes.byref(self._follow), self._error_at()))  # fmt: skip

    def _error_at(self):
        return ctypes.byref(self._error)

    def _check(self, code):
        if code != OK:
            raise Failed(self._error.message.decode())

    def id(self):
        text = ctypes.create_string_buffer(41)
        self._library.rf_follow_id(self._follow, text)
        return text.value

    def snapshot(self):
        """The names of the snapshot's keys, as (db, name)."""
        source, reader, entry = ctypes.c_void_p(), ctypes.c_void_p(), Entry()
        options = ctypes.create_string_buffer(64)
        self._check(self._library.rf_follow_snapshot(self._follow, ctypes.byref(source), self._error_at()))
        self._check(self._library.rf_reader_open(source, options, ctypes.byref(reader), self._error_at()))
        found = set()
        while (code := self._library.rf_reader_next(reader, ctypes.byref(entry), self._error_at())) == OK:
            if entry.kind == KEY:
                found.add((entry.db, ctypes.string_at(entry.key.ptr, entry.key.len)))
        self._library.rf_reader_close(reader)
        self._check(OK if code == END else code)
        return found

    def next(self):
        entry, position = Entry(), Position()
        self._check(self._library.rf_follow_next(self._follow, ctypes.c_int64(0), ctypes.byref(entry),
                                                 ctypes.byref(position), self._error_at()))  # fmt: skip
        words = [ctypes.string_at(entry.argv[i].ptr, entry.argv[i].len) if entry.argv[i].len else b""
                 for i in range(entry.argc)]  # fmt: skip
        return entry.db, words, position

    def until(self, last):
        """All commands up to `SET last ...`, without that."""
        found = []
        while True:
            db, words, position = self.next()
            if words[:2] == [b"SET", last]:
                return found, position
            found.append((db, words))

    def close(self):
        self._library.rf_follow_close(self._follow)
        self._library.rf_target_free(ctypes.byref(self._target))
