# SPDX-License-Identifier: MIT
# A dump of two databases with keys of several types; sourced by the tests of split and of rewriting.

# shellcheck source=tests/cli/diff_data.bash
. "$(dirname "$0")/diff_data.bash"

# record TYPE KEY VALUE: as a dump has it, in printf's words. KEY and VALUE are below 64 bytes.
record() {
    printf '\\x%02x\\x%02x%s\\x%02x%s' "$1" ${#2} "$2" ${#3} "$3"
}

# users_rdb FILE: database 0: user:1:cart, user:2:cart, {user:3}:cart, news; database 1: user:1:cart, jobs (a list).
# One function library.
users_rdb() {
    rdb "$1" "\xf5\x15#!lua name=lib\nreturn\xfe\x00\xfb\x04\x00$(record 0 user:1:cart one)$(record 0 user:2:cart two)\
$(record 0 '{user:3}:cart' three)$(record 0 news four)\xfe\x01\xfb\x02\x00$(record 0 user:1:cart five)\
\x01\x04jobs\x02\x01a\x01b"
}

# keys_of FILE...: database and name of each key, one a line.
keys_of() {
    local file

    for file; do
        echo "$file:"
        "$RDBFERRY" convert "$file" -o - --to jsonl | sed -n 's/^{"db":\([0-9]*\),"key":\("[^"]*"\).*/  db \1 \2/p'
    done
}
