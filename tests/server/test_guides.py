# SPDX-License-Identifier: MIT
"""The guides in docs/guides: their commands are run, as they are written, and print what they are said to print."""
import glob
import os
import re
import subprocess
import tempfile
import unittest

from lib import guides
from lib.program import ROOT

INDEX = "README.md"
SECTIONS = ["Before you start", "Commands", "Did it work?", "Going back", "How long", "When another way is better"]
PATHS = sorted(glob.glob(os.path.join(guides.FOLDER, "*.md")))


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


class Pages(unittest.TestCase):
    def test_blocks(self):
        """There is none that is not run."""
        for path in PATHS:
            self.assertEqual(list(guides.strangers(lines_of(path))), [], path)

    def test_sections(self):
        for path in PATHS:
            if os.path.basename(path) != INDEX:
                found = [line[3:] for line in lines_of(path) if line.startswith("## ")]
                self.assertEqual(found, SECTIONS, path)

    def test_links(self):
        """They lead to files; those of the index and of the README to each guide."""
        for path in [*PATHS, os.path.join(ROOT, INDEX)]:
            links = set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", "\n".join(lines_of(path))))
            for link in links:
                self.assertTrue(os.path.exists(os.path.join(os.path.dirname(path), link)), f"{path}: {link}")
            if os.path.basename(path) == INDEX:
                linked = {os.path.basename(link) for link in links}
                self.assertLessEqual({os.path.basename(one) for one in PATHS} - {INDEX}, linked, path)


class Guide(unittest.TestCase):
    """The base of a class for each guide, so that they run side by side."""

    path = None

    def setUp(self):
        if reason := guides.reason_against():
            self.skipTest(reason)

    def run_commands(self):
        with tempfile.TemporaryDirectory(prefix="rdbferry-") as folder:
            os.chmod(folder, 0o711)
            options = ["--update"] if os.environ.get("RDBFERRY_UPDATE") else []
            command = guides.command(self.path, folder, *options)
            done = subprocess.run(command, capture_output=True, timeout=600, check=False, stdin=subprocess.DEVNULL)
        said = (done.stdout + done.stderr).decode(errors="replace")
        self.assertEqual(done.returncode, 0, f"{os.path.basename(self.path)}: {said}")


def class_of(path):
    name = os.path.basename(path).removesuffix(".md").title().replace("-", "")
    members = {"path": path, "test_commands": Guide.run_commands, "__module__": __name__}
    return name, type(name, (Guide,), members)


globals().update(class_of(one) for one in PATHS if os.path.basename(one) != INDEX)

if __name__ == "__main__":
    unittest.main()
