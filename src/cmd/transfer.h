/* SPDX-License-Identifier: MIT */
/* A transfer: the entries of all inputs, chosen, rewritten and without collisions, go into one sink. What
 * `convert` and `split` have in common. */
#ifndef CMD_TRANSFER_H
#define CMD_TRANSFER_H

#include "collisions.h"
#include "json.h"
#include "session.h"
#include "written_options.h"

struct transfer;

/* What a command does its own way. */
struct transfer_part {
    /* Opens the sink; called with the first entry: by then the input has said who wrote it. */
    rf_code (*open)(const struct transfer *transfer, const rf_sink_options *options, rf_sink **out,
                    rf_error *error);
    /* Sees each entry before it is written. NULL: nothing is to be seen. */
    rf_code (*see)(struct transfer *transfer, rf_entry *entry, rf_error *error);
    /* Sees each key that has been written, or would be. NULL likewise. */
    void (*placed)(struct transfer *transfer, const rf_entry *key);
    /* The sink is complete, without its final names. NULL: nothing to be done. */
    rf_code (*end)(struct transfer *transfer, rf_error *error);
    void *ctx;
};

struct transfer {
    const struct common_options *common;
    const struct written_options *written;
    const struct transfer_part *part;
    rf_compression compress;
    bool dry; /* nothing is written: there is no sink */
    struct session session;
    struct collisions collisions;
    rf_server surveyed; /* the newest writer of the inputs behind the first; 0.0: unknown */
    rf_server target;   /* known with the first entry; 0.0: none */
    int64_t saved_at;   /* likewise */
    bool settled;       /* these are known */
    rf_sink *sink;
    uint64_t stayed, unsupported, empty; /* keys that stayed in the sink, or were left out by it */
};

/* The four above `session` are set. False: the message has been printed. transfer_close() frees in any case.
 */
bool transfer_open(struct transfer *transfer);
void transfer_close(struct transfer *transfer);

/* Reads and writes everything, or leaves nothing of the output. */
rf_code transfer_run(struct transfer *transfer, rf_error *error);

/* What became of the keys that were read; they add up. */
struct transfer_keys {
    uint64_t read, dropped, collided, unsupported, empty, written;
};
struct transfer_keys transfer_keys(const struct transfer *transfer);

/* The same as an object "keys". */
void transfer_put_keys(struct json *json, const struct transfer *transfer);

/* Members of a report's object: keys, rules, collisions, target, outputs. */
void transfer_report(struct json *json, const struct transfer *transfer);

/* Notices and collisions on stderr. */
void transfer_summarize(const struct transfer *transfer);

/* Sizes and hashes of the outputs as details; returns the sum of the sizes. */
uint64_t transfer_say_outputs(const struct transfer *transfer);

#endif
