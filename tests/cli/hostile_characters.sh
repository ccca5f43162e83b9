#!/bin/bash
# SPDX-License-Identifier: MIT
# Characters that a terminal or an editor acts upon, in names of files, keys and AUX fields: none of them reaches
# stdout, stderr, a report, a CSV or a JUnit file as it is.
mkdir dir
python3 - <<'END'
import glob, json, os, subprocess, unicodedata
program = os.environ["RDBFERRY"]
harmful = [chr(c) for c in [*range(1, 32), 127, *range(128, 160), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F),
                            *range(0x2066, 0x206A), 0xFFF9, 0xE0001]]
text = "".join(f"{c}{i}" for i, c in enumerate(harmful) if c not in "\n/").encode() + b"\x9b\xff"
short = "\u009b2J\u202e\u2066\x1b".encode() + b"\x9b"
def string(data):
    return (bytes([len(data)]) if len(data) < 64 else bytes([0x40 | len(data) >> 8, len(data) & 255])) + data
def write(name, *keys):
    with open(name, "wb") as file:
        file.write(b"REDIS0009\xfa" + string(text) + string(text) + b"\xfe\0" +
                   b"".join(b"\0" + string(key) + string(value) for key, value in keys) + b"\xff" + bytes(8))
a, b, torn, twice = short + b"a.rdb", short + b"b.rdb", short + b"torn.rdb", short + b"twice.rdb"
write(a, (text, b"1"), (b"same", b"v"))
write(b, (text, b"2"), (b"same", b"v"))
write(twice, (text, b"1"), (text, b"1"))
with open(a, "rb") as file, open(torn, "wb") as out:
    out.write(file.read()[:-15])
with open("dir/appendonly.aof.manifest", "wb") as file:
    file.write(b'file "' + "".join(f"\\x{c:02x}" for c in short).encode() + b'missing.rdb" seq 1 type b\n')
def check(data, where):
    try:
        decoded = data.decode()
    except UnicodeDecodeError as error:
        raise AssertionError(where, data) from error
    found = {c for c in decoded if c in harmful and c != "\n"}
    assert not found, (where, found, data)
def run(*arguments):
    done = subprocess.run([program, *arguments, "-v"], capture_output=True)
    check(done.stdout, arguments)
    check(done.stderr, arguments)
    assert done.returncode in (0, 1, 2, 3, 4, 5), (arguments, done)
    for name in ("report", "junit", "plan/plan.json"):
        if os.path.exists(name):
            with open(name, "rb") as file:
                check(file.read(), (arguments, name))
for inputs in ([a], [a, b], [torn], ["dir"], [b"missing" + short], [b"redis://" + short]):
    for options in (["inspect"], ["inspect", "--json"], ["inspect", "--keys"],
                    ["verify", "--report", "report", "--junit", "junit"], ["verify", "--strict"],
                    ["convert", "-o", "out.aof", "--force", "--report", "report"],
                    ["convert", "-o", short + b"out.aof", "--report", "report"],
                    ["split", "--shards", "2", "-o", "plan", "--report", "report"],
                    ["replay", "redis://127.0.0.1:1", "--report", "report", "--retry-for", "1s"]):
        command, *rest = options
        target = [rest.pop(0)] if command == "replay" else []
        wait = ["--source-retry-for", "1ms"] if b"redis://" + short in inputs else []
        run(command, *inputs, *target, *rest, *wait)
for options in ([], ["--json"], ["--explain", short]):
    run("diff", a, b, *options)
run("diff", a, twice)
run("diff", a, twice, "--json")
run("verify", a, "--against", b, "--report", "report")
run("convert", a, "-o", "x.aof", "--" + short.decode(errors="surrogateescape"))
run(short)
print("none")
END
