# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Functions for the comments in guides.

# write_config HOST FILE LINE...: in its /etc/redis. All hosts share one interface, so what they connect from has to be set.
write_config() {
    local folder=$GUIDE_FOLDER/hosts/$1/etc/redis address
    address=$(getent hosts "$1" | cut -d ' ' -f 1)
    printf '%s\n' "bind $address" "bind-source-addr $address" 'protected-mode no' "${@:3}" >"$folder/$2"
    chown redis:redis "$folder/$2"
}

# configure HOST [LINE...]: a redis.conf with these lines at its end.
configure() {
    write_config "$1" redis.conf 'port 6379' 'dir /var/lib/redis' 'enable-debug-command yes' 'repl-diskless-sync-delay 0' "${@:2}"
}

# configure_sentinel HOST: one of three for redis-1.
configure_sentinel() {
    write_config "$1" sentinel.conf 'sentinel monitor mymaster 10.0.0.11 6379 2' 'sentinel down-after-milliseconds mymaster 30000'
}

# server HOST [LINE...]: it runs.
server() {
    configure "$@" && ssh "$1" systemctl start redis-server
}

# eventually COMMAND...: until it succeeds.
eventually() {
    local attempt
    for ((attempt = 0; attempt < 1500; attempt++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.04
    done
    "$@"
}

# contains TEXT COMMAND...: what the command prints has this in it.
contains() {
    local text=$1
    shift
    [[ "$("$@" 2>&1)" == *"$text"* ]]
}

# same HOST HOST: they hold the same data.
same() {
    [ "$(redis-cli -h "$1" debug digest)" = "$(redis-cli -h "$2" debug digest)" ]
}
