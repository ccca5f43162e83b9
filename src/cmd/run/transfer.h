/* SPDX-License-Identifier: MIT */
/* A transfer of the entries of all inputs to one sink: what `convert`, `split` and --server have in common.
 */
#ifndef CMD_RUN_TRANSFER_H
#define CMD_RUN_TRANSFER_H

#include "base/arena.h"
#include "base/json.h"
#include "cmd/options/output_options.h"
#include "cmd/run/collisions.h"
#include "cmd/run/module_records.h"
#include "cmd/run/placed_key.h"
#include "cmd/run/report.h"
#include "cmd/run/session.h"
#include <rdbferry/command_check.h>

struct transfer {
    const struct common_options *common;
    const struct output_options *written;
    struct session session;
    struct collisions collisions;
    struct module_records module_records;
    rf_server surveyed; /* the newest writer of the inputs after the first; 0.0: unknown */
    bool begun;         /* the next one is known */
    rf_server target;   /* 0.0: none */
    rf_command_check *command_check;
    struct journal *journal; /* of a lane: keys that are written are kept there; NULL: none */
    rf_sink *sink;           /* opened by the command; NULL: not yet, or a dry run */
    struct arena names;      /* of keys that are written together */
    struct buffer packed;    /* in a lane: placed keys */
    struct {                 /* commands that are written together */
        bool begun;          /* one has been written by itself, in: */
        int64_t db;
        size_t most; /* that are tried next */
    } commands;
    uint64_t kept_keys, unsupported, empty; /* keys written to the sink, or skipped by it */
};

/* False: the error has been printed. transfer_close() must be called in both cases. */
bool transfer_open(struct transfer *transfer, const struct common_options *common,
                   const struct output_options *written);
void transfer_close(struct transfer *transfer);

/* What a command does between session_begin() and session_end(). */
struct transfer_attempt {
    rf_code (*write)(void *ctx, rf_error *error); /* from transfer_survey() on */
    void (*begin_again)(void *ctx);               /* clears what `write` has counted; may be NULL */
    void *ctx;
    const char *output; /* what it writes to; NULL: nothing */
};

/* Tries to write without reading logs in advance for their FLUSHDB and SWAPDB, which few have, if that can be
 * repeated: the output is a file or directory, and nothing is printed meanwhile. An attempt that meets one,
 * or that fails before all entries are written, which one after that place may have prevented, does not
 * count: everything begins again. */
rf_code transfer_attempt(struct transfer *transfer, const struct transfer_attempt *attempt, rf_error *error);

/* Called first in an attempt: reads the inputs in advance as far as that is necessary. */
rf_code transfer_survey(struct transfer *transfer, rf_error *error);

/* What a command adds; `check` and `written` may be NULL. A key is written if the sink does not skip it, or
 * would not in a dry run. */
struct transfer_steps {
    rf_code (*open)(void *ctx, rf_error *error); /* opens the sink, see transfer_begin() */
    /* Before an entry is written, of this session; perhaps on another thread. Of keys that are written
     * together, which are of one database, for the first one. */
    rf_code (*check)(void *ctx, const struct session *session, rf_entry *entry, rf_error *error);
    /* Keys that are written, one at least, in order. The size of the last one is not known yet: it is added
     * to the result. */
    uint64_t *(*written)(void *ctx, const struct placed_key *keys, size_t count);
    void *ctx;
};

/* Counts keys as written by steps->written, which is not NULL: now, or in a lane when it is merged. */
void transfer_note_written(struct transfer *transfer, const struct transfer_steps *steps,
                           const struct placed_key *keys, size_t count);

/* Writes one entry of an input. */
rf_code transfer_entry(struct transfer *transfer, const struct transfer_steps *steps,
                       const struct input *input, rf_entry *entry, rf_error *error);

/* Whether an entry is written, as far as other ones of the same name decide that: collisions are resolved or
 * are errors. */
rf_code transfer_accept(struct transfer *transfer, const struct input *input, const rf_entry *entry,
                        bool *accepted, rf_error *error);

/* Writes the keys with plain strings, or the plain commands, that are next in the cursor together, up to
 * `most` of them, as transfer_entry() would. *count: how many were read. In a lane, the entry of its journal
 * is the same as before, or after an error that of the key concerned. Plain commands are checked for
 * `steps` like the command before them, by itself, whose database they have. */
rf_code transfer_run(struct transfer *transfer, const struct transfer_steps *steps, struct cursor *cursor,
                     size_t most, size_t *count, rf_error *error);

/* Its halves, by what the entry before was. */
rf_code transfer_strings(struct transfer *transfer, const struct transfer_steps *steps, struct cursor *cursor,
                         size_t most, size_t *count, rf_error *error);

rf_code transfer_commands(struct transfer *transfer, struct cursor *cursor, size_t most, size_t *count,
                          rf_error *error);

/* Writes all entries, except those that are left out because of a collision. */
rf_code transfer_entries(struct transfer *transfer, const struct transfer_steps *steps, rf_error *error);

/* For steps->open, which is called with the first entry, or after the last input if there was none: by then
 * the writer of the first input is known. Chooses the target version, and returns the options for the sink,
 * except `compress`. */
rf_sink_options transfer_begin(struct transfer *transfer);

/* Removes the output after an error. */
void transfer_discard(struct transfer *transfer);

/* --- results (transfer_report.c) ---------------------------------------------------------------------- */

enum { TRANSFER_TEXT = 640 };

/* Formats "dump.rdb: 183 keys in 3 databases, 2 of 185 not written". */
void transfer_format(const struct transfer *transfer, char out[TRANSFER_TEXT]);

/* Prints the outputs in verbose mode. Returns the sum of their sizes. */
uint64_t transfer_print_outputs(const struct transfer *transfer);

/* Writes the report of a run that ended with `code`. Returns the exit status. */
int transfer_write_report(const struct transfer *transfer, const char *command, struct report_part part,
                          rf_code code, const rf_error *error);

/* The part of the report that describes the transfer: a report_part callback. */
void transfer_report(struct json *json, const void *transfer);

/* Adds the outcome of the keys read as an object "keys". */
void transfer_put_keys(struct json *json, const struct transfer *transfer);

#endif
