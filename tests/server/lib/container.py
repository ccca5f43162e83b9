# SPDX-License-Identifier: MIT
"""Containers without a container engine: the image that the Dockerfile describes, its program as process 1 of
namespaces, in a root that is not writable."""
import contextlib
import json
import os
import re
import shutil
import subprocess

from lib.program import PROGRAM, ROOT

STATIC = os.path.join(os.path.dirname(PROGRAM), "rdbferry-static")
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
# What the first stage of the Dockerfile makes.
BUILT = {"/src/build/release/rdbferry-static": STATIC}

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


@contextlib.contextmanager
def memory_limit(size):
    """What to write before a command, to run it in a cgroup of its own: nothing, where none can be made."""
    name = f"rdbferry-{os.getpid()}"
    for limit, group in (("memory.limit_in_bytes", f"/sys/fs/cgroup/memory/{name}"), ("memory.max", f"/sys/fs/cgroup/{name}")):
        try:
            if size is None or not os.path.isdir(os.path.dirname(group)):
                continue
            os.mkdir(group)
            with open(os.path.join(group, limit), "w", encoding="ascii") as file:
                file.write(str(size))
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(group)
            continue
        try:
            yield ["sh", "-c", 'echo $$ >"$0" && exec "$@"', os.path.join(group, "cgroup.procs")]
        finally:
            os.rmdir(group)
        return
    yield []


class Image:
    """The last stage of the Dockerfile."""

    def __init__(self):
        with open(os.path.join(ROOT, "Dockerfile"), encoding="utf-8") as file:
            stage = re.split(r"(?m)^FROM ", file.read().replace("\\\n", " "))[-1]
        base, *lines = stage.strip().splitlines()
        self.base, self.copies, self.environment = base.split()[0], {}, {}
        for line in lines:
            word, rest = line.split(None, 1)
            if word == "COPY":
                _, source, target = rest.split()
                self.copies[target] = source
            elif word == "ENV":
                self.environment.update([rest.split("=", 1)])
            elif word == "USER":
                self.user = int(rest.split(":")[0])
            elif word == "WORKDIR":
                self.folder = rest
            elif word == "ENTRYPOINT":
                self.entrypoint = json.loads(rest)
            else:
                raise ValueError(f"Dockerfile: {line}")


class Container:
    """`mounts` says what is mounted into it: {path inside: path outside}; `user` is another than the image's."""

    def __init__(self, folder, mounts=None, user=None, files=None):
        self.image = Image()
        self.root, self.mounts = os.path.join(folder, "root"), dict(mounts or {})
        self.user = self.image.user if user is None else user
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o711)
        os.makedirs(self.root + self.image.folder)
        for inside, outside in self.image.copies.items():
            os.makedirs(os.path.dirname(self.root + inside), exist_ok=True)
            shutil.copy(BUILT.get(outside, outside), self.root + inside)
        for path, content in (files or {}).items():
            self._file(path, content)
        for inside, outside in self.mounts.items():
            if os.path.isdir(outside):
                os.makedirs(self.root + inside, exist_ok=True)
            else:
                self._file(inside, "")

    def _file(self, path, content):
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, "w", encoding="utf-8") as file:
            file.write(content)

    def command(self, *arguments):
        mounts = [path for inside, outside in self.mounts.items() for path in (outside, inside)]
        inner = ["sh", "-c", PREPARE, "sh", self.root, str(self.user), *mounts, "--", *self.image.entrypoint]
        return [*NAMESPACES, *inner, *map(str, arguments)]

    def run(self, *arguments, memory=None, **environment):
        """The finished process; it may use so many bytes of memory, where a cgroup can be made."""
        environment = {**os.environ, **self.image.environment, **environment}
        command = self.command(*arguments)
        with memory_limit(memory) as enter:
            return subprocess.run([*enter, *command], capture_output=True, timeout=300, check=False, env=environment)
