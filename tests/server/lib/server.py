# SPDX-License-Identifier: MIT
"""Starting and stopping real servers, each in a folder of its own, reached by a unix socket in it: no port that
somebody else may have taken."""
import os
import re
import signal
import subprocess
import time

from lib.kinds import DEBUG_SETTING, KIND
from lib.resp import Client, ReplyError

REDISEARCH = "/usr/lib/redis/modules/redisearch.so"

# What a server says in its log as a warning ('#') at every start.
USUAL_WARNINGS = re.compile(
    rb"oO0OoO0OoO0Oo Redis is starting|Configuration loaded|Warning: no config file|Server initialized"
    rb"|Memory overcommit must be enabled|overcommit_memory is set to 0|Transparent Huge Pages|TCP backlog"
    rb"|(Redis|Valkey) version=|(Redis|Valkey) is now ready to exit|User requested shutdown|Received SIGTERM"
    rb"|You requested maxclients|Increased maximum number of open files|Missing implement of connection type"
    rb"|Changing databases number from 16 to 1 since we are in cluster mode|does not require authentication"
    rb"|Error condition on socket for SYNC: Connection refused|FAILED opening .* latency"
)


class StartError(Exception):
    """The server did not come up; its log's end is in the message."""


class Server:
    """A running server. `folder` may hold a dump.rdb or an appendonlydir to start from."""

    def __init__(self, folder, kind=KIND, **config):
        self.folder = str(folder)
        self.log_path = os.path.join(self.folder, "server.log")
        path = os.path.join(self.folder, "socket")
        settings = {
            "port": 0,
            "unixsocket": path,
            "dir": self.folder,
            "logfile": self.log_path,
            "save": "",
            "hz": 25,  # it looks for a signal to stop so many times a second; more would cost while it waits
        }
        if kind.knows(DEBUG_SETTING):  # one that does not know a setting does not start with it
            settings.update({"enable-debug-command": "local", "proto-max-bulk-len": "1gb"})
        settings.update({name.replace("_", "-"): value for name, value in config.items()})
        arguments = [kind.path]
        for name, value in settings.items():
            arguments += [f"--{name}", *(value if isinstance(value, (list, tuple)) else [str(value)])]
        self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            self.call = self._connect(path)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def _connect(self, path):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                complaints = b"\n".join(self.warnings() or self.log().splitlines()[-5:])
                raise StartError(f"exit {self._process.returncode}: {complaints.decode(errors='replace')}")
            try:
                client = Client(path)
                try:
                    client("PING")
                    return client
                except BaseException:
                    client.close()
                    raise
            except (OSError, ReplyError):  # not there yet, or still loading
                time.sleep(0.02)
        raise StartError("no reply within two minutes")

    def log(self):
        try:
            with open(self.log_path, "rb") as log:
                return log.read()
        except FileNotFoundError:
            return b""

    def warnings(self):
        """The warnings in the log, but for those of every start."""
        lines = self.log().splitlines()
        return [line for line in lines if b" # " in line and not USUAL_WARNINGS.search(line)]

    def wait(self, what):
        """Waits until `what(info)` is true of INFO persistence."""
        for _ in range(3000):
            lines = self.call("INFO", "persistence").decode().splitlines()
            if what(dict(line.split(":", 1) for line in lines if ":" in line)):
                return
            time.sleep(0.02)
        raise TimeoutError("INFO persistence did not become what was waited for")

    def wait_for_rewrite(self):
        """Until none of the AOF is under way, nor about to be."""
        self.wait(lambda info: info["aof_rewrite_in_progress"] == "0" and info["aof_rewrite_scheduled"] == "0")

    def stop(self, number=signal.SIGTERM):
        self.call.close()
        self._process.send_signal(number)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
