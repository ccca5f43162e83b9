# SPDX-License-Identifier: MIT
"""The manifests in docs/kubernetes: what they say, and what their containers do with real data and servers."""
import glob
import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from lib.container import Container, reason_against
from lib.kinds import CLUSTER_PORTS, needs
from lib.live_targets import TcpServer, wait_until
from lib.program import PROGRAM, ROOT
from lib.server import Server

try:
    import yaml
except ImportError:
    yaml = None

FOLDER = os.path.join(ROOT, "docs", "kubernetes")
IMAGE = "registry.example.com/rdbferry:0.1.0"
KEYS = 20_000
PASSWORD = "s3cret @/"
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def setUpModule():
    global folder
    folder = tempfile.mkdtemp(prefix="rdbferry-")
    os.chmod(folder, 0o711)


def tearDownModule():
    shutil.rmtree(folder)


def manifest(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return yaml.safe_load(file)


class Pod:
    """A pod's specification, and its container with rdbferry."""

    def __init__(self, name):
        self.object = manifest(name)
        self.job = self.object["spec"]
        if "jobTemplate" in self.job:
            self.job = self.job["jobTemplate"]["spec"]
        self.spec = self.job["template"]["spec"]
        containers = [*self.spec.get("initContainers", []), *self.spec["containers"]]
        (self.container,) = (one for one in containers if one["image"] == IMAGE)

    def arguments(self, **variables):
        return [re.sub(r"\$\((\w+)\)", lambda m: variables[m.group(1)], one) for one in self.container["args"]]

    def memory(self):
        number, unit = re.fullmatch(r"(\d+)(Mi)", self.container["resources"]["limits"]["memory"]).groups()
        return int(number) << {"Mi": 20}[unit]


@unittest.skipUnless(yaml, "no python3-yaml")
class Manifests(unittest.TestCase):
    JOBS = "replay-shards.yaml", "verify-backup.yaml"
    PODS = "convert-once.yaml", "follow.yaml", *JOBS

    def test_files(self):
        found = {os.path.basename(path) for path in glob.glob(os.path.join(FOLDER, "*.yaml"))}
        self.assertEqual(found, {*self.PODS, "github-verify.yaml"})
        with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
            self.assertEqual(set(re.findall(r"^\| \[(.*?)\]", file.read(), re.M)), found)

    def test_options(self):
        """They are those of the command; no shell is used, which the image does not have."""
        for name in self.PODS:
            with self.subTest(name=name):
                pod = Pod(name)
                self.assertNotIn("command", pod.container)
                self.check_options(pod.container["args"])
        steps = manifest("github-verify.yaml")["jobs"]["verify"]["steps"]
        (line,) = (step["run"] for step in steps if step.get("name") == "Verify")
        self.check_options(line.split()[1:])

    def check_options(self, arguments):
        shown = subprocess.run([PROGRAM, "help", arguments[0]], capture_output=True, check=True).stdout.decode()
        for option in arguments:
            if option.startswith("-"):
                self.assertRegex(shown, rf"(?m)^ +(-., )?{option}\b|^ +{option}, ")

    def test_security(self):
        for name in self.PODS:
            pod = Pod(name)
            own = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            self.assertEqual(pod.container["securityContext"], own, name)
            self.assertTrue(pod.spec["securityContext"]["runAsNonRoot"], name)
            self.assertGreater(pod.spec["securityContext"]["runAsUser"], 0, name)
            self.assertEqual(pod.container["terminationMessagePath"], "/dev/termination-log", name)

    def test_volumes(self):
        for name in self.PODS:
            pod = Pod(name)
            known = {volume["name"] for volume in pod.spec["volumes"]}
            known |= {claim["metadata"]["name"] for claim in pod.object["spec"].get("volumeClaimTemplates", [])}
            paths = {mount["mountPath"] for mount in pod.container["volumeMounts"]}
            self.assertLessEqual({mount["name"] for mount in pod.container["volumeMounts"]}, known, name)
            for argument in pod.container["args"]:
                if argument.startswith("/") and argument != "/dev/termination-log":
                    self.assertIn("/" + argument.split("/")[1], paths, name)

    def test_exit_codes(self):
        """podFailurePolicy fails a Job for those codes that the README calls final."""
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            final = [int(code) for code in re.findall(r"^\| (\d) \|.*\| no \|$", file.read(), re.M)]
        for name in self.JOBS:
            pod = Pod(name)
            rule = pod.job["podFailurePolicy"]["rules"][0]
            self.assertEqual(rule["action"], "FailJob", name)
            expected = {"containerName": pod.container["name"], "operator": "In", "values": final}
            self.assertEqual(rule["onExitCodes"], expected, name)
            self.assertEqual(pod.spec["restartPolicy"], "Never", name)


class WithPods(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if reason := (None if yaml else "no python3-yaml") or reason_against():
            raise unittest.SkipTest(reason)
        cls.source = tempfile.mkdtemp(dir=folder)
        with Server(cls.source) as server:
            for start in range(0, KEYS, 5000):
                server.call.pipeline([("SET", f"key:{i}", "v" * 100) for i in range(start, start + 5000)])
            server.call("SELECT", 1)
            server.call("SET", "other", "1")
            server.call("SAVE")
        cls.dump = os.path.join(cls.source, "dump.rdb")

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=folder)
        os.chmod(self.folder, 0o711)
        self.count = 0

    def volumes(self, pod, **existing):
        """Folders for the mounts of a pod, writable for its user; their paths by name."""
        paths = {}
        for mount in pod.container["volumeMounts"]:
            path = existing.get(mount["name"]) or os.path.join(self.folder, mount["name"])
            os.makedirs(path, exist_ok=True)
            os.chmod(path, 0o755)
            if not mount.get("readOnly"):
                os.chown(path, pod.spec["securityContext"]["runAsUser"], pod.spec["securityContext"]["runAsGroup"])
            paths[mount["name"]] = path
        self.log = os.path.join(self.folder, "termination-log")
        with open(self.log, "w", encoding="ascii"):
            os.chmod(self.log, 0o666)
        return paths

    def container(self, pod, volumes, files=None):
        mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in pod.container["volumeMounts"]}
        mounts["/dev/termination-log"] = self.log
        self.count += 1
        where = os.path.join(self.folder, f"container{self.count}")
        return Container(where, mounts, pod.spec["securityContext"]["runAsUser"], files)

    def check(self, done, status=0):
        self.assertEqual(done.returncode, status, done.stdout.decode() + done.stderr.decode())
        return done

    def report(self):
        with open(self.log, encoding="utf-8") as file:
            return json.load(file)

    def as_dump(self, name="dump.rdb", pack=None):
        path = os.path.join(self.folder, "volume")
        os.makedirs(path)
        with open(self.dump, "rb") as file, open(os.path.join(path, name), "wb") as out:
            out.write(pack(file.read()) if pack else file.read())
        return path


class ConvertOnce(WithPods):
    def test_starts(self):
        """The first start writes the directory, in the memory that it may use, and the server loads it and writes to it;
        the second one leaves all as it is, and does not need the dump."""
        pod = Pod("convert-once.yaml")
        volumes = self.volumes(pod, dump=self.as_dump())
        container = self.container(pod, volumes)
        self.check(container.run(*pod.arguments(), memory=pod.memory()))
        self.assertEqual(self.report()["keys"]["written"], KEYS + 1)
        user = pod.spec["securityContext"]["runAsUser"]
        for path in glob.glob(os.path.join(volumes["data"], "appendonlydir", "*")):
            self.assertEqual(os.stat(path).st_uid, user, path)
        with Server(volumes["data"], appendonly="yes") as server:
            self.assertEqual(server.call("DBSIZE"), KEYS)
            server.call("SET", "later", 1)
        os.remove(os.path.join(volumes["dump"], "dump.rdb"))
        self.check(container.run(*pod.arguments()))
        with Server(volumes["data"], appendonly="yes") as server:
            self.assertEqual(server.call("DBSIZE"), KEYS + 1)


def own_network():
    """The beginning of addresses that no other test uses."""
    return f"127.{os.getpid() % 250 + 2}.{os.getpid() // 250 % 250}"


@needs(CLUSTER_PORTS)
class ReplayShards(WithPods):

    def setUp(self):
        super().setUp()
        self.pod = Pod("replay-shards.yaml")
        self.volumes = self.volumes(self.pod, dump=self.as_dump())
        with open(os.path.join(self.volumes["secret"], "password"), "w", encoding="ascii") as file:
            file.write(PASSWORD + "\n")
        self.address, self.hidden = f"{own_network()}.79", f"{own_network()}.80"
        self.files = {"/etc/hosts": f"{self.address} redis-cluster\n"}

    def start(self):
        """It is at its address when it is ready, and not before."""
        server = TcpServer(
            os.path.join(self.folder, "server"), port=6379, bind=self.hidden, cluster_enabled="yes",
            cluster_announce_ip=self.address,
        )  # fmt: skip
        self.addCleanup(server.stop)
        server.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_until(lambda: b"cluster_state:ok" in server.call("CLUSTER", "INFO"))
        server.call("CONFIG", "SET", "requirepass", PASSWORD)
        server.call("AUTH", PASSWORD)
        server.call("CONFIG", "SET", "bind", self.address)
        return server

    def arguments(self, index):
        return self.pod.arguments(JOB_COMPLETION_INDEX=str(index))

    def test_shards(self):
        """One pod is killed in the middle, and one is told to stop; both are started again."""
        server = self.start()
        container = self.container(self.pod, self.volumes, self.files)
        for index, number in ((0, "KILL"), (1, "TERM")):
            before = server.call("DBSIZE")
            with subprocess.Popen(container.command(*self.arguments(index), "--rate", "200KB/s"), **PIPES) as outer:
                wait_until(lambda: server.call("DBSIZE") > before)
                children = f"/proc/{outer.pid}/task/{outer.pid}/children"
                with open(children, encoding="ascii") as file:
                    subprocess.run(["kill", f"-{number}", file.read().strip()], check=True)
                said = outer.communicate(timeout=120)[1].decode()
            self.assertTrue(outer.returncode == 143 if number == "TERM" else outer.returncode, said)
            self.assertNotIn(PASSWORD, said)
        for index in range(4):
            done = self.check(container.run(*self.arguments(index), memory=self.pod.memory()))
            self.assertIn(b"written", done.stderr)
        self.assertEqual(server.call("DBSIZE"), KEYS + 1)
        self.assertEqual(server.call("GET", "db1:other"), b"1")

    def test_waits(self):
        """The target is not there yet; nor will it be, in a run that does not wait."""
        container = self.container(self.pod, self.volumes, self.files)
        arguments = self.arguments(0)
        waits = arguments.index("10m")
        self.check(container.run(*arguments[:waits], "0", *arguments[waits + 1 :]), 5)
        with subprocess.Popen(container.command(*arguments), **PIPES) as outer:
            time.sleep(1)
            server = self.start()
            said = outer.communicate(timeout=300)[1].decode()
        self.assertEqual(outer.returncode, 0, said)
        self.assertGreater(server.call("DBSIZE"), KEYS // 5)


class Follow(WithPods):
    NAMES = "redis-old", "redis-new"

    def setUp(self):
        super().setUp()
        self.pod = Pod("follow.yaml")
        self.volumes = self.volumes(self.pod)
        for name in ("source", "target"):
            with open(os.path.join(self.volumes["secret"], name), "w", encoding="ascii") as file:
                file.write(PASSWORD + "\n")
        addresses = {name: f"{own_network()}.{81 + i}" for i, name in enumerate(self.NAMES)}
        self.source, self.target = (self.start(name, addresses[name]) for name in self.NAMES)
        files = {"/etc/hosts": "".join(f"{address} {name}\n" for name, address in addresses.items())}
        self.running = self.container(self.pod, self.volumes, files).command(*self.pod.arguments())

    def start(self, name, address):
        server = TcpServer(os.path.join(self.folder, name), port=6379, bind=address)
        self.addCleanup(server.stop)
        server.call("CONFIG", "SET", "requirepass", PASSWORD)
        server.call("AUTH", PASSWORD)
        return server

    def write(self, value):
        self.source.call("SET", "marker", value)
        self.source.call("INCR", "counter")

    def follow_until_in_step(self, number):
        """What it has said, and its status after the signal."""
        log = os.path.join(self.folder, "stderr")
        with open(log, "wb") as errors, open(log, "rb") as said:
            with subprocess.Popen(self.running, stderr=errors) as outer:
                text = b""
                while b"in step with the source" not in text and outer.poll() is None:
                    text += said.read()
                    time.sleep(0.02)
                self.write("while it follows")
                wait_until(lambda: self.target.call("GET", "marker") == b"while it follows")
                with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="ascii") as file:
                    subprocess.run(["kill", f"-{number}", file.read().strip()], check=True)
                outer.wait(timeout=120)
            text = (text + said.read()).decode()
        self.assertNotIn(PASSWORD, text)
        return outer.returncode, text

    def test_restarted(self):
        """The pod is killed, evicted, and started again: every write arrives once."""
        self.source.call.pipeline([("SET", f"key:{i}", "v" * 100) for i in range(KEYS)])
        for number in ("KILL", "TERM", "TERM"):
            self.write("while it does not")
            status, said = self.follow_until_in_step(number)
            if number == "TERM":
                self.assertEqual(status, 0, said)
                self.assertEqual(self.report()["follow"]["phase"], "in step")
        self.assertEqual(self.target.call("GET", "counter"), b"6")
        self.assertEqual(self.target.call("DBSIZE"), KEYS + 3)


class VerifyBackup(WithPods):
    def test_backup(self):
        pod = Pod("verify-backup.yaml")
        volumes = self.volumes(pod, backup=self.as_dump("latest.rdb.gz", gzip.compress))
        container = self.container(pod, volumes)
        self.check(container.run(*pod.arguments(), memory=pod.memory()))
        self.assertEqual(self.report()["read"]["keys"], KEYS + 1)
        with open(os.path.join(volumes["backup"], "latest.rdb.gz"), "r+b") as file:
            file.truncate(20_000)
        self.check(container.run(*pod.arguments()), 1)
        os.remove(os.path.join(volumes["backup"], "latest.rdb.gz"))
        self.check(container.run(*pod.arguments()), 3)


if __name__ == "__main__":
    unittest.main()
