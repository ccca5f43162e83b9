# SPDX-License-Identifier: MIT
# What the tests of verify have in common; sourced by them.
. "$(dirname "${BASH_SOURCE[0]}")/data.bash"

# verify ARGUMENT...: shows the command, what it says, and its status.
verify() {
    echo "$ verify $*"
    "$RDBFERRY" verify "$@" 2>&1
    echo "status $?"
}

# make_rdb FILE MAGIC HEX...: an RDB of these records, with its end and its checksum.
make_rdb() {
    local hex='' bytes='' crc=0 i bit part

    for ((i = 0; i < ${#2}; i++)); do
        printf -v part '%02x' "'${2:i:1}"
        hex+=$part
    done
    hex+=${*:3}ff
    hex=${hex// /}
    for ((i = 0; i < ${#hex}; i += 2)); do
        bytes+=\\x${hex:i:2}
        ((crc ^= 16#${hex:i:2}))
        for ((bit = 0; bit < 8; bit++)); do
            ((crc = (crc >> 1 & 0x7fffffffffffffff) ^ (crc & 1 ? 0x95ac9329ac4bc9b5 : 0)))
        done
    done
    for ((i = 0; i < 64; i += 8)); do
        printf -v part '\\x%02x' $((crc >> i & 255))
        bytes+=$part
    done
    printf '%b' "$bytes" >"$1"
}

# set_command KEY VALUE: SET as an AOF has it.
# shellcheck disable=SC2016 # RESP has dollars
set_command() {
    printf '*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n' ${#1} "$1" ${#2} "$2"
}

# aof_directory DIRECTORY: a base with k = v, and an increment with one command.
aof_directory() {
    mkdir "$1"
    kv_rdb "$1/appendonly.aof.1.base.rdb"
    set_command a 1 >"$1/appendonly.aof.1.incr.aof"
    printf 'file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n' \
        >"$1/appendonly.aof.manifest"
}

# Records, the first ones: the strings a = 1 and b = 2, a key of each type that 7.0 has, in database 1 one that expires in 2100.
# shellcheck disable=SC2034 # used by those who source this
{
    a_is_1='00 0161 0131' b_is_2='00 0162 0132'
    list='01 046c697374 02 0161 0162' set='02 03736574 02 0161 0162'
    zset='05 047a736574 01 0161 000000000000f83f' hash='04 0468617368 01 0166 0176'
    stream='0f 0673747265616d 00 00 00 00 00'
    expiring='fe01 fc 0030d915bb030000 00 0165 0176'
}
