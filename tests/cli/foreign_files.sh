#!/bin/bash
# SPDX-License-Identifier: MIT
# What is neither an RDB nor an AOF is named by its content, with what to do; so is an RDB or AOF that a
# transfer has changed.
# shellcheck disable=SC2016 # RESP has dollars
. "$(dirname "$0")/data.bash"

# refused NAME BYTES: an input that begins with these bytes, in the notation of printf.
refused() {
    # shellcheck disable=SC2059 # the bytes are the format
    printf -- "$2" >"$1"
    "$RDBFERRY" verify "$1"
    echo "status $?"
}

refused xz '\xfd7zXZ\0\0'
refused bzip2 'BZh91AY&SY'
refused lz4-legacy '\x02\x21\x4c\x18'
refused zip 'PK\3\4\x14\0'
refused 7z '7z\xbc\xaf\x27\x1c\0'
refused tar "$(printf '%0257d' 0)ustar\\0"
refused age 'age-encryption.org/v1\n-> X25519'
refused gpg '\x8c\x0d\x04\x09\x03'
refused base64 'UkVESVMwMDA5/gD7AQA='
refused hex '524544495330303039fe00'
refused elf '\x7fELF\2\1\1'
refused sqlite 'SQLite format 3\0'
refused html '<!DOCTYPE html>\n<html>'
refused xml '<?xml version="1.0"?><Error/>'
refused bom '\xef\xbb\xbf*1\r\n'
refused utf-16 '\xff\xfeR\0E\0D\0'
refused lfs 'version https://git-lfs.github.com/spec/v1\noid'
refused redis.conf '# Redis configuration file example.\n#\n\nbind 127.0.0.1\n'
refused short.conf '# of a test\n\nport 6379\n'
refused nodes.conf '07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:1@2 master - 0 1 1 connected\n'
refused reply '-NOAUTH Authentication required.\r\n'
refused redis-cli 'NOAUTH Authentication required.\n'
refused null '$-1\r\n'
refused json '[ {"k": "v"} ]'
refused lines '{"db":0,"key":"k","type":"string","value":"v"}\n'
refused text 'SET k v\n'
refused comments '# nodes\n'
refused zeros '\0\0\0\0\0\0\0\0\0\0\0\0'
refused unknown '\1\2\3'
refused no-head 'S0011\xfa\x09redis-ver\x057.2.4'
refused later 'junk\1\2\3REDIS0009\xfe\0'
refused lf.aof '*1\n$4\nPING\n'
refused time-lf.aof '#TS:1700000000\n*1\n$4\nPING\n'
refused cr-cr-lf.aof '*1\r\r\n$4\r\r\nPING\r\r\n'
refused utf8.rdb 'REDIS0011\xef\xbf\xbd\x09redis-ver'
refused latin1.rdb 'REDIS0011\xc3\xba\x09redis-ver'
refused crlf.rdb 'REDIS0011\xfa\x09redis-ver\x057.2.4\xfa\r\nredis-bits\xc0\x40'

# In layers, from stdin, and by other commands.
gzip -c tar >tar.gz
"$RDBFERRY" inspect tar.gz
"$RDBFERRY" convert - -o out.aof <tar.gz
printf 'file a.base.rdb seq 1 type b\n' | "$RDBFERRY" convert - -o out.aof
printf '# nodes\n' | "$RDBFERRY" convert - -o out.aof
"$RDBFERRY" split lf.aof --shards 2 -o out
ls -d out* 2>&1

# These are AOFs: a timestamp alone, comments before a command, and what a manifest lists.
printf '#TS:1700000000\r\n' >time.aof
printf '# by hand\n*1\r\n$4\r\nPING\r\n' >commented.aof
mkdir dir
printf '# nothing yet\n' >dir/a.incr.aof
printf 'file a.incr.aof seq 1 type i\n' >dir/a.manifest
for input in time.aof commented.aof dir; do
    "$RDBFERRY" verify "$input"
done
