#!/bin/bash
# SPDX-License-Identifier: MIT
# A reader that has seen enough: no message, and the exit status of SIGPIPE. What is written to files is complete, and
# true.
. "$(dirname "$0")/diff_data.bash"
records=
for i in {100..999}; do
    records+="\\x00\\x05k:$i\\x01v"
done
rdb many.rdb "\xfe\x00$records"
rdb none.rdb "\xfe\x00"
mkfifo pipe

# unread COMMAND...: with a stdout that nobody reads.
unread() {
    true <pipe &
    exec 3>pipe
    wait $!
    "$RDBFERRY" "$@" >&3
    echo "${*:1:2}: $?"
    exec 3>&-
}
for command in version help 'convert --help' 'inspect many.rdb --progress never' 'inspect many.rdb --keys' \
    'inspect many.rdb --json' 'verify many.rdb' 'convert many.rdb -o - --to jsonl' 'split many.rdb --shards 2 -o out'; do
    # shellcheck disable=SC2086
    unread $command
done 2>stderr
cat stderr
result() {
    sed -n 's/^  "result": //p' "$1"
}
unread convert many.rdb -o - --to aof --report convert.json
result convert.json
unread diff many.rdb none.rdb --limit 0 --report diff.json
result diff.json
unread inspect many.rdb --keys --report inspect.json
result inspect.json
unread verify many.rdb --min-keys 1000 --report verify.json
result verify.json
unread convert many.rdb -o out.aof --force --report -
ls out.aof out
# An error that has a message keeps its status.
unread convert nowhere.rdb -o - --to aof
