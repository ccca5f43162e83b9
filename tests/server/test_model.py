# SPDX-License-Identifier: MIT
"""The model that judges our AOFs, judged itself: by what servers' own rewrites say of the same data."""
import gzip
import os
import unittest

from lib.answers import disagreements, load
from lib.aofmodel import Model, Restored, crc64
from lib.resp import encode
from lib.samples import saved_by_servers

# A server's own rewrite loses pending entries whose entry is gone.
LOST = b"stream:gone"


class OwnRewrites(unittest.TestCase):
    def test_agree_with_answers(self):
        rewrites = {name: path for name, path in saved_by_servers().items() if os.path.exists(path + ".aof.gz")}
        if not rewrites:
            self.skipTest("no rewrites by servers here")
        for name, path in rewrites.items():
            with self.subTest(name):
                with gzip.open(path + ".aof.gz") as file:
                    model = Model(file.read())
                for place, answer in load(path + ".json.gz").items():
                    if place[1] != LOST:
                        lines = disagreements(answer, model.keys[place], model.expiry.get(place))
                        self.assertEqual(lines, [], place)


class Details(unittest.TestCase):
    def refused(self, *commands):
        return Model(b"".join(map(encode, [("SELECT", 0), *commands]))).refused

    def test_crc64(self):
        self.assertEqual(crc64(b"123456789"), 0xE9C6D914C4B8D9CA)

    def test_restore(self):
        payload = bytes.fromhex("000568656c6c6f0a006372df766534200a")
        model = Model(encode(("SELECT", 3)) + encode(("RESTORE", "k", 77, payload, "ABSTTL")))
        self.assertIsInstance(model.keys[3, b"k"], Restored)
        self.assertEqual((model.keys[3, b"k"].version, model.expiry), (10, {(3, b"k"): 77}))
        self.assertTrue(self.refused(("RESTORE", "k", 0, payload[:-1] + b"\x00")))

    def test_refuses(self):
        for commands in (
            [("GET", "k")],
            [("SET", "k", 1), ("RPUSH", "k", 2)],
            [("SET", "k", 1), ("SET", "k", 2)],
            [("SADD", "k", "m"), ("SADD", "k", "m")],
            [("PEXPIREAT", "k", 5)],
            [("XADD", "k", "2-1", "f", "v"), ("XADD", "k", "1-1", "f", "v")],
            [("XADD", "k", "2-1", "f", "v"), ("XSETID", "k", "1-1")],
            [("XADD", "k", "2-1", "f", "v"), ("XCLAIM", "k", "g", "c", 0, "2-1")],
            [("SET", "k", 1), ("FUNCTION", "LOAD", "code")],
        ):
            with self.subTest(commands):
                self.assertEqual(len(self.refused(*commands)), 1)


if __name__ == "__main__":
    unittest.main()
