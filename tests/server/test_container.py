# SPDX-License-Identifier: MIT
"""The static program in containers."""
import os
import shutil
import socket
import struct
import tempfile
import threading
import unittest

from lib.container import Container, reason_against
from lib.kinds import TLS, needs
from lib.live_targets import HOST, Authority, TcpServer, tls_settings

NAME = "redis.rdbferry.test"
DATA = "/data"


def setUpModule():
    global folder
    folder = tempfile.mkdtemp(prefix="rdbferry-")
    os.chmod(folder, 0o711)


def tearDownModule():
    shutil.rmtree(folder)


class NameServer:
    """Answers on port 53 of an address of its own: NAME is HOST, anything else does not exist."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = f"127.{os.getpid() % 250 + 2}.{os.getpid() // 250 % 250}.53"
        self._socket.bind((self.address, 53))
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        labels = b"".join(bytes([len(label)]) + label for label in NAME.encode().split(b".")) + b"\0"
        while True:
            try:
                query, client = self._socket.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            question = query[12 : query.index(b"\0", 12) + 5]
            known = question.lower().startswith(labels)
            is_a = known and question[len(labels) :][:2] == b"\0\1"
            answer = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 60, 4) + socket.inet_aton(HOST) if is_a else b""
            flags = 0x8180 if known else 0x8183
            header = query[:2] + struct.pack(">HHHHH", flags, 1, 1 if is_a else 0, 0, 0)
            self._socket.sendto(header + question + answer, client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()


class Contained(unittest.TestCase):
    """Data in a folder of the user that the container runs as."""

    user = 65532

    @classmethod
    def setUpClass(cls):
        if reason := reason_against():
            raise unittest.SkipTest(reason)

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=folder)
        os.chmod(self.folder, 0o711)
        self.data = self.path("data")
        os.mkdir(self.data, 0o700)
        os.chown(self.data, self.user, self.user)

    def path(self, name):
        return os.path.join(self.folder, name)

    def container(self, files=None, mounts=None):
        return Container(self.path("container"), {DATA: self.data, **(mounts or {})}, self.user, files)

    def check(self, done, status=0):
        self.assertEqual(done.returncode, status, done.stderr.decode() + done.stdout.decode())
        return done.stdout.decode() + done.stderr.decode()


@needs(TLS)
class Static(Contained):
    """In an empty root, as a user without a name: TLS, and host names from a file and from a name server."""

    def setUp(self):
        super().setUp()
        authority = Authority(self.path("ca"), "authority")
        settings = tls_settings(authority, f"DNS:{NAME}")
        self.server = TcpServer(self.path("server"), port=0, repl_diskless_sync_delay=0, **settings)
        self.addCleanup(self.server.stop)
        self.server.call.pipeline([("SET", f"key:{i}", i) for i in range(1000)])
        shutil.copy(authority.certificate, os.path.join(self.data, "ca.pem"))
        os.chmod(os.path.join(self.data, "ca.pem"), 0o644)
        self.url = f"rediss://{NAME}:{self.server.port}"

    def convert_and_verify(self, container):
        """Reads the server by its name and writes a file; compares the two; its certificate has to be trusted."""
        self.check(container.run("convert", self.url, "-o", f"{DATA}/out.rdb", "--source-cacert", f"{DATA}/ca.pem"))
        owner = os.stat(os.path.join(self.data, "out.rdb"))
        self.assertEqual((owner.st_uid, owner.st_gid), (self.user, self.user))
        against = ["verify", f"{DATA}/out.rdb", "--against", self.url]
        self.check(container.run(*against, "--cacert", f"{DATA}/ca.pem", "--strict"))
        self.check(container.run(*against, SSL_CERT_FILE=f"{DATA}/ca.pem"))
        self.assertIn("certificate", self.check(container.run(*against, "--retry-for", "0"), 4))

    def test_hosts_file(self):
        files = {"/etc/hosts": f"{HOST} {NAME}\n", "/etc/nsswitch.conf": "hosts: mymachines myhostname resolve\n"}
        self.convert_and_verify(self.container(files))

    def test_name_server(self):
        with NameServer() as names:
            container = self.container({"/etc/resolv.conf": f"nameserver {names.address}\n"})
            self.convert_and_verify(container)
            self.assertGreater(names.asked, 0)
            unknown = container.run("verify", f"{DATA}/out.rdb", "--against", "redis://no.such.test", "--retry-for", "0")
            self.assertIn("no.such.test", self.check(unknown, 5))


if __name__ == "__main__":
    unittest.main()
