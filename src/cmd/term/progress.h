/* SPDX-License-Identifier: MIT */
/* The progress of a run. One thread updates it, another one draws it. */
#ifndef CMD_TERM_PROGRESS_H
#define CMD_TERM_PROGRESS_H

#include <pthread.h>
#include <rdbferry/reader.h>
#include <stdatomic.h>
#include <time.h>

struct progress {
    struct timespec start;
    _Atomic uint64_t keys, commands;
    pthread_mutex_t lock; /* protects the following members */
    uint64_t total;       /* size of all input files in bytes; 0: unknown */
    const rf_reader *reader;
    uint64_t done;  /* bytes of the files before the current one */
    char note[160]; /* added by the command */
};

void progress_start(struct progress *progress, uint64_t total);

/* progress_enter() is called after the reader was opened, progress_leave() before it is closed. In between,
 * progress_draw() reads its position. */
void progress_enter(struct progress *progress, const rf_reader *reader);
void progress_leave(struct progress *progress);

/* Adds bytes to be read to the total, if that is known. */
void progress_extend(struct progress *progress, uint64_t bytes);

/* Sets the end of the line; the text is copied, and cut if too long. */
void progress_note(struct progress *progress, const char *note);

void progress_draw(struct progress *progress);

/* Bytes of the input files read so far, and in total (0: unknown). May be called from any thread. */
void progress_bytes(struct progress *progress, uint64_t *done, uint64_t *total);

double progress_seconds(const struct progress *progress);

/* Only the updating thread counts, so no atomic addition is needed. */
static inline void progress_count(_Atomic uint64_t *counter)
{
    uint64_t next = atomic_load_explicit(counter, memory_order_relaxed) + 1;
    atomic_store_explicit(counter, next, memory_order_relaxed);
}

#endif
