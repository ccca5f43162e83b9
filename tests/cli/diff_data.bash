# SPDX-License-Identifier: MIT
# Two data sets that differ in every way; sourced by the tests of diff.

# rdb FILE RECORDS: version 10, without a checksum. RECORDS are printf's.
rdb() {
    # shellcheck disable=SC2059 # it is a format
    printf "REDIS0010$2\xff\0\0\0\0\0\0\0\0" >"$1"
}

# string TEXT: as a record has it, in printf's words; below 256 bytes.
string() {
    printf '\\x40\\x%02x%s' ${#1} "$1"
}

# before_and_after: writes before.rdb and after.rdb.
before_and_after() {
    local same='\x00\x04same\x01v' expiry='\xfc\x00\x70\x3a\x64\x9b\x01\0\0'
    local later='\xfc\x64\x70\x3a\x64\x9b\x01\0\0'

    rdb before.rdb "\xf5\x16#!lua name=lib\nreturn1\xfe\x00$same\x00\x04gone\x01v\x00\x05value\x01v\x00\x04type\x01v\
$expiry\x00\x06expiry\x01v$expiry\x00\x04\x00\xff'\x5c\x01v\xfe\x0c\x00\x05words\x01v$expiry\x00\x04soon\x01v"
    rdb after.rdb "\xf5\x16#!lua name=lib\nreturn2\xfe\x0c$later\x00\x04soon\x01v\x00\x05words\x01v\xfe\x00\
\x00\x04\x00\xff'\x5c\x01w\x00\x06expiry\x01v\x02\x04type\x01\x01v\x00\x05value\x01w\x00\x03new\x01v$same\
\x00\x05twice\x01v\x00\x05twice\x01v"
}
