/* SPDX-License-Identifier: MIT */
/* The dead-letter file: the commands that would write the entries that have failed. It is removed if it is
 * empty. */
#ifndef CMD_REPLAY_DEAD_LETTER_H
#define CMD_REPLAY_DEAD_LETTER_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct dead_letter {
    const char *path; /* NULL: no file, nothing is written */
    FILE *file;
    uint64_t bytes; /* in the file, once it is synced */
    bool unsynced;
    int error; /* errno of the first failed write; 0: none */
};

/* `path` may be NULL. Returns RF_E_EXISTS if the file exists. With `resume`, an existing file is used if it
 * is empty or belongs to the run that is resumed: then `kept` is not NULL, and the file is truncated to *kept
 * bytes. */
rf_code dead_letter_open(struct dead_letter *dead, const char *path, bool resume, const uint64_t *kept,
                         rf_error *error);

/* Errors are reported by dead_letter_sync(). */
void dead_letter_put(struct dead_letter *dead, rf_slice bytes);

/* Everything that was put is on disk when this returns. */
rf_code dead_letter_sync(struct dead_letter *dead, rf_error *error);

/* Closes the file, and removes it if it is empty. */
void dead_letter_close(struct dead_letter *dead);

#endif
