/* SPDX-License-Identifier: MIT */
/* Dead letters: a file of the commands that would write what has failed. Where nothing has, it does not stay.
 */
#ifndef CMD_DEAD_LETTER_H
#define CMD_DEAD_LETTER_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct dead_letter {
    const char *path; /* NULL: there is none, and nothing is written */
    FILE *file;
    uint64_t bytes; /* in it, once they are synced */
    bool unsynced;
    int error; /* errno of the first write that failed; 0: none has */
};

/* `path` may be NULL. One that is there already is refused (RF_E_EXISTS); with `resume` it is gone on with,
 * if it is empty, or of the run that is resumed: then `kept` is not NULL, and what lies behind its first
 * *kept bytes goes. */
rf_code dead_letter_open(struct dead_letter *dead, const char *path, bool resume, const uint64_t *kept,
                         rf_error *error);

/* What cannot be written, dead_letter_sync() tells. */
void dead_letter_put(struct dead_letter *dead, rf_slice bytes);

/* What was put is on disk afterwards. */
rf_code dead_letter_sync(struct dead_letter *dead, rf_error *error);

/* Closes it, and removes it where it is empty. */
void dead_letter_close(struct dead_letter *dead);

#endif
