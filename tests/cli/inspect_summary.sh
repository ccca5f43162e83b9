#!/bin/bash
# SPDX-License-Identifier: MIT
# The summary: what has expired, why a server counts other keys; several inputs; lines that fit COLUMNS.
cp "$TESTDATA/servers/redis-7.0.15.rdb" a.rdb
python3 - <<'END'
def string(data):
    return bytes([len(data)]) + data
def keys(number, name, expiry=b""):
    return b"".join(expiry + b"\0" + string(name % i) + string(b"v") for i in range(number))
past, later = b"\xfd\1\0\0\0", b"\xfd" + (2**31 - 1).to_bytes(4, "little")
with open("b.rdb", "wb") as out:
    out.write(b"REDIS0009\xfe\0" + keys(30, b"user:%d") + keys(20, b"sess_%d", past) + keys(20, b"celery-task-%d", later) +
              keys(15, b"_bind.%d.and-a-name-that-is-long") + keys(3, b"plain%d") + b"\xff" + bytes(8))
END
exec 2>&1
inspect() {
    "$RDBFERRY" inspect --quiet "$@"
}
inspect b.rdb --summary | grep -v 'Time to live\|Estimated'
inspect b.rdb --summary --expired drop | grep excluded
inspect b.rdb --top 4 | sed -n '/Prefixes by keys/,/^$/p' | sed 's/~[0-9.]* y/AGES/'
inspect b.rdb | grep separators
inspect a.rdb b.rdb | sed -n '1p; /data set/p; /^Inputs/,/^$/p'
for columns in 60 80 132; do
    echo "$columns: $(COLUMNS=$columns inspect b.rdb | grep -v '^b.rdb' | awk '/^Types/ { below = 1 } below && length > most { most = length } END { print most }')"
done
inspect b.rdb --summary --json
