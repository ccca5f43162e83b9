#!/bin/bash
# SPDX-License-Identifier: MIT
# Reports onto what cannot be replaced: a file that is a mount point, as /dev/termination-log is.
# shellcheck disable=SC2016 # the inner shell expands it
. "$(dirname "$0")/data.bash"
unshare --mount --map-root-user --user true 2>/dev/null || { echo "no namespaces" >&2; exit 77; }
kv_rdb in.rdb
mkdir mount
touch mounted
printf '%2000s' '' >mount/log
export RDBFERRY
inside() {
    unshare --mount --map-root-user --user bash -c '
        mount --bind mounted mount/log
        "$RDBFERRY" "$@" || echo "exit status $?"
        cat mount/log | head -n 1
        touch mount/new' inside "$@"
    ls -A mount
    # what is outside of the namespace
    echo "$(stat -c %s mount/log) bytes below"
}
inside verify in.rdb --report mount/log
python3 -c 'import json; print(json.load(open("mounted"))["result"])'
inside verify in.rdb --min-keys 2 --junit mount/log
python3 -c 'from xml.etree import ElementTree; print(ElementTree.parse("mounted").getroot().get("failures"))'
inside convert in.rdb -o out.aof --report mount/log
python3 -c 'import json; print(json.load(open("mounted"))["keys"]["written"])'
inside replay in.rdb redis://127.0.0.1:1 --retry-for 1ms --metrics-file mount/log 2>/dev/null
grep '^rdbferry_replay_exit_status' mounted

# Everything is read-only but the file.
read_only() {
    unshare --mount --map-root-user --user bash -c '
        mount --bind mount mount && mount --bind mounted mount/log && mount -o remount,bind,ro mount || exit
        ! touch mount/fresh 2>/dev/null || echo "mount is writable"
        "$RDBFERRY" "$@" || echo "exit status $?"' inside "$@"
}
read_only verify in.rdb --report mount/log
python3 -c 'import json; print(json.load(open("mounted"))["result"])'
read_only verify in.rdb --report mount/none
