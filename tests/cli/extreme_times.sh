#!/bin/bash
# SPDX-License-Identifier: MIT
# Times as far away as a dump can say: no command computes beyond the range of its numbers.
python3 - <<'END'
import os, struct, subprocess
program = os.environ["RDBFERRY"]
extremes = (-2**63, -2**63 + 1, -2, 0, 2**63 - 2, 2**63 - 1)
def string(text):
    return bytes([len(text)]) + text.encode()
def dump(ctime, expiry):
    return (b"REDIS0009\xfa" + string("ctime") + string(str(ctime)) + b"\xfe\0\xfc" + struct.pack("<q", expiry) +
            b"\0" + string("k") + string("v") + b"\xff" + bytes(8))
def run(*arguments):
    done = subprocess.run([program, *arguments], capture_output=True)
    assert done.returncode in (0, 1, 2, 4), (arguments, done)
    return done.stdout
for expiry in extremes:
    with open("in.rdb", "wb") as file:
        file.write(dump(1700000000, expiry))
    print(expiry, run("inspect", "in.rdb", "--keys").split(b"\n")[1].decode())
    for options in (["--json"], ["--expired", "drop"]):
        run("inspect", "in.rdb", *options)
    for shift in ("auto", "100000000000d", "-100000000000d"):
        run("convert", "in.rdb", "-o", "out.aof", "--force", "--shift-expiry", shift)
    run("verify", "in.rdb", "--min-ttl-share", "0.5")
for ctime in extremes:
    with open("in.rdb", "wb") as file:
        file.write(dump(ctime, 2**63 - 1))
    print(ctime, b"ctime" in run("inspect", "in.rdb"))
    run("inspect", "in.rdb", "--json")
    run("verify", "in.rdb", "--max-age", "26h", "--report", "report.json")
    run("convert", "in.rdb", "-o", "out.rdb", "--force", "--shift-expiry", "auto")
END
