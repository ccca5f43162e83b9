# SPDX-License-Identifier: MIT
"""Our commands beside those of the server's own rewrite of the same data: the same, key by key."""
import glob
import os
import shutil
import tempfile
import unittest

from lib import dataset, resp
from lib.kinds import AOF_DIRECTORIES, needs
from lib.program import convert
from lib.server import Server

# Commands that add elements in batches; how many arguments an element has; whether their order means anything.
BATCHES = {b"RPUSH": (1, True), b"SADD": (1, False), b"ZADD": (2, False), b"HMSET": (2, False)}
MOST_ELEMENTS = 64


def own_rewrite(server):
    """What a server's BGREWRITEAOF writes, without preamble."""
    server.call("CONFIG", "SET", "aof-use-rdb-preamble", "no")
    server.call("CONFIG", "SET", "appendonly", "yes")
    server.wait_for_rewrite()
    (base,) = glob.glob(os.path.join(server.folder, "appendonlydir", "*.base.aof"))
    with open(base, "rb") as file:
        return file.read()


def by_key(aof):
    """The commands of an AOF as {(db, key): [command, …]}, the functions as those of key None, in db None."""
    keys, db = {}, None
    for command in resp.commands(aof):
        name = command[0].upper()
        if name == b"SELECT":
            db = int(command[1])
        elif name == b"FUNCTION":
            keys.setdefault((None, None), []).append(command)
        else:
            # The key comes first but for XGROUP's subcommand.
            at = 2 if name == b"XGROUP" else 1
            keys.setdefault((db, command[at]), []).append([name] + command[1:])
    return keys


def element(name, arguments):
    # A score's text is a matter of taste; its value is not.
    return (float(arguments[0]), arguments[1]) if name == b"ZADD" else tuple(arguments)


def joined(commands):
    """A key's commands with the batches of one collection joined."""
    result = []
    for command in commands:
        name = command[0]
        if name not in BATCHES:
            result.append(command)
            continue
        size, ordered = BATCHES[name]
        if not result or result[-1][0] != name:
            result.append([name, []])
        result[-1][1] += [element(name, command[i : i + size]) for i in range(2, len(command), size)]
        if not ordered:
            result[-1][1].sort()
    return result


def setUpModule():
    """Lets a server rewrite and save the same data, and converts what it saved."""
    global ours, theirs
    folder = tempfile.mkdtemp(prefix="rdbferry-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    with Server(folder) as server:
        dataset.fill(server.call)
        server.call("SAVE")
        theirs = by_key(own_rewrite(server))
    ours = by_key(convert(os.path.join(folder, "dump.rdb"), "-o", "-", "--to", "aof"))


@needs(AOF_DIRECTORIES)
class OwnRewrite(unittest.TestCase):
    def test_same_keys(self):
        self.assertEqual(ours.keys(), theirs.keys())

    def test_same_functions(self):
        self.assertEqual(sorted(ours[None, None]), sorted(theirs[None, None]))

    def test_same_commands(self):
        for place in theirs:
            if place[1] is not None and place[1] not in dataset.LOST:
                with self.subTest(key=place):
                    self.assertEqual(joined(ours[place]), joined(theirs[place]))

    def test_lost_entries_go_as_restore(self):
        """The server's own rewrite loses pending entries whose entry is gone; ours does not."""
        for place in theirs:
            if place[1] in dataset.LOST:
                with self.subTest(key=place):
                    names = [command[0] for command in ours[place] if command[0] != b"PEXPIREAT"]
                    self.assertEqual(names, [b"RESTORE"])

    def test_batches(self):
        for place, commands in ours.items():
            for command in commands:
                if command[0] in BATCHES:
                    elements = (len(command) - 2) // BATCHES[command[0]][0]
                    self.assertLessEqual(elements, MOST_ELEMENTS, place)


if __name__ == "__main__":
    unittest.main()
