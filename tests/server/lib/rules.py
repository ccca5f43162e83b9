# SPDX-License-Identifier: MIT
"""A second way to compute what rules make of a key, from what `rdbferry help rules` says of them."""
import binascii
import itertools
import re

SLOTS = 16384


def tag_of(key):
    """The effective hash tag, or None."""
    start = key.find(b"{")
    end = key.find(b"}", start + 1)
    return key[start + 1 : end] if start >= 0 and end > start + 1 else None


def slot_of(key):
    tag = tag_of(key)
    return binascii.crc_hqx(key if tag is None else tag, 0) % SLOTS


def equal_ranges(count):
    """Those of `redis-cli --cluster create`: the borders are the multiples of SLOTS / count, rounded."""
    borders = [(2 * SLOTS * i + count) // (2 * count) for i in range(count + 1)]
    return [(borders[i], borders[i + 1] - 1) for i in range(count)]


def names_at_borders(counts):
    """A name for the first and for the last slot of each shard, where there are so many shards."""
    wanted = {slot for count in counts for pair in equal_ranges(count) for slot in pair}
    found = {}
    for number in itertools.count():
        name = b"border:%d" % number
        if (slot := slot_of(name)) in wanted:
            found.setdefault(slot, name)
            if len(found) == len(wanted):
                return set(found.values())


# --- hash-tag ---

TOKENS = re.compile(rb"\\(.)|(\[\^?)(.*?)\]|([*?{}])|(.)", re.DOTALL)


def tag_rule(glob):
    """A glob that shows the result, as an expression; the group 'tag' is what stands between the braces."""
    parts = []
    for escaped, bracket, listed, special, plain in TOKENS.findall(glob):
        if bracket:
            parts.append(bracket + listed + b"]")
        elif special:
            parts.append({b"*": b".*?", b"?": b".", b"{": b"(?P<tag>", b"}": b")"}[special])
        else:
            parts.append(re.escape(escaped or plain))
    return re.compile(b"".join(parts), re.DOTALL)


def tagged(rules, key):
    if tag_of(key) is not None:
        return key
    for rule in rules:
        found = rule.fullmatch(key)
        if found is None or not found["tag"]:
            continue
        start, end = found.span("tag")
        result = key[:start] + b"{" + found["tag"] + b"}" + key[end:]
        if tag_of(result) == found["tag"]:
            return result
    return key


# --- rename ---


class Rename:
    """s/RE/REPL/FLAGS with slashes, where neither part holds one."""

    def __init__(self, text):
        _, expression, self.replacement, flags = text.split(b"/")
        self.expression = re.compile(expression, re.IGNORECASE if b"i" in flags else 0)
        self.count = 0 if b"g" in flags else 1

    def _expand(self, found):
        def piece(token):
            if token[1] is not None:
                return found[int(token[1])] or b""
            return found[0] if token[0] == b"&" else token[2]

        return re.sub(rb"\\([0-9])|&|\\([\\&])", piece, self.replacement)

    def __call__(self, key):
        return self.expression.sub(self._expand, key, count=self.count)


class Rules:
    def __init__(self, map_db=None, renames=(), tags=(), flatten=None, prefix_db0=False):
        """`flatten`: None, or the template."""
        self.map_db, self.flatten, self.prefix_db0 = map_db or {}, flatten, prefix_db0
        self._renames, self._tags = list(renames), list(tags)
        self.renames, self.tags = [Rename(text) for text in renames], [tag_rule(glob) for glob in tags]

    def options(self):
        """As arguments of rdbferry."""
        arguments = []
        if self.map_db:
            arguments += ["--map-db", ",".join(f"{a}={b}" for a, b in self.map_db.items())]
        for option, texts in (("--rename", self._renames), ("--hash-tag", self._tags)):
            for text in texts:
                arguments += [option, text]
        if self.flatten is not None:
            arguments.append(b"--flatten-dbs" + (b"" if self.flatten == b"db%d:" else b"=" + self.flatten))
        return arguments + ["--prefix-db0"] * self.prefix_db0

    def __call__(self, db, key):
        """The database and the name with which a key is written."""
        db = self.map_db.get(db, db)
        for rename in self.renames:
            key = rename(key)
        key = tagged(self.tags, key)
        return (db, key) if self.flatten is None else (0, self.prefixed(db, key))

    def prefixed(self, db, key):
        """As flatten-dbs does it."""
        if db == 0 and not self.prefix_db0:
            return key
        return self.flatten.replace(b"%d", b"%d" % db).replace(b"%%", b"%") + key
