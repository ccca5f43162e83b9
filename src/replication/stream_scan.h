/* SPDX-License-Identifier: MIT */
/* Finds the commands of a replication stream without keeping them. No I/O: bytes are passed in as they
 * arrive. */
#ifndef REPLICATION_STREAM_SCAN_H
#define REPLICATION_STREAM_SCAN_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCAN_WORDS = 2, SCAN_WORD_MAX = 16 };

enum scan_event {
    SCAN_MORE,    /* all bytes are used up */
    SCAN_COMMAND, /* a command has ended */
    SCAN_INVALID, /* these are not commands */
};

struct stream_scan {
    enum {
        SCAN_AT_COMMAND,
        SCAN_IN_COUNT,
        SCAN_AT_LENGTH,
        SCAN_IN_LENGTH,
        SCAN_IN_STRING,
        SCAN_AT_END
    } state;
    uint64_t number;                       /* being read, or the length of the string */
    bool has_digit;                        /* of it; after a string: its CR has not been read yet */
    uint64_t arguments;                    /* of the command, as far as they have not ended */
    size_t index;                          /* of the argument */
    uint64_t left;                         /* bytes of it */
    char words[SCAN_WORDS][SCAN_WORD_MAX]; /* the first arguments, if they are short; else "" */
    size_t lengths[SCAN_WORDS];
};

/* Removes from `in` the bytes up to the end of a command, or all. A zeroed struct is at the start of a
 * command. */
enum scan_event stream_scan(struct stream_scan *scan, rf_slice *in);

/* Whether the first words of the command that has ended are these; `second` may be NULL. Case is ignored. */
bool stream_scan_is(const struct stream_scan *scan, const char *first, const char *second);

#endif
