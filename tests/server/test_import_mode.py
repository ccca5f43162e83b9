# SPDX-License-Identifier: MIT
"""`rdbferry replay --follow` into a target in import mode, which deletes nothing that expires: what expires there while
the source changes its expiry is kept, and losing the mode is noticed."""
import os
import signal
import sys
import time

from lib.follow_replaying import FollowReplaying, Writer
from lib.kinds import FIELDS, IMPORT_MODE, KIND, needs
from lib.live_targets import HOST, Cluster, TcpServer, free_port
from lib.replaying import TARGET, url_of
from lib.splitting import printed_seed


def setUpModule():
    global SEED
    SEED = printed_seed()


USED, SHIFTED, LATE = "the target is in import mode", "317 years late", "deletes expired keys by its own clock"


class ImportModeCase(FollowReplaying):
    def setUp(self):
        super().setUp()
        self.target.call("CONFIG", "SET", "import-mode", "yes")

    def slow_job(self):
        """The snapshot takes three seconds for 3000 keys."""
        self.live.call("CONFIG", "SET", "rdb-key-save-delay", 1000)
        self.addCleanup(self.live.call, "CONFIG", "SET", "rdb-key-save-delay", 0)
        return self.job()

    def lose(self, running, said, job, after=lambda: None):
        """The run ends; one that is resumed writes another snapshot."""
        self.finish(running, TARGET)
        self.assertIn(said, self.said)
        self.assertIn("write another snapshot over what is there", self.said)
        after()
        running = self.begin(*job)
        self.written(running, "again")
        self.assertIn("begins anew", running.said())
        self.complete(running, job)
        self.assert_equal_data()


@needs(IMPORT_MODE)
class ImportMode(ImportModeCase):
    def test_expiries_that_are_changed(self):
        """In the snapshot, which takes longer than the keys last, and in the stream."""
        call = self.live.call
        call("DEBUG", "POPULATE", 3000, "k", 300)
        names = [f"kept:{i}" for i in range(30)]
        call.pipeline([("SET", name, 5, "PX", 1500) for name in names])
        call.pipeline([("RPUSH", f"list:{name}", *"ab", 200 * "x") for name in names])
        call.pipeline([("PEXPIRE", f"list:{name}", 1500) for name in names])
        running = self.begin(*self.slow_job())
        self.begun(running, lambda: self.target.call("DBSIZE") > 0)
        changes = [("INCR", name) for name in names] + [("PERSIST", f"list:{name}") for name in names]
        call.pipeline([("PEXPIRE", name, 10_000_000) for name in names] + changes)
        self.written(running)
        call.pipeline([("SET", "gone", 1, "PX", 500), ("SET", "kept", 1, "PX", 500)])
        with self.target.halted():
            call.pipeline([("PERSIST", "kept"), ("INCR", "kept")])
            time.sleep(1)
        self.assertEqual(call("EXISTS", "gone"), 0)  # it is deleted by then
        self.written(running, "last")
        self.assertEqual(self.target.call("PEXPIRETIME", names[0]), call("PEXPIRETIME", names[0]))
        self.stop(running)
        self.assertEqual((self.target.call("GET", "kept"), self.target.call("EXISTS", "gone")), (b"2", 0))
        self.assertIn(USED, self.said)
        self.assertNotIn(SHIFTED, self.said)
        self.assert_equal_data()

    @needs(FIELDS)
    def test_fields(self):
        call = self.live.call
        call("DEBUG", "POPULATE", 3000, "k", 300)
        names = [f"h:{i}" for i in range(20)]
        call.pipeline([("HSET", name, *"fvgw") for name in names])
        call.pipeline([("HPEXPIRE", name, 1000, "FIELDS", 1, "f") for name in names])
        running = self.begin(*self.slow_job())
        self.begun(running, lambda: self.target.call("DBSIZE") > 0)
        call.pipeline([("HPERSIST", name, "FIELDS", 1, "f") for name in names])
        self.written(running)
        self.stop(running)
        self.assertEqual(self.target.call("HGETALL", names[0]), [b"f", b"v", b"g", b"w"])
        self.assert_equal_data()

    def test_target_with_keys(self):
        """For which expiries are not shifted."""
        self.target.call("SET", "other", 1)
        self.live.call("SET", "kept", 5, "PX", 700)
        running = self.begin(*self.job("--on-exists", "replace"))
        self.written(running)
        with self.target.halted():
            self.live.call("PERSIST", "kept")
            time.sleep(1)
        self.written(running, "last")
        self.stop(running)
        self.assertEqual(self.target.call.pipeline([("GET", "kept"), ("GET", "other")]), [b"5", b"1"])
        self.assertNotIn(LATE, self.said)

    def test_mode_that_is_turned_off(self):
        job = self.lasting()
        running = self.begin(*job)
        self.written(running)
        self.target.call("CONFIG", "SET", "import-mode", "no")
        self.lose(running, "not in import mode", job, lambda: self.target.call("CONFIG", "SET", "import-mode", "yes"))
        self.assertIn(USED, self.said)

    def test_mode_that_is_turned_off_and_on_again(self):
        """Between two questions: what has expired meanwhile is deleted."""
        job = self.lasting()
        running = self.begin(*job)
        self.written(running)
        self.target.call("SET", "late", 1, "PXAT", 1)
        mode = ("CONFIG", "SET", "import-mode")
        self.target.call.pipeline([(*mode, "no"), ("GET", "late"), (*mode, "yes")])
        self.lose(running, "expired keys were deleted", job)

    def test_mode_that_is_turned_off_between_two_runs(self):
        """It is not used any more by another one."""
        job = self.lasting()
        running = self.begin(*job)
        self.written(running)
        self.stop(running)
        self.target.call("CONFIG", "SET", "import-mode", "no")
        self.lose(self.begin(*job), "not in import mode any more", job)
        self.assertNotIn(USED, self.said)

    def test_kill(self):
        job = self.lasting()
        running = self.begin(*job)
        self.written(running)
        with Writer(self.live, SEED):
            for _ in range(3):
                time.sleep(0.3)
                running.kill(signal.SIGKILL)
                running.wait()
                running = self.begin(*job)
        self.complete(running, job)
        self.assert_equal_data()
        self.assertIn(b"sync_full:1\r", self.live.call("INFO", "stats"))

    def test_leftovers(self):
        """What the target has of a snapshot that begins anew, also if it has expired there: the source writes a key of this
        name as a new one."""
        call = self.live.call
        call("DEBUG", "POPULATE", 3000, "k", 300)
        names = [f"gone:{i}" for i in range(30)]
        call.pipeline([("SET", name, 5, "PX", 1500) for name in names])
        job = self.lasting("--rate", "500KB/s")
        running = self.begin(*job)
        self.begun(running, lambda: self.target.call("DBSIZE") > 2500)
        running.kill(signal.SIGKILL)
        running.wait()
        time.sleep(1.5)
        self.assertEqual(call("EXISTS", *names), 0)
        running = self.begin(*job[:-2])
        self.written(running)
        call.pipeline([("INCR", name) for name in names])
        self.written(running, "last")
        self.complete(running, job[:-2])
        self.assertEqual(self.target.call("MGET", *names), 30 * [b"1"])
        self.assert_equal_data()

    def test_cut_over(self):
        """With expired keys in source and target; the mode is turned off by the command that switches the clients."""
        self.addCleanup(self.live.call, "CLIENT", "UNPAUSE")
        self.live.call.pipeline([("CONFIG", "SET", "hz", 1), ("DEBUG", "SET-ACTIVE-EXPIRE", 0)])
        self.addCleanup(self.live.call, "DEBUG", "SET-ACTIVE-EXPIRE", 1)
        self.live.call.pipeline([("SET", f"expires:{i}", i, "PX", 500 + 20 * i) for i in range(200)])
        off = self.path("off.py")
        with open(off, "w", encoding="utf-8") as file:
            file.write(f"import sys; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})\n")
            file.write("from lib.resp import Client\n")
            file.write(f"assert Client({os.path.join(self.target.folder, 'socket')!r})('CONFIG', 'SET', 'import-mode', 'no')\n")
        command = f"{sys.executable} -B {off}"
        self.finish(self.begin(*self.job("--cutover", "30s", "--cutover-command", command)))
        self.assertIn("switch now", self.said)
        self.assertNotIn("all keys are compared during the pause", self.said)
        self.assertEqual(self.target.call("CONFIG", "GET", "import-mode")[1], b"no")

    def test_no_permission(self):
        self.target.call("ACL", "SETUSER", "limited", "on", ">pw", "~*", "+@all", "-client|import-source")
        self.addCleanup(self.target.call, "ACL", "DELUSER", "limited")
        running = self.begin(url_of(self.live), url_of(self.target).replace("redis://", "redis://limited:pw@"), "--follow")
        self.written(running)
        self.stop(running)
        self.assertNotIn(USED, self.said)
        self.assertIn(SHIFTED, self.said)


@needs(IMPORT_MODE)
class Restart(ImportModeCase):
    """Of a target that has the mode in its configuration."""

    target_settings = {"appendonly": "yes", "appendfsync": "always", "import_mode": "yes"}

    def restart(self):
        """The class stops it."""
        target = self.target
        target.stop(signal.SIGKILL)
        target.__init__(target.folder, port=target.port, **self.target_settings)

    def test_followed(self):
        job = self.lasting()
        running = self.begin(*job)
        self.written(running)
        self.restart()
        self.live.call("SET", "noticed", 1)
        self.lose(running, "the server was restarted", job)

    def test_between_two_runs(self):
        job = self.lasting()
        running = self.begin(*job)
        self.written(running)
        self.stop(running)
        self.restart()
        self.lose(self.begin(*job), "processes were started since", job)


@needs(IMPORT_MODE)
class IntoCluster(FollowReplaying):
    def test_one_node_without(self):
        """Then none is used; with the last one it is used by all."""
        with Cluster(self.fresh(), 2, lambda: {"import_mode": "yes"}) as cluster:
            job = [url_of(self.live), f"redis+cluster://{HOST}:{cluster.nodes[0].port}", "--follow", "--exit-when-in-step", "100ms"]
            self.live.call.pipeline([("SET", f"k{i}", i, "PX", 1000) for i in range(100)])
            cluster.nodes[1].call("CONFIG", "SET", "import-mode", "no")
            self.finish(self.begin(*job))
            self.assertNotIn(USED, self.said)
            self.assertIn(SHIFTED, self.said)
            for node in cluster.nodes:
                node.call("FLUSHALL")
            cluster.nodes[1].call("CONFIG", "SET", "import-mode", "yes")
            self.finish(self.begin(*job))
            self.assertIn(USED, self.said)

    def test_slots_that_move(self):
        """What has expired in them is lost: that is noticed by a command for such a slot, at the end, and by another run."""
        with Cluster(self.fresh(), 2, lambda: {"import_mode": "yes"}) as cluster:
            for way, name in ("command", "{b}"), ("end", "{c}"), ("run", "{f}"):
                with self.subTest(way):
                    for server in (self.live, *cluster.nodes):
                        server.call("FLUSHALL")
                    self.live.call("SET", name, 1)
                    checkpoint = os.path.join(self.fresh(), "checkpoint")
                    job = [url_of(self.live), f"redis+cluster://{HOST}:{cluster.nodes[0].port}", "--follow", "--checkpoint", checkpoint]
                    running = self.begin(*job)
                    self.begun(running, lambda: "in step" in running.said())
                    if way != "command":
                        running.kill(signal.SIGTERM)
                        running.wait()
                    if way == "end":
                        os.remove(checkpoint)
                        running = self.begin(*job[:-2], "--exit-when-in-step", "5s", "--on-exists", "replace")
                        self.begun(running, lambda: "in step" in running.said())
                    if way == "run":
                        running = self.begin(*job, "--resume")
                        self.begun(running, lambda: "in step" in running.said())
                        running.kill(signal.SIGTERM)
                        running.wait()
                        self.assertNotIn("snapshot written", running.said())
                    cluster.begin_move(name.encode())
                    cluster.end_move(name.encode())
                    if way == "command":
                        self.live.call("INCR", name)
                    if way == "run":
                        running = self.begin(*job, "--resume")
                    self.finish(running, TARGET)
                    self.assertIn("slots have moved", self.said)
