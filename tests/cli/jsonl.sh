#!/bin/bash
# SPDX-License-Identifier: MIT
# JSON lines: by name, by --to, packed, to stdout; each a line that a JSON parser takes.
. "$(dirname "$0")/data.bash"
# Database 2: the string "k" = é, which expires; the hash "h" = a quote and a byte that is no UTF-8.
printf 'REDIS0009\xfe\x02\xfc\x05\x00\x00\x00\x00\x00\x00\x00\x00\x01k\x02\xc3\xa9' >in.rdb
printf '\x04\x01h\x01\x01"\x02\xff\n\xff\0\0\0\0\0\0\0\0' >>in.rdb
convert() {
    "$RDBFERRY" convert in.rdb -q "$@"
}
convert -o out.jsonl && cat out.jsonl
convert -o base64.jsonl --binary base64 && cat base64.jsonl
convert -o escape.jsonl --binary escape && cmp out.jsonl escape.jsonl
convert -o out.txt --to jsonl && cmp out.jsonl out.txt
convert -o - --to jsonl | cmp - out.jsonl
convert -o out.jsonl.gz && gzip -dc out.jsonl.gz | cmp - out.jsonl
convert -o checked.jsonl --check && cmp checked.jsonl out.jsonl
convert -o out.jsonl
echo "status $?"
convert -o out.jsonl --force && cmp out.jsonl escape.jsonl
empty_rdb empty.rdb
"$RDBFERRY" convert empty.rdb -q -o empty.jsonl && wc -c <empty.jsonl
python3 - <<'END'
import json

for name in ("out.jsonl", "base64.jsonl"):
    with open(name, encoding="utf-8") as file:
        for line in file:
            print(ascii(json.loads(line)))
END
