/* SPDX-License-Identifier: MIT */
/* How far a run has come. One thread feeds it, another draws it. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <pthread.h>
#include <rdbferry/reader.h>
#include <stdatomic.h>
#include <time.h>

struct progress {
    struct timespec start;
    _Atomic uint64_t keys, commands;
    pthread_mutex_t lock; /* for what follows */
    uint64_t total;       /* bytes of all inputs' files; 0: unknown */
    const rf_reader *reader;
    uint64_t done;  /* bytes of the files before the reader's */
    char note[160]; /* what the command adds */
};

void progress_start(struct progress *progress, uint64_t total);

/* A reader is open; it is closed next. In between progress_draw() asks it for its position. */
void progress_enter(struct progress *progress, const rf_reader *reader);
void progress_leave(struct progress *progress);

/* So many more bytes will be read, where the whole is known. */
void progress_extend(struct progress *progress, uint64_t bytes);

/* The line ends with this from now on; it is copied, and cut. */
void progress_note(struct progress *progress, const char *note);

void progress_draw(struct progress *progress);

/* Bytes of the inputs' files, read so far and in all (0: unknown). From any thread. */
void progress_bytes(struct progress *progress, uint64_t *done, uint64_t *total);

double progress_seconds(const struct progress *progress);

/* Only the feeding thread counts, so that no locked addition is needed. */
static inline void progress_count(_Atomic uint64_t *counter)
{
    uint64_t next = atomic_load_explicit(counter, memory_order_relaxed) + 1;

    atomic_store_explicit(counter, next, memory_order_relaxed);
}

#endif
