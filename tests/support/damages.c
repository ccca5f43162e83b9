/* SPDX-License-Identifier: MIT */
#include "support/damages.h"

#define TEMPLATE "f2 05 02 0161 026262" /* id 5: a, bb */

/* A stream's parts: one entry, 1000-1 f=v, and what may follow. */
#define ID        "00000000000003e80000000000000001"
#define ONE_NODE  "10 " ID " 1d 1d000000 0a00 0101 0001 0101 816602 0001 0201 0001 0001 817602 0401 ff"
#define NODE      "01 " ONE_NODE
#define LENGTH    "01 43e8 01"
#define COUNTERS  "43e8 01 0000 01"
#define TIME      "facbb0f8a1010000"
#define PEL       "01" ID TIME "03"
#define PRODUCERS "3c 4100 01 0170 01 026931 43e8 01 01 00"

const struct damage damages[] = {
    /* plain collections */
    {{.type = 1, .hex = "01 c4"}, LOST, "where a string is expected"},
    {{.type = 1, .hex = "82"}, LOST, "where a length is expected"},
    {{.type = 3, .hex = "01 0161 fd"}, FRAMED, "NaN"},
    {{.type = 3, .hex = "01 0161 00"}, FRAMED, "no number"},
    {{.type = 3, .hex = "01 0161 03 312c35"}, FRAMED, "no number"},
    {{.type = 3, .hex = "01 0161 04 31200000"}, FRAMED, "no number"},
    {{.type = 3, .hex = "01 0161 03 6e616e"}, FRAMED, "NaN"},
    {{.type = 5, .hex = "01 0161 000000000000f87f"}, FRAMED, "NaN"},
    {{.type = 5, .hex = "01 0161 010000000000f0ff"}, FRAMED, "NaN"},
    /* modules */
    {{.type = 7, .hex = "81bde72da2bb1eb400 06 00"}, LOST, "unknown kind 6"},
    /* strings */
    {{.type = 0, .hex = "c3 02 05 2000"}, FRAMED, "damaged LZF"},
    {{.type = 0, .hex = "c3 03 05 016161"}, FRAMED, "damaged LZF"},
    {{.type = 0, .hex = "c3 01 8000100000 00"}, LOST, "cannot expand"},
    {{.type = 1, .hex = "02 0161 c3 02 05 2000"}, FRAMED, "damaged LZF"},
    {{.type = 2, .hex = "02 c3 02 05 2000 0161"}, FRAMED, "damaged LZF"},
    {{.type = 4, .hex = "02 0166 c3 02 05 2000 0167 0177"}, FRAMED, "damaged LZF"},
    {{.type = 5, .hex = "01 c3 02 05 2000 000000000000f83f"}, FRAMED, "damaged LZF"},
    {{.type = 24, .hex = "0500000000000000 01 01 c3 02 05 2000 0176"}, FRAMED, "damaged LZF"},
    {{.before = TEMPLATE, .type = 32, .hex = "05 0178 c3 02 05 2000"}, FRAMED, "damaged LZF"},
    {{.type = 28, .hex = "01 00 00 00 c3 02 05 2000"}, FRAMED, "damaged LZF"},
    {{.type = 16, .hex = "c3 02 0d 2000"}, FRAMED, "damaged LZF"},
    /* streams as a whole */
    {{.type = 15, .hex = ("02 " ONE_NODE ONE_NODE " 02 43e8 01 00")},
     FRAMED,
     "not above that of the node before"},
    {{.type = 15, .hex = "00 02 43e8 01 00"}, FRAMED, "a length and no entries"},
    /* zipmaps */
    {{.type = 9, .hex = "00"}, FRAMED, "zipmap"},
    {{.type = 9, .hex = "01 00"}, FRAMED, "zipmap shorter"},
    {{.type = 9, .hex = "07 01 0161 01 00 62 00"}, FRAMED, "truncated zipmap"},
    {{.type = 9, .hex = "07 02 0161 01 00 62 ff"}, FRAMED, "another number of pairs"},
    {{.type = 9, .hex = "08 01 0161 01 00 62 ff ff"}, FRAMED, "bytes behind its end"},
    {{.type = 9, .hex = "07 01 0161 05 00 62 ff"}, FRAMED, "truncated zipmap"},
    /* ziplists: header, count, last element, prevlen, encoding */
    {{.type = 10, .hex = "00"}, FRAMED, "ziplist shorter"},
    {{.type = 10, .hex = "0f 10000000 0c000000 0200 00f3 02f6 ff"}, FRAMED, "size contradicts"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0300 00f3 02f6 ff"}, FRAMED, "another number of elements"},
    {{.type = 10, .hex = "0f 0f000000 0a000000 0200 00f3 02f6 ff"}, FRAMED, "wrong offset"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 03f6 ff"}, FRAMED, "wrong previous length"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 02f6 00"}, FRAMED, "without an end"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 0210 ff"}, FRAMED, "truncated ziplist"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 02ff ff"}, FRAMED, "ziplist"},
    {{.type = 12, .hex = "0d 0d000000 0a000000 0100 00f3 ff"}, FRAMED, "no partner"},
    {{.type = 12, .hex = "11 11000000 0d000000 0200 000161 030178 ff"},
     FRAMED,
     "ziplist: a score that is no number"},
    {{.type = 13, .hex = "0d 0d000000 0a000000 0100 00f3 ff"}, FRAMED, "no partner"},
    {{.type = 14, .hex = "01 0d 0e000000 0a000000 0100 0000 ff"}, FRAMED, "size contradicts"},
    /* intsets */
    {{.type = 11, .hex = "07 02000000 000000"}, FRAMED, "shorter than its header"},
    {{.type = 11, .hex = "0c 03000000 01000000 01000000"}, FRAMED, "unknown width"},
    {{.type = 11, .hex = "0c 02000000 01000000 01000200"}, FRAMED, "size contradicts"},
    {{.type = 11, .hex = "0c 02000000 02000000 02000100"}, FRAMED, "out of order"},
    {{.type = 11, .hex = "0c 02000000 02000000 01000100"}, FRAMED, "out of order"},
    /* listpacks: header, count, encoding, back length, pairs */
    {{.type = 16, .hex = "06 06000000 0000"}, FRAMED, "listpack shorter"},
    {{.type = 16, .hex = "0d 0e000000 0200 816602 817602 ff"}, FRAMED, "size contradicts"},
    {{.type = 16, .hex = "0d 0d000000 0300 816602 817602 ff"}, FRAMED, "another number of elements"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 817603 ff"}, FRAMED, "wrong back length"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 837602 ff"}, FRAMED, "truncated listpack"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 817602 fe"}, FRAMED, "without an end"},
    {{.type = 16, .hex = "0c 0c000000 0200 816602 f501 ff"}, FRAMED, "unknown encoding"},
    {{.type = 16, .hex = "0a 0a000000 0100 816602 ff"}, FRAMED, "no partner"},
    {{.type = 17, .hex = "0d 0d000000 0200 816602 817602 ff"}, FRAMED, "no number"},
    {{.type = 17, .hex = "0f 0f000000 0200 816602 836e616e04 ff"}, FRAMED, "no number"},
    {{.type = 17, .hex = "11 11000000 0400 816102 0201 816202 0101 ff"}, FRAMED, "out of order"},
    {{.type = 17, .hex = "11 11000000 0400 816202 0101 816102 0101 ff"}, FRAMED, "out of order"},
    {{.type = 17, .hex = "11 11000000 0400 816102 0101 816102 0101 ff"}, FRAMED, "out of order"},
    {{.type = 20, .hex = "0a 0b000000 0100 816102 ff"}, FRAMED, "size contradicts"},
    /* quicklists */
    {{.type = 18, .hex = "01 00 0a 0a000000 0100 816102 ff"}, FRAMED, "unknown kind 0"},
    {{.type = 18, .hex = "01 03 0a 0a000000 0100 816102 ff"}, FRAMED, "unknown kind 3"},
    {{.type = 18, .hex = "01 02 00"}, FRAMED, "listpack shorter"},
    {{.type = 18, .hex = "01 01 00"}, FRAMED, "a plain node without bytes"},
    /* fields with an expiry */
    {{.type = 22, .hex = "01 81 0001000000000000 0166 0176"}, FRAMED, "out of range"},
    {{.type = 24, .hex = "ffffffffffff0000 01 02 0166 0176"}, FRAMED, "out of range"},
    {{.type = 24, .hex = "ffffffffffffffff 01 02 0166 0176"}, FRAMED, "out of range"},
    {{.type = 24, .hex = "0500000000000000 01 81 ffffffffffffffff 0166 0176"}, FRAMED, "out of range"},
    {{.type = 25, .hex = "0000000000000000 0d 0d000000 0200 816602 817602 ff"}, FRAMED, "no partner"},
    {{.type = 25, .hex = "0000000000000000 10 10000000 0300 816602 817602 817802 ff"}, FRAMED, "no time"},
    {{.type = 25, .hex = "0000000000000000 10 10000000 0300 816602 817602 dfff02 ff"}, FRAMED, "no time"},
    {{.type = 25, .hex = "0500000000000000 17 17000000 0600 816602 817602 0901 816702 817702 0501 ff"},
     FRAMED,
     "out of order"},
    {{.type = 25, .hex = "0500000000000000 17 17000000 0600 816602 817602 0001 816702 817702 0501 ff"},
     FRAMED,
     "out of order"},
    {{.magic = "VALKEY080", .type = 22, .hex = "01 0166 0176 feffffffffffffff"}, FRAMED, "out of range"},
    {{.type = 23, .hex = "10 10000000 0300 816602 817602 817802 ff"}, FRAMED, "no time"},
    {{.type = 23, .hex = "c3 02 10 2000"}, FRAMED, "damaged LZF"},
    /* arrays */
    {{.type = 28, .hex = "00 00"}, FRAMED, "array without elements"},
    {{.type = 28, .hex = "01 02 00 00 0161"}, LOST, "unknown flag 2"},
    {{.type = 28, .hex = "01 00 81ffffffffffffffff 00 0161"}, FRAMED, "out of range"},
    {{.type = 28, .hex = "01 01 81ffffffffffffffff 00 00 0161"}, FRAMED, "out of range"},
    {{.type = 28, .hex = "02 00 05 00 0161 04 00 0162"}, FRAMED, "ascend"},
    {{.type = 28, .hex = "01 00 00 04 0161"}, LOST, "unknown kind 4"},
    {{.type = 28, .hex = "02 00 05 00 0161 05 00 0162"}, FRAMED, "ascend"},
    /* hash templates */
    {{.type = 30, .hex = "0e 0e000000 0300 0501 0701 817602 ff"}, FRAMED, "not defined"},
    {{.type = 32, .hex = "05 0178 c007"}, LOST, "not defined"},
    {{.before = TEMPLATE, .type = 30, .hex = "0b 0b000000 0200 0501 0701 ff"}, FRAMED, "no partner"},
    {{.before = TEMPLATE, .type = 30, .hex = "0f 0f000000 0400 0501 0701 0801 0901 ff"},
     FRAMED,
     "more values"},
    {{.before = TEMPLATE, .type = 30, .hex = "0f 0f000000 0300 817802 0701 817602 ff"},
     FRAMED,
     "no template id"},
    {{.before = TEMPLATE, .type = 30, .hex = "07 07000000 0000 ff"}, FRAMED, "no partner"},
    /* streams */
    {{.type = 15, .hex = "01 0f 000000000000000000000000000000 00 00 0000 00"},
     FRAMED,
     "its id has 15 bytes"},
    {{.type = 15, .hex = "01 10 " ID " 00 00 0000 00"}, FRAMED, "listpack shorter"},
    {{.type = 15, .hex = "01 10 " ID " c3 02 0d 2000 00 0000 00"}, FRAMED, "damaged LZF"},
    {{.type = 15, .hex = NODE "01 05 01 00"}, FRAMED, "below that of its last entry"},
    {{.type = 15, .hex = NODE LENGTH "01 c4"}, LOST, "where a string is expected"},
    {{.type = 19, .hex = NODE LENGTH "43e8 01 0000 81 8000000000000000 00"}, FRAMED, "out of range"},
    {{.type = 19, .hex = NODE LENGTH COUNTERS "01 0167 43e8 01 81 8000000000000000 00 00"},
     FRAMED,
     "out of range"},
    {{.type = 21, .hex = NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "01 0163" TIME TIME "00"},
     FRAMED,
     "no owner"},
    {{.type = 26,
      .hex = NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "01 0163" TIME TIME "02" ID ID PRODUCERS},
     FRAMED,
     "two owners"},
    {{.type = 27, .hex = NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "00 00" PRODUCERS},
     FRAMED,
     "no owner"},
};
const size_t damage_count = sizeof damages / sizeof *damages;
