#!/bin/bash
# SPDX-License-Identifier: MIT
# Without a directory for unnamed files the message names the one that was tried, and how to choose another.
. "$(dirname "$0")/data.bash"

# A set of one member of 17 MiB
{
    printf 'REDIS0009\xfe\x00\x02\x07big:set\x01\x80\x01\x10\x00\x00'
    head -c 17825792 /dev/zero
    printf '\xff\x00\x00\x00\x00\x00\x00\x00\x00'
} >big.rdb
run() {
    echo "\$ $*"
    "$RDBFERRY" "$@" 2>&1
    echo "status $?"
}
kv_rdb in.rdb
export TMPDIR=$PWD/nowhere
run convert big.rdb -o big.aof --restore | sed "s:$PWD:.:"
run convert big.rdb in.rdb -o all.rdb --check | sed "s:$PWD:.:"
ls -A

# As in a container: the root is read-only, there is no /tmp, and the user is not root.
if ! unshare -rm true 2>/dev/null; then
    echo "no namespaces" >&2
    exit 77
fi
mkdir out root
cp "$RDBFERRY" program # it may be below /tmp
chmod 777 . out
unset TMPDIR
# shellcheck disable=SC2016 # expanded inside
unshare -rm bash -c '
    mount --rbind / root && mount --rbind . root/mnt && mount -t tmpfs -o size=4k none root/tmp &&
    mount -o remount,ro,bind root/tmp && mount -o remount,ro,bind root || exit 77
    cd root/mnt && exec chroot .. sh -c "cd /mnt; ./program convert big.rdb -o out/big.aof --restore
        echo status \$?; ./program convert in.rdb -o out/appendonlydir; echo status \$?"
' 2>&1
ls -A out
