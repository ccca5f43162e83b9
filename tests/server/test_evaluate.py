# SPDX-License-Identifier: MIT
"""--server: a log becomes the data set that a server makes of it. The oracle is a server that has loaded the log itself.
And what happens when the private server, or rdbferry, does not come to its end."""
import hashlib
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import time
import unittest

from lib import resp
from lib.kinds import AOF_DIRECTORIES, KIND, needs
from lib.live_targets import HOST, TcpServer
from lib.observe import differences, observe
from lib.program import PROGRAM, convert
from lib.server import Server
from lib.soaking import scaled, soak
from lib.splitting import DONE, INPUT, NO, OUTPUT, Splitting, printed_seed
from lib.workload import Workload

SERVER = ["--server", KIND.path]


def setUpModule():
    global SEED
    SEED = printed_seed()


def canonical(record):
    """A key, whatever order a server keeps the members of a set or a hash in, and when it has loaded a consumer."""
    value = sorted(map(str, record.value)) if record.type in ("set", "hash") else str(record.value)
    if record.type == "stream":
        value = re.sub(r"'(seen|active)_ms', \d+", "", value)
    return record.place, record.type, value, record.expire_ms


def tree(folder):
    """All that is in a folder: names, contents, times of change."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                found[path] = hashlib.sha256(file.read()).hexdigest(), os.stat(path).st_mtime_ns
    return found


@needs(AOF_DIRECTORIES)
class Logs(Splitting):
    """What the other classes write."""

    def log(self, *commands):
        """A file of commands, given as lists or as texts of words."""
        path = os.path.join(self.fresh(), "in.aof")
        with open(path, "wb") as file:
            for command in commands:
                file.write(resp.encode(command.split() if isinstance(command, str) else command))
        return path

    def source(self, workload, preamble="yes"):
        """A folder with the appendonlydir of a server after a workload, rewritten in its middle."""
        folder = self.fresh()
        with Server(folder, appendonly="yes", aof_use_rdb_preamble=preamble, appendfsync="no") as server:
            workload.run(server.call, 10)
            server.call("BGREWRITEAOF")
            server.wait_for_rewrite()
            workload.run(server.call, 20)
        return os.path.join(folder, "appendonlydir")

    def loaded(self, directory, *commands):
        """What a server makes of a log, and of commands after it: as it says, and as a dump."""
        folder = self.fresh()
        shutil.copytree(directory, os.path.join(folder, "appendonlydir"))
        with Server(folder, appendonly="yes") as server:
            for command in commands:
                server.call(*command)
            return observe(server.call), self.saved(server)

    def evaluated(self, *arguments):
        """What a server says of the RDB that comes out."""
        path = os.path.join(self.fresh(), "dump.rdb")
        self.ferry("convert", *arguments, "-o", path, *SERVER)
        return self.served_dump(path)


class Evaluated(Logs):
    @scaled(test=1, soak=40)
    def test_at_random(self, seeds):
        """As RDB, as a compact AOF, as JSON lines, in comparisons, in shards, with rules that no command would allow."""
        for i in range(seeds):
            with self.subTest(seed=SEED + i):
                source = self.source(Workload(random.Random(SEED + i)), "yes" if i % 2 else "no")
                before = tree(source)
                expected, dump = self.loaded(source)
                self.assertEqual(differences(expected, self.evaluated(source)), [])
                rules = "--flatten-dbs", "--prefix-db0", "--hash-tag", "{*}1", "-K", "*4"
                compact = self.fresh()
                convert(dump, "-o", os.path.join(compact, "dump.rdb"), *rules)
                convert(source, "-o", os.path.join(compact, "appendonlydir"), *SERVER, *rules)
                ruled = self.served_dump(os.path.join(compact, "dump.rdb"))
                self.assertEqual(differences(ruled, self.served_aof(compact)), [])
                self.assertEqual(
                    sorted(map(canonical, self.records(source, *SERVER))), sorted(map(canonical, self.records(dump)))
                )
                self.ferry("diff", source, dump, *SERVER)
                self.ferry("verify", dump, "--against", source, *SERVER)
                shards = self.shards(self.split(source, "--shards", 3, "--flatten-dbs", *SERVER))
                self.assertEqual(self.digest(*shards), self.digest(dump, "--flatten-dbs"))
                self.assertEqual(tree(source), before)

    def test_sides_of_a_comparison(self):
        """A log on either side, and on both; keys that differ are named."""
        source = self.source(Workload(random.Random(SEED), groups=((0,),), flushes=False))
        changed = os.path.join(self.fresh(), "appendonlydir")
        shutil.copytree(source, changed)
        (last,) = [name for name in os.listdir(changed) if name.endswith(".2.incr.aof")]
        with open(os.path.join(changed, last), "ab") as file:
            file.write(resp.encode(["SET", "another", "1"]))
        shown = self.ferry("diff", source, changed, *SERVER, expected=NO)
        self.assertEqual([line for line in shown.splitlines() if b"another" in line], shown.splitlines())
        shown = self.ferry("verify", changed, "--against", source, *SERVER, expected=NO)
        self.assertIn(b"another", shown)
        self.ferry("verify", changed, changed, "--against", source, *SERVER, expected=NO)
        self.assertIn(b"another", self.ferry("diff", source, changed, "--explain", "another", *SERVER, expected=NO))

    def test_replayed(self):
        source = self.source(Workload(random.Random(SEED)))
        expected, _ = self.loaded(source)
        with Server(self.fresh()) as server:
            self.ferry("replay", source, f"unix://{server.folder}/socket", "--verify", *SERVER)
            self.assertEqual(differences(expected, observe(server.call)), [])

    def test_without_a_command_and_cut(self):
        source = self.source(Workload(random.Random(SEED), flushes=False, swaps=False))
        accident = self.log("SELECT 0", "FLUSHALL", "SET after 1")
        (last,) = [name for name in os.listdir(source) if name.endswith(".2.incr.aof")]
        expected, _ = self.loaded(source)
        after, _ = self.loaded(source, ("SET", "after", "1"))
        path = os.path.join(source, last)
        place = f"{last}:{os.path.getsize(path)}"
        with open(path, "ab") as file, open(accident, "rb") as more:
            file.write(more.read())
        self.assertEqual(differences(after, self.evaluated(source, "--drop-command", "FLUSHALL")), [])
        self.assertIn("FLUSHALL at offset", self.said)
        self.assertEqual(differences(expected, self.evaluated(source, "--until-offset", place)), [])

    def test_until(self):
        path = self.log("SET a 1")
        with open(path, "ab") as file:
            file.write(b"#TS:2000\r\n" + resp.encode(["SET", "b", "2"]) + b"#TS:3000\r\n" + resp.encode(["DEL", "a"]))
        self.assertEqual(self.places(path, "--until", "2000", *SERVER), {(0, b"a"), (0, b"b")})
        self.assertEqual(self.places(path, *SERVER), {(0, b"b")})

    @scaled(test=1, soak=100)
    def test_torn(self, count):
        """As a server loads it that cuts it."""
        make = random.Random(SEED)
        source = self.source(Workload(make))
        (last,) = [name for name in os.listdir(source) if name.endswith(".2.incr.aof")]
        for _ in range(count):
            torn = os.path.join(self.fresh(), "appendonlydir")
            shutil.copytree(source, torn)
            length = make.randrange(os.path.getsize(os.path.join(source, last)))
            with self.subTest(seed=SEED, length=length):
                os.truncate(os.path.join(torn, last), length)
                before = tree(torn)
                found = self.evaluated(torn, "--repair", "cut")
                self.assertEqual(tree(torn), before)
                self.assertEqual(differences(self.loaded(torn)[0], found), [])

    def test_expired_keys_are_kept(self):
        """... by the server, however many there are; what becomes of them is for the options to say."""
        lines = [f"SET k{i} 1 PXAT {i + 1000}" for i in range(5000)]
        path = self.log(*lines, "INCR k7", "HSET h f 1", "PEXPIREAT h 5", "SET stays 1")
        found = {record.key: record for record in self.records(path, *SERVER)}
        self.assertEqual(len(found), 5002)
        self.assertEqual((found[b"k7"].value, found[b"k7"].expire_ms, found[b"h"].expire_ms), ("2", 1007, 5))
        self.assertEqual(self.places(path, *SERVER, "--expired", "drop"), {(0, b"stays")})
        base = os.path.join(self.fresh(), "base.aof")
        self.ferry("convert", path, "-o", base, "--preamble", *SERVER)
        with open(base, "ab") as file:
            file.write(resp.encode(["INCR", "k7"]))
        found = {record.key: record for record in self.records(base, *SERVER)}
        self.assertEqual((len(found), found[b"k7"].value, found[b"k7"].expire_ms), (5002, "3", 1007))
        self.assertEqual(len(self.places(path, *SERVER, "--expired", "only")), 5001)

    def test_databases(self):
        """More than a server has by itself, also where a command names one that is never selected."""
        path = self.log("SELECT 40", "SET a 1", "SET b 1", "MOVE b 99", "COPY a c DB 120", "SWAPDB 40 200", "SET d 1")
        self.assertEqual(self.places(path, *SERVER), {(200, b"a"), (99, b"b"), (120, b"c"), (40, b"d")})
        self.assertNotIn("databases", self.said.replace("in 4 databases", ""))
        self.ferry("verify", self.log("SELECT 70000", "SET a 1"), *SERVER, expected=INPUT)
        self.assertIn("database 70000: a private server has at most 65536", self.said)

    def test_kinds_of_inputs(self):
        """Compressed, from stdin, with an RDB beside it; a log without a command, and without anything."""
        path, other = self.log("SET a 1", "SET b 2", "DEL a"), self.log("SET c 3")
        packed = os.path.join(self.fresh(), "log.gz")
        subprocess.run(f"gzip -c '{path}' >'{packed}'", shell=True, check=True)
        self.assertEqual(self.places(packed, *SERVER), {(0, b"b")})
        with open(path, "rb") as file:
            lines = self.ferry("convert", "-", "-o", "-", "--to", "jsonl", *SERVER, stdin=file.read())
        self.assertEqual(lines.count(b'"key":"b"'), lines.count(b"\n"))
        rdb = os.path.join(self.fresh(), "other.rdb")
        convert(other, "-o", rdb, *SERVER)
        self.assertEqual(self.places(path, rdb, *SERVER), {(0, b"b"), (0, b"c")})
        empty = self.log("SET a 1", "DEL a")
        self.assertEqual(self.places(empty, *SERVER), set())

    def test_input_that_cannot_be_written(self):
        source = self.source(Workload(random.Random(SEED)))
        expected, _ = self.loaded(source)
        os.chmod(source, stat.S_IRUSR | stat.S_IXUSR)
        self.addCleanup(os.chmod, source, stat.S_IRWXU)
        self.assertEqual(differences(expected, self.evaluated(source)), [])

    def test_at_the_same_time(self):
        path = self.log(*(f"RPUSH l{i % 7} {i}" for i in range(3000)))
        command = [PROGRAM, "convert", path, "-o", "-", "--to", "jsonl", *SERVER]
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
        outputs = [sorted(one.communicate(timeout=300)[0].splitlines()) for one in runs]
        self.assertEqual([one.returncode for one in runs], [DONE] * 3)
        self.assertEqual(len(outputs[0]), 7)
        self.assertEqual(outputs, [outputs[0]] * 3)

    def test_long_name_of_the_directory(self):
        """Longer than the path of a socket may be."""
        folder = os.path.join(self.fresh(), "x" * 150)
        os.mkdir(folder)
        done = subprocess.run(
            [PROGRAM, "verify", self.log("SET a 1"), *SERVER],
            env={**os.environ, "TMPDIR": folder}, capture_output=True, timeout=300, check=False,
        )
        self.assertEqual((done.returncode, done.stderr, os.listdir(folder)), (DONE, b"", []))


class Refused(Logs):
    """Logs that the server does not load, and programs that are no server."""

    def test_commands(self):
        path = self.log("SET a 1", "XYZ.ADD k 1", "SET b 1")
        out = os.path.join(self.fresh(), "dump.rdb")
        report = os.path.join(self.fresh(), "report.json")
        self.ferry("convert", path, "-o", out, "--report", report, *SERVER, expected=INPUT)
        self.assertIn("XYZ.ADD", self.said.splitlines()[-1])
        self.assertIn("in.aof: ", self.said.splitlines()[-1])
        self.assertFalse(os.path.exists(out))
        with open(report, encoding="utf-8") as file:
            self.assertIn("XYZ.ADD", file.read())
        self.ferry("verify", path, *SERVER, expected=INPUT)
        self.ferry("diff", path, path, *SERVER, expected=INPUT)
        self.ferry("inspect", path, *SERVER, expected=INPUT)

    def test_what_could_harm(self):
        """A server executes whatever it loads. Also within a transaction, in any case of letters, from a script."""
        victim = os.path.join(self.fresh(), "victim")
        for command in (
            ["CONFIG", "SET", "dir", os.path.dirname(victim)], ["config", "set", "dbfilename", "x"],
            ["MODULE", "LOAD", victim], ["REPLICAOF", "127.0.0.1", "1"],
        ):
            self.ferry("verify", self.log("MULTI", command, "EXEC"), *SERVER, expected=INPUT)
            self.assertIn(f"{command[0]} does not belong in a log", self.said)
        for word in "CONFIG", "SAVE":
            path = self.log(["EVAL", f"redis.pcall('{word}', 'SET', 'dir', '/')", "0"], "SET a 1")
            self.assertEqual(self.places(path, *SERVER), {(0, b"a")})
        self.assertEqual(os.listdir(os.path.dirname(victim)), [])

    def test_keys_that_would_go_away(self):
        """A script cannot send a key to another server."""
        other = TcpServer(self.fresh())
        self.addCleanup(other.stop)
        script = f"redis.pcall('MIGRATE', '{HOST}', '{other.port}', 'a', '0', '1000')"
        self.assertEqual(self.places(self.log("SET a 1", ["EVAL", script, "0"]), *SERVER), {(0, b"a")})
        self.assertEqual(other.call("DBSIZE"), 0)

    @soak
    def test_long_script(self):
        """While it runs the server answers nothing but BUSY."""
        script = "local t = redis.call('TIME')[1] + 8; repeat until tonumber(redis.call('TIME')[1]) > t"
        self.assertEqual(self.places(self.log(["EVAL", script, "0"], "SET a 1"), *SERVER), {(0, b"a")})

    def test_errors_are_told(self):
        """A command that fails in a server that loads is left out without a word by it."""
        path = self.log("RPUSH k a", "INCR k", "SET b 1")
        self.assertEqual(self.places(path, *SERVER), {(0, b"k"), (0, b"b")})
        self.ferry("inspect", path, *SERVER)
        self.assertIn("1 command failed in the server, and changed nothing: '-WRONGTYPE", self.said)

    def test_damage(self):
        path = self.log("SET a 1", "SET b 1")
        os.truncate(path, os.path.getsize(path) - 3)
        self.ferry("convert", path, "-o", os.path.join(self.fresh(), "dump.rdb"), *SERVER, expected=INPUT)
        self.assertIn("in.aof: offset 0x", self.said)
        self.assertIn("truncated", self.said)
        self.ferry("verify", path, *SERVER, expected=NO)

    def script(self, text):
        path = os.path.join(self.fresh(), "server")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\n[ "$1" = --version ] && exec {KIND.path} --version\n{text}\n')
        os.chmod(path, 0o700)
        return path

    def test_programs(self):
        path, out = self.log("SET a 1"), os.path.join(self.fresh(), "dump.rdb")
        for program, said in [
            (self.script("echo cannot start; exit 7"), "server ended with status 7: cannot start"),
            (self.script("kill -SEGV $$"), "server was killed by SIGSEGV"),
            (self.script(f'echo bogus 1 >>server.conf; exec {KIND.path} "$@"'), "bogus 1"),
        ]:
            self.ferry("convert", path, "-o", out, "--server", program, expected=OUTPUT)
            self.assertIn(said, self.said)
        self.ferry("convert", path, "-o", out, "--server", "/bin/true", expected=2)
        self.assertIn("true is not a Redis or Valkey server", self.said)
        self.assertFalse(os.path.exists(out))

    def test_what_the_server_is_given(self):
        """No port, and nothing of the environment; nothing of it is left."""
        seen = os.path.join(self.fresh(), "seen")
        program = self.script(f'{{ env; cat server.conf; ls -ld . ; }} >{seen}; exec {KIND.path} "$@"')
        self.ferry("verify", self.log("SET a 1"), "--server", program)
        with open(seen, encoding="utf-8") as file:
            text = file.read()
        names = {line.split("=")[0] for line in text.splitlines() if "=" in line}
        self.assertLessEqual(names, {"PATH", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"})
        self.assertIn("\nport 0\n", text)
        self.assertIn("drwx------ ", text)


class Interrupted(Logs):
    """The server, or rdbferry, ends while the log is loaded: a script in it does not end."""

    def setUp(self):
        super().setUp()
        self.temporary = self.fresh()
        self.slow = self.log("SET a 1", ["EVAL", "while true do end", "0"], "SET b 1")
        self.out = os.path.join(self.fresh(), "dump.rdb")

    def start(self):
        """rdbferry, and the number of its server, which loads."""
        process = subprocess.Popen(
            [PROGRAM, "convert", self.slow, "-o", self.out, *SERVER],
            env={**os.environ, "TMPDIR": self.temporary}, stderr=subprocess.PIPE,
        )
        self.addCleanup(process.stderr.close)
        for _ in range(6000):
            for child in self.children(process.pid):
                if os.path.exists(f"/proc/{child}/cwd/server.sock"):
                    return process, child
            time.sleep(0.02)
        process.kill()
        raise TimeoutError("the server did not start")

    @staticmethod
    def children(pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]

    @staticmethod
    def runs(pid):
        """A dead process may wait for its parent to notice."""
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                return file.read().rsplit(b")", 1)[1].split()[0] not in b"ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def assert_gone(self, server):
        for _ in range(3000):
            if not self.runs(server):
                return
            time.sleep(0.02)
        os.kill(server, signal.SIGKILL)
        self.fail("the server outlives rdbferry")

    def test_signals(self):
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(number):
                process, server = self.start()
                process.send_signal(number)
                said = process.communicate(timeout=300)[1]
                self.assert_gone(server)
                self.assertEqual(process.returncode, -number)
                self.assertEqual(said, f"rdbferry: stopped by {number.name}; nothing was written\n".encode())
                self.assertEqual(os.listdir(self.temporary), [])
                self.assertFalse(os.path.exists(self.out))

    def test_killed(self):
        """The next run removes what is left."""
        process, server = self.start()
        process.kill()
        process.wait()
        self.assert_gone(server)
        self.assertEqual(len(os.listdir(self.temporary)), 1)
        done = subprocess.run(
            [PROGRAM, "verify", self.log("SET a 1"), *SERVER],
            env={**os.environ, "TMPDIR": self.temporary}, capture_output=True, timeout=300, check=False,
        )
        self.assertEqual((done.returncode, os.listdir(self.temporary)), (DONE, []))

    def test_server_killed(self):
        process, server = self.start()
        os.kill(server, signal.SIGKILL)
        said = process.communicate(timeout=300)[1].decode()
        self.assertEqual(process.returncode, OUTPUT)
        self.assertIn("was killed by SIGKILL, perhaps for lack of memory", said)
        self.assertEqual(os.listdir(self.temporary), [])
        self.assertFalse(os.path.exists(self.out))


if __name__ == "__main__":
    unittest.main()
