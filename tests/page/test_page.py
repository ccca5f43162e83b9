# SPDX-License-Identifier: MIT
"""The pages of `inspect --html` and `diff --html` in a browser: what they show, that they can be used by mouse and by
keyboard, that names are text, and that nothing leaves the file."""
import os
import subprocess
import tempfile
import unittest

import data
import devtools

PROGRAM = os.environ["RDBFERRY"]
LOGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../testdata/servers")
USERS = 600


def ferry(*arguments, status=0):
    done = subprocess.run([PROGRAM, *arguments, "--quiet"], capture_output=True)
    assert done.returncode == status, (arguments, done)
    return done.stdout


@unittest.skipUnless(devtools.find(), "no Chromium")
class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.keys = data.application(cls.path("old.rdb"), USERS)
        data.application(cls.path("new.rdb"), 2 * USERS, seed=3)
        data.wide(cls.path("wide.rdb"))
        ferry("inspect", cls.path("old.rdb"), "--html", cls.path("inspect.html"))
        ferry("inspect", cls.path("wide.rdb"), "--html", cls.path("wide.html"))
        ferry("diff", cls.path("old.rdb"), cls.path("new.rdb"), "--html", cls.path("diff.html"), status=1)
        data.odd(cls.path("odd.rdb"), b"1")
        data.odd(cls.path("odder.rdb"), b"2")
        ferry("diff", cls.path("odd.rdb"), cls.path("odder.rdb"), "--html", cls.path("odd.html"), status=1)
        ferry("inspect", os.path.join(LOGS, "redis-7.0.15.aof.gz"), "--html", cls.path("log.html"))
        with open(cls.path("new.rdb"), "rb") as file, open(cls.path("cut.rdb"), "wb") as out:
            out.write(file.read()[:-50])
        ferry("inspect", cls.path("old.rdb"), cls.path("cut.rdb"), "--html", cls.path("several.html"), status=3)
        cls.browser = devtools.Browser(devtools.find())
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def setUp(self):
        self.opened = []
        self.browser.console.clear()
        self.browser.requests.clear()

    def tearDown(self):
        """Nothing was logged, and nothing but the pages was asked for."""
        self.browser.settle()
        self.assertEqual((self.browser.console, self.browser.requests), ([], self.opened))

    def open(self, name, **how):
        self.opened.append(self.browser.open(self.path(name), **how))

    def js(self, script):
        return self.browser.evaluate(script)

    def texts(self, selector):
        return self.js(f"[...document.querySelectorAll({selector!r})].map(node => node.textContent)")

    # --- what is shown ---

    def test_sections(self):
        self.open("inspect.html")
        self.assertEqual(self.texts("h2"), ["Summary", "Memory and keys", "Prefixes", "Distributions", "Largest keys",
                                            "Cluster slots", "Sources"])
        self.assertEqual(self.texts(".tile .big")[0], f"{self.keys:,}")
        self.assertIn("have expired", self.texts(".notes")[0])
        self.assertEqual(self.js("document.querySelector('h1').textContent"), "old.rdb")
        self.assertEqual(self.js("[...document.querySelectorAll('.contents a')].every(link => document.querySelector(link.hash))"), True)

    def test_every_chart_has_its_table(self):
        for page in "inspect.html", "diff.html":
            self.open(page)
            rows = self.js("""Promise.all([...document.querySelectorAll('figure')].map(async figure => {
                figure.querySelector('details').open = true;
                await new Promise(done => setTimeout(done, 50));
                return [figure.querySelectorAll('svg[role][aria-label]').length, figure.querySelectorAll('table tbody tr').length];
            }))""")
            self.assertGreater(len(rows), 2)
            for charts, lines in rows:
                self.assertEqual(charts, 1)
                self.assertGreater(lines, 0)

    def test_metrics(self):
        self.open("inspect.html")
        self.assertIn("B", self.texts("#breakdown svg .value")[0])
        self.js("document.querySelector('#breakdown input[value=keys]').click()")
        self.browser.settle()
        self.assertEqual(self.texts("#breakdown svg .value")[0], f"{USERS + USERS // 3 + USERS // 2 + 2 * len(data.HOSTILE) + 11:,}")

    def test_shards(self):
        self.open("inspect.html")
        for shards in 1, 6, 64:
            self.js(f"""(() => {{ const input = document.querySelector('#slots input[type=number]');
                input.value = {shards}; input.dispatchEvent(new Event('input')); }})()""")
            self.js("document.querySelector('#slots input[value=keys]').click()")
            self.browser.settle()
            values = self.texts("#slots figure:first-child .value")
            self.assertEqual(len(values), shards)
            self.assertEqual(sum(int(value.replace(",", "")) for value in values), self.keys)

    def test_diff(self):
        self.open("diff.html")
        self.assertEqual(self.texts("h2"), ["Summary", "Growth", "Differences", "Sources"])
        self.assertEqual(self.texts(".tile .big")[0], f"+{2 * USERS + USERS // 3 + USERS // 2:,}")
        labels = self.js("[...document.querySelectorAll('#growth figure:first-of-type .label')].map(node => node.firstChild.data)")
        self.assertIn("cache:page:en:", labels)
        self.assertIn("session_", labels)

    def test_of_a_log(self):
        self.open("log.html")
        self.assertEqual(self.texts("h2"), ["Summary", "Commands of the log", "Sources"])
        self.assertIn("1,353 commands", self.texts("#commands .note")[0])

    def test_of_several_inputs_and_damage(self):
        self.open("several.html")
        self.assertEqual(self.js("document.querySelector('h1').textContent"), "2 inputs")
        notes = self.texts(".notes")[0]
        self.assertIn("truncated", notes)
        self.assertIn("in two of them twice", notes)
        self.assertIn("Inputs", self.texts("#breakdown h3"))

    # --- using it ---

    def level(self):
        return self.js("document.querySelector('.path [aria-current]').textContent")

    def cell(self, name):
        return f"""[...document.querySelectorAll('.treemap .opens')].find(cell => cell.getAttribute('aria-label').startsWith({name!r}))"""

    def test_levels(self):
        """A prefix is in another one only if its keys are counted there."""
        self.open("inspect.html")
        labels = self.js("[...document.querySelectorAll('.treemap .cell')].map(cell => cell.getAttribute('aria-label'))")
        self.assertTrue([label for label in labels if label.startswith(f"session_: {USERS // 3} keys")], labels)
        self.assertTrue([label for label in labels if label.startswith("session_of:: 10 keys")], labels)

    def test_drill_down_by_mouse(self):
        self.open("inspect.html")
        box = self.js(f"""(() => {{ const cell = {self.cell('cache:')}; cell.scrollIntoView({{block: 'center', behavior: 'instant'}});
            const box = cell.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()""")
        for kind in "mousePressed", "mouseReleased":
            self.browser.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)
        self.browser.settle()
        self.assertEqual(self.level(), "cache:")
        self.assertEqual(self.js(self.cell("cache:page:") + " !== undefined"), True)
        self.js("document.querySelector('.path button').click()")
        self.assertEqual(self.level(), "all keys")

    def test_drill_down_by_keyboard(self):
        self.open("inspect.html")
        self.js(self.cell("cache:") + ".focus()")
        self.browser.press("Enter")
        self.assertEqual(self.level(), "cache:")
        self.assertTrue(self.js("document.activeElement.getAttribute('aria-label').startsWith('cache:page:')"))
        self.browser.press(" ", "Space")
        self.assertEqual(self.level(), "cache:page:")
        self.assertEqual(sorted(label.split(":")[2] for label in self.js(
            "[...document.querySelectorAll('.treemap .cell')].map(cell => cell.getAttribute('aria-label'))")), ["de", "en", "fr"])
        self.browser.press("Escape")
        self.browser.press("Escape")
        self.assertEqual(self.level(), "all keys")

    def test_focus_is_visible(self):
        self.open("inspect.html")
        seen = set()
        for _ in range(30):
            self.browser.press("Tab")
            seen.add(self.js("""(() => { const node = document.activeElement, style = getComputedStyle(node);
                const shown = node.matches('.cell') ? getComputedStyle(node.querySelector('rect')).strokeWidth
                    : node.matches('[type=radio]') ? getComputedStyle(node.nextSibling).outlineWidth : style.outlineWidth;
                return node.tagName + ' ' + parseFloat(shown); })()"""))
        self.assertFalse([found for found in seen if found.endswith(" 0")], seen)
        self.assertGreater(len(seen), 4)

    def test_names_of_controls(self):
        for page in "inspect.html", "diff.html":
            self.open(page)
            nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
            named = [node for node in nodes if not node.get("ignored") and node["role"]["value"] in
                     ("button", "link", "textbox", "searchbox", "radio", "spinbutton", "img", "image", "figure", "table", "region")]
            self.assertGreater(len(named), 20)
            self.assertFalse([node for node in named if not node.get("name", {}).get("value")])

    def sorted_table(self, section):
        return f"document.querySelector('#{section} .sorted')"

    def column(self, section, n):
        return self.js(f"[...{self.sorted_table(section)}.querySelectorAll('tbody tr')].map(row => row.children[{n}].textContent)")

    def test_sort(self):
        self.open("inspect.html")
        head = f"{self.sorted_table('prefixes')}.querySelectorAll('thead th')[1]"
        for order in "descending", "ascending":
            self.js(head + ".firstChild.click()")
            self.assertEqual(self.js(head + ".getAttribute('aria-sort')"), order)
            figures = [int(text.strip("~").replace(",", "")) for text in self.column("prefixes", 1)]
            self.assertEqual(figures, sorted(figures, reverse=order == "descending"))
        self.assertEqual(len(figures), 20)
        self.js(f"{self.sorted_table('prefixes')}.querySelector('.more').click()")
        self.assertGreater(len(self.column("prefixes", 1)), 20)

    def test_search(self):
        self.open("inspect.html")
        self.js(f"{self.sorted_table('keys')}.querySelector('input').focus()")
        self.browser.call("Input.insertText", text="SCRIPT>doc")
        self.browser.settle()
        found = self.column("keys", 0)
        self.assertEqual(set(found), {"<script>document.title = 'owned'</script>", data.SCRIPT.decode(),
                                      "<script>document.title = 'owned'</script>:more:1", data.SCRIPT.decode() + ":more:1"})
        self.assertIn("found", self.js(f"{self.sorted_table('keys')}.querySelector('.status').textContent"))

    # --- names are text ---

    def test_hostile_names(self):
        for page in "inspect.html", "odd.html":
            self.open(page)
            self.assertNotIn("owned", self.js("document.title"))
            self.assertEqual(self.js("document.querySelectorAll('main :is(script, img, b, i, iframe, object)').length"), 0)
            self.assertEqual(self.js("document.querySelectorAll('script').length"), 2)
            self.js("document.querySelectorAll('.more').forEach(button => button.click())")
            text = self.js("document.body.innerText")
            for mark in "\u202e\u2066\x1b\0":
                self.assertNotIn(mark, text)
            self.assertIn("<script>document.title = 'owned'</script>", text)

    def test_long_names_are_cut(self):
        self.open("inspect.html")
        self.assertLess(self.js("Math.max(...[...document.querySelectorAll('.name')].map(node => [...node.textContent].length))"), 130)
        self.assertIn("2.1 MB name", self.js("document.querySelector('#keys').textContent"))

    # --- how it looks ---

    def test_widths_and_themes(self):
        for page in "inspect.html", "diff.html", "wide.html":
            grounds = set()
            for dark in False, True:
                for width in 400, 1600:
                    self.open(page, width=width, dark=dark)
                    self.assertLessEqual(self.js("document.documentElement.scrollWidth"), width, page)
                    self.assertEqual(self.js("[...document.querySelectorAll('svg')].filter(image => "
                                             "image.getBoundingClientRect().right > innerWidth).length"), 0)
                grounds.add(self.js("getComputedStyle(document.body).backgroundColor"))
            self.assertEqual(len(grounds), 2)

    def test_size_is_bounded(self):
        self.assertLess(os.path.getsize(self.path("wide.html")), 2000000)
        self.open("wide.html")
        self.assertEqual(self.texts(".tile .big")[0], "120,000")


if __name__ == "__main__":
    unittest.main()
