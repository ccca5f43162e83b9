/* SPDX-License-Identifier: MIT */
/* The progress of a run: a line on a terminal, or lines in a log. One thread updates it, another one shows
 * it.
 *
 * A run has one phase or more: the reading that does the work, which has no name, and others that read the
 * inputs once more. Each is shown from 0% to 100%. */
#ifndef CMD_TERM_PROGRESS_H
#define CMD_TERM_PROGRESS_H

#include <pthread.h>
#include <rdbferry/reader.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* The speed is that of the last half minute. */
enum { PROGRESS_SAMPLES = 30 };

/* All that has been read is done. */
#define PROGRESS_READ UINT64_MAX

struct progress_sample {
    double at; /* seconds since the start */
    uint64_t done;
};

/* Used by the thread that shows the progress. */
struct progress_view {
    unsigned phase;
    uint64_t done;                                    /* never goes back */
    struct progress_sample samples[PROGRESS_SAMPLES]; /* a ring, one a second */
    size_t first, count;
    bool is_warm;          /* the start of the phase is not among them any more */
    uint64_t seen;         /* the sum of bytes and activity, */
    double seen_at;        /* and when it last changed */
    double next_line;      /* of a log */
    double lines_interval; /* seconds */
};

struct progress {
    struct timespec start;
    bool as_lines;
    _Atomic uint64_t keys, commands; /* of the main phase */
    _Atomic uint64_t phase_keys;     /* of another one */
    _Atomic uint64_t offset;         /* of the current entry in the decoded data of its input */
    _Atomic uint64_t acked;          /* bytes of the input files that are done, or PROGRESS_READ */
    _Atomic uint64_t activity;       /* changes as long as something moves, even if nothing is read */
    struct progress_view view;
    pthread_mutex_t lock; /* protects the following members */
    unsigned phase;       /* how many there were before */
    const char *name;     /* of the phase; NULL: the main one */
    uint64_t total;       /* size of all input files in bytes; 0: unknown */
    const rf_reader *reader;
    uint64_t done;         /* bytes of the files before the current one, in this phase */
    uint64_t done_before;  /* bytes of earlier phases */
    uint64_t total_before; /* and what they were to read; 0: unknown */
    char note[160];        /* added by the command */
    char waits_for[64];    /* shown while nothing moves; "": unknown */
};

/* `as_lines`: shown as a line every 10 seconds; RDBFERRY_TEST_PROGRESS_MS in the environment sets another
 * interval, for tests. */
void progress_start(struct progress *progress, uint64_t total, bool as_lines);

/* Begins another phase. `name` must be a constant; NULL: the main one. `total`: of its bytes. */
void progress_phase(struct progress *progress, const char *name, uint64_t total);

bool progress_is_main(struct progress *progress);

/* progress_enter() is called after the reader was opened, progress_leave() before it is closed. In between,
 * progress_show() reads its position. */
void progress_enter(struct progress *progress, const rf_reader *reader);
void progress_leave(struct progress *progress);

/* Sets the end of the line; the text is copied, and cut if too long. */
void progress_note(struct progress *progress, const char *note);

/* Sets what is shown instead of the remaining time while nothing moves: "waiting for a primary". */
void progress_waits_for(struct progress *progress, const char *text);

/* Called some times a second by the thread that shows the progress: draws the line on a terminal, or adds one
 * to a log when it is due. */
void progress_show(struct progress *progress);

/* Bytes of the input files read so far in all phases, and in total (0: unknown). May be called from any
 * thread. */
void progress_bytes(struct progress *progress, uint64_t *done, uint64_t *total);

double progress_seconds(const struct progress *progress);

/* Only the updating thread counts, so no atomic addition is needed. */
static inline void progress_add(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t next = atomic_load_explicit(counter, memory_order_relaxed) + n;
    atomic_store_explicit(counter, next, memory_order_relaxed);
}

static inline void progress_count(_Atomic uint64_t *counter)
{
    progress_add(counter, 1);
}

#endif
