# SPDX-License-Identifier: MIT
"""A network whose name server does not answer: `-m lib.silent_names COMMAND...`, in namespaces."""
import fcntl
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

NAMESPACES = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--fork", "--kill-child", "--"]
RESOLVER = "/etc/resolv.conf"
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def command(*arguments):
    """What runs a program in such a network, for subprocess."""
    return [*NAMESPACES, sys.executable, "-B", "-m", "lib.silent_names", *arguments]


def reason_against():
    """Why there can be none here; None: there can."""
    if not shutil.which("unshare"):
        return "names need unshare"
    done = subprocess.run(command("true"), capture_output=True, check=False)
    return f"no namespaces: {done.stderr.decode()[-200:]}" if done.returncode != 0 else None


def main(*arguments):
    with tempfile.NamedTemporaryFile("w") as file, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        print("nameserver 127.0.0.1\noptions timeout:30 attempts:2", file=file, flush=True)
        subprocess.run(["mount", "--bind", file.name, RESOLVER], check=True)
        fcntl.ioctl(silent, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        silent.bind(("127.0.0.1", 53))
        return subprocess.run(arguments, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
