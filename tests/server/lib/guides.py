# SPDX-License-Identifier: MIT
"""Runs a guide of docs/guides, as it is written, in a network of hosts that exists only for it: a namespace with an
address for each host, /etc/hosts, and stand-ins for ssh and the like on PATH (tests/server/guides).

    python3 -B -m lib.guides GUIDE FOLDER [--update]      as process 1 of namespaces; see `command`

A block "```console" has commands after "$ ", each with the output that it has to have: in a line, ... is any text; a
line ... is any number of lines. A comment "<!-- test" has commands that the reader does not see; whatever they print,
they have to succeed, as all others. They prepare servers and check what the text claims. --update writes what
commands printed into the guide, where it is something else than expected."""
import fcntl
import glob
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading

from lib.program import PROGRAM, ROOT

FOLDER = os.path.abspath(os.path.join(ROOT, "docs", "guides"))
SUPPORT = os.path.abspath(os.path.join(ROOT, "tests", "server", "guides"))
MANIFESTS = os.path.join(ROOT, "docs", "kubernetes", "*.yaml")
NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
SERVER_USER = "redis"
SERVER_FOLDERS = "/var/lib/redis", "/etc/redis"
HOSTS = {
    "10.0.0.10": "old",
    "10.0.0.11": "redis-1",
    "10.0.0.12": "redis-2",
    "10.0.0.13": "redis-3",
    "10.0.0.14": "redis-4",
    "10.0.0.15": "redis-5",
    "10.0.0.20": "new",
    "10.0.0.30": "cache.example.com",
    "10.0.0.40": "backup.example.com",
}
LIMIT = 120  # seconds for one command


def reason_against():
    """Why no guide can be run here; None: they can."""
    if os.getuid() != 0 or not shutil.which("unshare"):
        return "guides need root and unshare"
    if not all(os.path.isdir(folder) for folder in SERVER_FOLDERS):
        return "guides need the package redis-server"
    done = subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False)
    return "no namespaces" if done.returncode != 0 else None


def command(guide, folder, *options):
    """What runs a guide, for subprocess; everything that it starts ends with it."""
    return [*NAMESPACES, sys.executable, "-B", "-m", "lib.guides", guide, folder, *options]


# --- the text ---


class Step:
    """A command of lines first..last of a guide; `expected` is None if its output does not matter."""

    def __init__(self, first, last, text, expected):
        self.first, self.last, self.text, self.expected = first, last, text, expected

    def is_met_by(self, output):
        if self.expected is None:
            return True
        pattern = "".join(
            r"(?:.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + "\n"
            for line in self.expected
        )
        return re.fullmatch(pattern, output) is not None


def blocks_of(lines):
    """(kind, number of its first line, its lines) of fenced blocks and of comments for the test."""
    number = 0
    while number < len(lines):
        opening = re.fullmatch(r"(```|<!-- )(\w*).*", lines[number])
        number += 1
        if not opening or (opening[1] != "```" and opening[2] != "test"):
            continue
        first, closing = number, "```" if opening[1] == "```" else "-->"
        number = lines.index(closing, first)
        yield opening[2] if closing == "```" else "test", first, lines[first:number]
        number += 1


def take_command(lines, at):
    """A command, which goes on after a line that ends in a backslash; returns it and where the next line is."""
    end = at + 1
    while lines[end - 1].endswith("\\"):
        end += 1
    return "\n".join(lines[at:end]), end


def steps_of(lines):
    for kind, first, block in blocks_of(lines):
        at = 0
        while kind in ("console", "test") and at < len(block):
            text, end = take_command(block, at)
            output = end
            while kind == "console" and output < len(block) and not block[output].startswith("$ "):
                output += 1
            expected = block[end:output] if kind == "console" else None
            yield Step(first + end, first + output, text.removeprefix("$ "), expected)
            at = output


def strangers(lines):
    """Blocks that are not run, as line and kind: all others but parts of a manifest, which have a test of their own."""
    manifests = []
    for path in glob.glob(MANIFESTS):
        with open(path, encoding="utf-8") as file:
            manifests.append(file.read().splitlines())
    for kind, first, block in blocks_of(lines):
        if kind == "console" and block[0].startswith("$ ") or kind == "test":
            continue
        if kind != "yaml" or not any(is_part(block, manifest) for manifest in manifests):
            yield first, kind


def is_part(block, lines):
    wanted, count = textwrap.dedent("\n".join(block)), len(block)
    return any(textwrap.dedent("\n".join(lines[i : i + count])) == wanted for i in range(len(lines) - count + 1))


# --- the hosts ---


def bring_up_network():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        set_flags, set_address, up_and_running = 0x8914, 0x8916, 0x41
        fcntl.ioctl(handle, set_flags, struct.pack("16sh14x", b"lo", up_and_running))
        for number, address in enumerate(HOSTS):
            name, family = f"lo:{number}".encode(), socket.AF_INET
            fcntl.ioctl(handle, set_address, struct.pack("16sH2x4s16x", name, family, socket.inet_aton(address)))


def make_hosts(folder):
    path = os.path.join(folder, "hosts-file")
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{address} {name}\n" for address, name in [("127.0.0.1", "localhost"), *HOSTS.items()])
    subprocess.run(["mount", "--bind", path, "/etc/hosts"], check=True)
    for name in HOSTS.values():
        for place in SERVER_FOLDERS:
            where = f"{folder}/hosts/{name}{place}"
            os.makedirs(where)
            shutil.chown(where, SERVER_USER, SERVER_USER)


def make_programs(folder):
    """What is on PATH before all else."""
    programs = os.path.join(folder, "bin")
    shutil.copytree(os.path.join(SUPPORT, "bin"), programs)
    os.symlink(PROGRAM, os.path.join(programs, "rdbferry"))
    server = shutil.which(os.environ.get("RDBFERRY_SERVER") or "redis-server")
    os.symlink(server, os.path.join(programs, "redis-server"))
    return programs


# --- running ---


class Shell:
    """A bash that runs one command after the other."""

    END = "\036"

    def __init__(self, folder):
        work = os.path.join(folder, "work")
        os.mkdir(work)
        environment = {
            "PATH": make_programs(folder) + ":" + os.environ["PATH"],
            "HOME": work,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "FAKETTY": "1",  # redis-cli prints what it prints on a terminal
            "GUIDE_FOLDER": folder,
            "DOCS": os.path.dirname(FOLDER),
        }
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=work, env=environment, bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.run("set -o pipefail")
        self.run(f"source {SUPPORT}/functions.sh")

    def run(self, text):
        """Its exit code, None if the shell has ended with it, and its output."""
        self._bash.stdin.write(f"{{ {text}\n}} </dev/null\nprintf '{self.END}%d\\n' $?\n".encode())
        timer = threading.Timer(LIMIT, os.killpg, (self._bash.pid, signal.SIGKILL))
        timer.start()
        output = ""
        for line in self._bash.stdout:
            output += line.decode(errors="backslashreplace")
            if self.END in output:
                break
        timer.cancel()
        output, _, status = output.partition(self.END)
        return int(status) if status else None, output.replace("\r\n", "\n")


def run_guide(lines, folder, is_update):
    """Runs it up to the first command that fails, or whose output is not as expected, unless this is to be written
    into it. Returns whether all is well, and what was printed instead, by step."""
    bring_up_network()
    make_hosts(folder)
    shell, instead = Shell(folder), []
    for step in steps_of(lines):
        status, output = shell.run(step.text)
        if output and not output.endswith("\n"):
            output += "\n"
        is_met = step.is_met_by(output)
        if status != 0 or not (is_met or is_update):
            print(f"line {step.first}: $ {step.text}\nexit code: {status}\n--- printed:\n{output}", end="")
            if step.expected is not None:
                print("--- expected:", *step.expected, sep="\n")
            return False, instead
        if not is_met:
            instead.append((step, output.splitlines()))
    return True, instead


def main(guide, folder, *options):
    with open(guide, encoding="utf-8") as file:
        lines = file.read().splitlines()
    is_well, instead = run_guide(lines, folder, "--update" in options)
    for step, output in reversed(instead):
        lines[step.first : step.last] = output
    if instead:
        with open(guide, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
