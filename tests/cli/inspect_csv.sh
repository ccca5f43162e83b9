#!/bin/bash
# SPDX-License-Identifier: MIT
# Keys as CSV, which reads back; in the order of the file, or the first ones of another.
cp "$TESTDATA/servers/redis-7.0.15.rdb" in.rdb
rows() {
    "$RDBFERRY" inspect in.rdb --keys "$@"
}
rows >all.csv || exit
rows --sort size --limit 100 >size.csv || exit
rows --sort elements >elements.csv || exit
rows --sort expiry >expiry.csv || exit
rows --sort key --limit 5 >key.csv || exit
rows --limit 7 >limit.csv || exit
rows --sort size --limit 0 >none.csv || exit
# A quote, a comma, a newline, a byte that is no UTF-8, a backslash, and text that is UTF-8.
printf 'REDIS0009\xfc\x01\x00\x00\x00\x00\x00\x00\x00\x00\x0d"a",\n\xff\\\xc3\xa9\xf0\x9f\x98\x80\x01x\xff%b' \
    '\0\0\0\0\0\0\0\0' >in.rdb
rows 2>/dev/null >odd.csv || exit
python3 - <<'END'
import csv

HEAD = "database,type,key,size_in_bytes,encoding,num_elements,len_largest_element,expiry"

def rows(name):
    with open(name + ".csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    assert rows.pop(0) == HEAD.split(","), name
    assert all(len(row) == 8 for row in rows), name
    return rows

every = rows("all")
assert len(every) == 183
assert rows("limit") == every[:7]
assert rows("none") == []
by_size = sorted(every, key=lambda row: -int(row[3]))
assert rows("size") == by_size[:100]
assert rows("elements") == sorted(every, key=lambda row: -int(row[5]))
assert rows("key") == sorted(every, key=lambda row: row[2].encode())[:5]
expiring = [row for row in every if row[7]]
assert len(expiring) == 9 and rows("expiry")[:9] == sorted(expiring, key=lambda row: row[7])
assert min(row[7] for row in expiring) == "2100-01-01T00:00:00.000Z"
odd, = rows("odd")
assert odd[2] == '"a",\\x0a\\xff\\x5cé😀', odd
assert odd[7] == "1970-01-01T00:00:00.001Z"
END
