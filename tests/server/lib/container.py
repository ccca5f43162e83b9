# SPDX-License-Identifier: MIT
"""Containers without a container engine: the static program as process 1 of namespaces, in a root that holds nothing
else, is not writable, and belongs to another user."""
import contextlib
import os
import shutil
import subprocess

from lib.program import PROGRAM

STATIC = os.path.join(os.path.dirname(PROGRAM), "rdbferry-static")
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
NOBODY = 65532

# unshare's child is a shell; exec leaves process 1 to the program.
PREPARE = """
set -e
root=$1 user=$2
shift 2
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    shift 2
done
shift
mount -o remount,bind,ro "$root"
cd "$root"
exec chroot --userspec="$user:$user" . "$@"
"""


def reason_against():
    """Why there can be no containers here; None: there can."""
    if not os.access(STATIC, os.X_OK):
        return "no static program (make static)"
    if os.getuid() != 0 or not shutil.which("unshare"):
        return "containers need root and unshare"
    mounted = subprocess.run([*NAMESPACES, "mount", "--bind", "/", "/mnt"], capture_output=True, check=False)
    return "no namespaces" if mounted.returncode != 0 else None


class Container:
    """A root with the program at /rdbferry. `mounts` says what is mounted into it: {path inside: path outside}."""

    def __init__(self, folder, mounts=None, user=NOBODY, files=None):
        self.root, self.user, self.mounts = os.path.join(folder, "root"), user, dict(mounts or {})
        os.makedirs(self.root)
        os.chmod(folder, 0o711)
        shutil.copy(STATIC, os.path.join(self.root, "rdbferry"))
        for path, content in (files or {}).items():
            self._file(path, content)
        for inside, outside in self.mounts.items():
            if os.path.isdir(outside):
                os.makedirs(self.root + inside)
            else:
                self._file(inside, "")

    def _file(self, path, content):
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, "w", encoding="utf-8") as file:
            file.write(content)

    def command(self, *arguments):
        mounts = [path for inside, outside in self.mounts.items() for path in (outside, inside)]
        inner = ["sh", "-c", PREPARE, "sh", self.root, str(self.user), *mounts, "--", "/rdbferry"]
        return [*NAMESPACES, *inner, *map(str, arguments)]

    def run(self, *arguments, **environment):
        """The finished process."""
        return subprocess.run(self.command(*arguments), capture_output=True, timeout=300, check=False, env=environment)

    @contextlib.contextmanager
    def running(self, *arguments, stderr=subprocess.PIPE):
        """The process outside, and the number there of the program, which is 1 inside."""
        with subprocess.Popen(self.command(*arguments), stderr=stderr, stdout=subprocess.DEVNULL, env={}) as outer:
            try:
                yield outer, lambda: self._inner(outer)
            finally:
                outer.kill()

    @staticmethod
    def _inner(outer):
        with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="ascii") as file:
            return int(file.read())
