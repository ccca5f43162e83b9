/* SPDX-License-Identifier: MIT */
#include "support/samples.h"

#define ID   "00000000000003e80000000000000001"
#define TIME "facbb0f8a1010000"
#define NODE                                                                          \
    "01 10 00000000000003e80000000000000005 4043 43000000 1800 0201 0101 0101 816602" \
    "0001 0201 0001 0001 82763103 0401 0301 0001 0101 846465616405 0401 0001 0501"    \
    "dffe02 0201 816602 817802 816702 817902 0801 ff 02 43ed 03"
#define COUNTERS "43e8 05 43e8 06 03"
#define PENDING  "01 00000000000003e80000000000000005" TIME "03"
#define GROUP \
    "01 0167 43e8 05 01" PENDING "02 0163" TIME TIME "01 00000000000003e80000000000000005 0164" TIME TIME "00"
#define IDMP "3c 4100 01 0170 01 026931 43e8 05 01 00"

#define OLD_TYPES                                                                                \
    "fe00 00 0173 c17fff fd 80435e73 00 c02a c30b1e0361626361e00f02016263 01 0131 02 0161 c005"  \
    "02 0132 02 0161 0162 03 0133 03 0161 fe 0162 ff 0163 03312e35 04 0134 01 0166 0176"         \
    "09 0139 1a 02 03666f6f 0300626172 0568656c6c6f 0502776f726c645858 ff"                       \
    "0a 013a 0f 0f000000 0c000000 0200 00f3 02f6 ff 0b 013b 0e 02000000 03000000 fbff 0100 2c01" \
    "0c 013c 18 18000000 12000000 0400 000161 03f2 020162 0303322e35 ff"                         \
    "0d 013d 18 18000000 12000000 0400 000161 03f2 020162 0303322e35 ff fe0f 01 00 00"

#define PACKED_TYPES                                                                                   \
    "10 0168 0d 0d000000 0200 816602 817602 ff 05 017a 02 0162 000000000000f07f 0161 000000000000f83f" \
    "11 0179 25 25000000 0800 816e02 842d696e6605 816102 83312e3504 816202 0301 817002 83696e6604 ff"  \
    "12 016c 03 02 0d 0d000000 0200 816102 816202 ff 01 05 68656c6c6f 02 0a 0a000000 0100 816302 ff"   \
    "0e 0171 01 0f 0f000000 0c000000 0200 00f3 02f6 ff 14 0174 0a 0a000000 0100 816102 ff"             \
    "15 0178" NODE COUNTERS GROUP "07 016d 81 0000000000000403 02 05 03 00000000 04 0000000000000000"  \
    "05 0161 01 05 00"

const struct sample samples[SAMPLES] = {
    {"redis 2.4", "REDIS0003", OLD_TYPES, NULL},
    {"redis 5", "REDIS0009",
     "fa 0972656469732d766572 05362e302e36 fa 05637469 6d65 c200f15365 f7 81 0000000000000403 02 01 05 0161 "
     "00"
     "fe00 fb0201 fc 0102000000000000 f805 00 016b 0176 f907 0f 0178" NODE "01 0167 43e8 05" PENDING
     "01 0163" TIME "01 00000000000003e80000000000000005 fe03" OLD_TYPES,
     NULL},
    {"redis 7.2", "REDIS0011", "f5 0a 23216c7561206e3d310a fe00 fb0501" PACKED_TYPES, NULL},
    {"redis 7.4", "REDIS0012",
     "f4 05 01 01 18 0168 00d8c32cbb030000 02 00 0167 0177 01 0166 0176"
     "19 0169 00d8c32cbb030000 1f 1f000000 0600 816602 817602 f400d8c32cbb03000009 816702 817702 0001 ff"
     "16 016a 02 4141 0167 0177 00 0166 0176 17 016b 18 18000000 0600 816602 817602 c14102 816702 817702 "
     "0001 ff",
     NULL},
    {"redis 8.10", "REDIS0015",
     "f2 05 02 0161 026262 fe00 f3 01 41424344 05 0161 00 1e 016b 0e 0e000000 0300 0501 0701 817602 ff"
     "20 016c 05 0178 c007 1c 0161 05 01 05 00 00 0161 01 01 fbffffffffffffff 02 02 000000000000f83f"
     "4100 03 027071 4101 02 0000000000000840 1a 0162" NODE COUNTERS GROUP IDMP "1b 0163" NODE COUNTERS
     "01 0167 43e8 05 01" PENDING "01 0163" TIME TIME "00 01 00000000000003e80000000000000005" IDMP,
     NULL},
    {"valkey 9", "VALKEY080",
     "fa 0a76616c6b65792d766572 05392e302e30 f3 03 6a6f62 01 00 05 fe00 fa 0973 6c6f742d696e666f 03312c31"
     "16 0168 02 0166 0176 00d8c32cbb030000 0167 0177 ffffffffffffffff" PACKED_TYPES,
     NULL},
    {"commands", NULL, NULL,
     "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n#TS:1700000000\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"
     "*1\r\n$5\r\nMULTI\r\n*4\n$5\nRPUSH\r\n$1\r\nl\r\n$0\r\n\r\n$4\r\n\r\n\r\n\r\n*1\r\n$4\r\nEXEC\r\n"},
    {"a preamble", "REDIS0010", "fe02" PACKED_TYPES,
     "#TS:1\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"},
};

void put_sample(struct build *b, const struct sample *sample)
{
    if (sample->magic) {
        put_bytes(b, slice_of(sample->magic, strlen(sample->magic)));
        put_hex(b, sample->hex);
        if (strcmp(sample->magic, "REDIS0005") < 0)
            put_u8(b, 0xff);
        else
            put_end(b);
    }
    if (sample->commands)
        put_bytes(b, slice_of(sample->commands, strlen(sample->commands)));
}
