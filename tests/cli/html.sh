#!/bin/bash
# SPDX-License-Identifier: MIT
# The pages of inspect and diff: one file that asks for nothing, in which names are data; when it is written, and when not.
. "$(dirname "$0")/data.bash"
kv_rdb in.rdb
empty_rdb empty.rdb
python3 - <<'END'
names = [b"</script><script>alert(1)</script>", b"<!-- <script>", b"&lt;'\"", "\u202e\u2028".encode(), b"\xff\0\x1b", b"]]>",
         b"long" + b"<b>" * 700000]
def string(data):
    return (bytes([len(data)]) if len(data) < 64 else b"\x80" + len(data).to_bytes(4, "big")) + data
with open("</script><b>.rdb".replace("/", "\\"), "wb") as file:
    file.write(b"REDIS0009\xfa" + string(names[0]) + string(names[0]) + b"\xfe\0" + b"".join(b"\0" + string(name) + b"\1v" for name in names) +
               b"\xff" + bytes(8))
END
shopt -s nullglob
odd='<\script><b>.rdb'
exec 2>&1
inspect() {
    "$RDBFERRY" inspect --quiet "$@"
}
status() {
    "$@" >out.txt
    echo "status $?:" ./*.html
    grep '^rdbferry' out.txt
}
inspect "$odd" --html a.html --summary | head -n 1
inspect "$odd" --html - >b.html
inspect "$odd" --json --html c.html >json
"$RDBFERRY" diff in.rdb "$odd" --html d.html >/dev/null
python3 - <<'END'
import html.parser
import json

class Page(html.parser.HTMLParser):
    def __init__(self, name):
        super().__init__()
        self.tags, self.scripts, self.open = [], [], None
        with open(name, encoding="utf-8") as file:
            text = file.read()
        assert len(text) < 200000, len(text)
        assert not set(text) & set("\u202e\u2028\0\x1b"), name
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            assert name not in ("src", "srcset", "action", "style") and not name.startswith("on"), (tag, name)
            assert name != "href" or value in ("data:,", "#main"), value
        if tag == "script":
            self.scripts.append("")
            self.open = tag

    def handle_endtag(self, tag):
        self.open = None if tag == self.open else self.open

    def handle_data(self, text):
        if self.open:
            self.scripts[-1] += text

for name in "abcd":
    page = Page(name + ".html")
    assert page.tags.count("script") == 2 and not {"b", "img", "iframe", "object"} & set(page.tags), page.tags
    data = json.loads(page.scripts[0])
    assert not set("<>&") & set(page.scripts[0]), name
    assert "http" not in page.scripts[1].replace("http://www.w3.org/2000/svg", "")
    if name == "d":
        keys = [row["key"] for row in data["growth"]["examples"] if row["difference"] == "added"]
        assert data["differences"]["added"] == 7 and "list" not in data["differences"]
    else:
        keys = [row["key"] for row in data["top"]["by_memory"]]
        model = json.load(open("json", encoding="utf-8"))
        assert all(model[part] == data[part] for part in ("total", "types", "histograms", "prefixes")), name
    assert {"</script><script>alert(1)</script>", "<!-- <script>", "]]>", "\\xff\\x00\\x1b"} < set(keys), keys
    assert max(map(len, keys)) < 1300
END
rm -f -- *.html
echo mine >a.html
status inspect in.rdb --html a.html
cat a.html
status inspect in.rdb --html a.html --force
head -n 1 a.html
status "$RDBFERRY" diff empty.rdb in.rdb --html a.html -q
status "$RDBFERRY" diff empty.rdb in.rdb --html b.html -q
ln -s b.html link.html
status inspect in.rdb --html link.html
status inspect in.rdb --html link.html --force
readlink link.html
rm -f -- *.html
status inspect in.rdb --html nowhere/a.html
status inspect in.rdb --html in.rdb --force
status inspect in.rdb --html a.html --report a.html
status inspect in.rdb --force
status inspect in.rdb --html a.html --keys
status inspect in.rdb --html - --json
status "$RDBFERRY" diff in.rdb in.rdb --html -
status "$RDBFERRY" diff in.rdb in.rdb --html a.html --explain k
cut_rdb cut.rdb
status inspect cut.rdb --html a.html
grep -c '"result":"error"' a.html
status "$RDBFERRY" diff in.rdb cut.rdb --html b.html
inspect in.rdb --html /dev/full --summary >/dev/null
echo "status $?"
ls -A
