#!/bin/bash
# SPDX-License-Identifier: MIT
# Each kind of fault is told with its place; what follows it is looked at all the same.
. "$(dirname "$0")/verify.bash"
damaged_listpack='10 0168 0d 0d000000 0300 816602 817602 ff'
nan='05 047a736574 01 0161 000000000000f87f'
damaged_lzf='01 046c697374 02 0161 c302052000'
unsorted='11 047a736574 11 11000000 0400 816102 0201 816202 0101 ff'
make_rdb listpack.rdb REDIS0010 fe00 fb0200 "$damaged_listpack" "$b_is_2"
make_rdb nan.rdb REDIS0010 "$nan" "$b_is_2"
make_rdb lzf.rdb REDIS0010 "$damaged_lzf" "$b_is_2"
make_rdb unsorted.rdb REDIS0010 "$unsorted" "$b_is_2"
make_rdb member.rdb REDIS0010 '02 03736574 03 0161 0162 0161' "$b_is_2"
make_rdb field.rdb REDIS0010 '04 0468617368 02 03666f6f 0176 03666f6f 0176'
make_rdb scored.rdb REDIS0010 '05 047a736574 02 0161 000000000000f83f 0161 000000000000f03f'
make_rdb empty.rdb REDIS0010 '01 046c697374 00 02 03736574 00 05 047a736574 00 04 0468617368 00' "$stream" '00 0173 00'
make_rdb several.rdb REDIS0010 fe00 fb0500 "$damaged_listpack" "$a_is_1" "$nan" fe07 fb0100 "$damaged_lzf" "$b_is_2"
make_rdb names.rdb REDIS0010 '10 04000a27c3 00 10 00 00'
make_rdb function.rdb REDIS0010 'f5 11 23216c7561206e616d653d6c0a783d310a f5 11 23216c7561206e616d653d6c0a783d310a'
make_rdb functions.rdb REDIS0010 'f5 11 23216c7561206e616d653d6c0a783d310a f5 11 23216c7561206e616d653d6c0a783d320a'
for file in listpack nan lzf unsorted member field scored empty several names function functions; do
    verify $file.rdb
done
verify several.rdb -q
