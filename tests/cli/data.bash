# SPDX-License-Identifier: MIT
# Inputs small enough to be written by hand; sourced by the tests.

# empty_rdb FILE: version 10, no key.
empty_rdb() {
    printf 'REDIS0010\xff\xa9\xfd\x37\xfe\x89\xa7\x7e\xeb' >"$1"
}

# kv_rdb FILE: version 9, database 0, the string k = v.
kv_rdb() {
    printf 'REDIS0009\xfe\x00\xfb\x01\x00\x00\x01k\x01v\xff\xa7\x02\x8b\xb2\xcd\xd0\xb0\x03' >"$1"
}

# cut_rdb FILE: the same, ending inside the value.
cut_rdb() {
    kv_rdb "$1"
    truncate -s 18 "$1"
}

# await_file DIRECTORY: waits until something is in it.
await_file() {
    local i

    for i in {1..200}; do
        [ -n "$(ls -A "$1")" ] && return
        sleep 0.05
    done
    echo "no file appears in '$1'" >&2
    exit 1
}
