# SPDX-License-Identifier: MIT
"""Processes that run test classes for the runner, several at the same time."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

RUNNER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "runner.py")


class Worker:
    """A process in which what the tests import stays imported. Each class runs in a fork of it, which is the leader of
    a session, so that its servers can be ended with it."""

    def __init__(self, environment):
        command = [sys.executable, RUNNER, "--work"]
        self._process = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )

    def begin(self, *request):
        """Returns the session's number once it is there, None if the worker has ended."""
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        return self._read("began")

    def wait(self):
        """Returns the exit code of what has begun."""
        return self._read("ended")

    def _read(self, expected):
        word, _, number = self._process.stdout.readline().decode().partition(" ")
        return int(number) if word == expected else None

    def kill(self):
        self._process.kill()
        self._process.wait()


class Pool:
    """Workers, as many as are needed at a time. A class may take `limit` seconds."""

    def __init__(self, folder, limit):
        self._folder, self._limit = folder, limit
        self._environment = {
            **os.environ,
            "TMPDIR": folder,  # whatever ends them leaves nothing
            "PYTHONPYCACHEPREFIX": os.path.join(folder, "compiled"),  # what one has compiled is there for the others
            # a wrapper in its place takes longer than a test
            "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._lock = threading.Lock()
        self._workers, self._free = [], {}
        self._groups = set()
        self._closed = False

    def run(self, number, job):
        """Runs tests of a class, and returns their counts, what they printed, and the seconds that they took."""
        path = os.path.join(self._folder, str(number))
        started = time.monotonic()
        worker = self._worker_for(job.server)
        if worker is None:
            return None
        group = worker.begin(path + ".log", path + ".json", job.name, *job.tests)
        code = self._wait(worker, group) if group else None
        self._free[job.server.path].append(worker)
        with open(path + ".log", encoding="utf-8", errors="replace") as log:
            output = log.read()
        seconds = time.monotonic() - started
        try:
            with open(path + ".json", encoding="utf-8") as file:
                counts = json.load(file)
        except FileNotFoundError:
            counts = {"passed": 0, "failed": 1, "skipped": [], "durations": []}
            output += f"\nFAILED: {job.name} came to no result: exit {code} after {seconds:.0f} of {self._limit} s\n"
        return counts, output, seconds

    def _worker_for(self, server):
        """One that does nothing at the time; None once the pool is closed."""
        with self._lock:
            if self._closed:
                return None
            free = self._free.setdefault(server.path, [])
            if not free:
                self._workers.append(Worker({**self._environment, "RDBFERRY_SERVER": server.path}))
                free.append(self._workers[-1])
            return free.pop()

    def _wait(self, worker, group):
        """Until it has ended, which it says where it was if that takes too long, and whatever servers it has left."""
        with self._lock:
            self._groups.add(group)
            if self._closed:
                end_group(group)
        limit = threading.Timer(self._limit, end, [group, signal.SIGABRT])
        limit.start()
        code = worker.wait()
        limit.cancel()
        with self._lock:
            self._groups.discard(group)
        end_group(group)
        return code

    def close(self):
        """Ends what runs; nothing is started any more."""
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.kill()
            for group in self._groups:
                end_group(group)


def end(process, number, kill=os.kill):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        kill(process, number)


def end_group(group):
    end(group, signal.SIGKILL, os.killpg)
