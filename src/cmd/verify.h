/* SPDX-License-Identifier: MIT */
/* A verification, as the files of `verify` share it. */
#ifndef CMD_VERIFY_H
#define CMD_VERIFY_H

#include "differences.h"
#include "extra_keys.h"
#include "faults.h"
#include "session.h"
#include "verify_options.h"
#include <rdbferry/collision.h>
#include <rdbferry/compare.h>
#include <rdbferry/digest.h>
#include <rdbferry/live.h>

struct input_state {
    uint64_t faults;
    bool unread;  /* it could not be read, or not to its end, for another reason than a fault */
    rf_error why; /* then */
};

struct verification {
    struct verify_options *options;
    struct session session;
    FILE *out; /* for the answer: stdout, unless a report goes there */
    struct faults faults;
    struct input_state *states; /* of each input */
    rf_digest_pool *pool;
    const struct input *reading; /* whose digests come out of the pool */
    rf_digest digest;            /* of what has been read */
    rf_lthash sha256;            /* the same, if --digest=sha256 asks for it; as text at the end */
    char sha256_text[RF_SHA256_TEXT];
    rf_collisions *libraries; /* seen so far */
    rf_compare *compare; /* of keys with those of another input, or of one set, for keys that occur twice;
                            NULL: neither */
    rf_live *live;       /* the target; NULL: none */
    rf_live_counts live_counts;
    struct extra_keys extra; /* of the target */
    struct differences differences;
    struct census census;
    struct module_names modules;
    size_t unmet;      /* expectations */
    uint64_t warnings; /* notices, where --strict makes them count */
    bool ended_early;  /* by an error that is no input's: */
    rf_error end;
    const rf_error *error; /* that, or why an input could not be read; NULL: neither */
};

/* --- verify_key.c: one entry --- */

/* What a command does, only a server can tell. */
rf_code verify_refuse_commands(rf_error *error);

/* A session_take_fn, which puts keys into the pool, and the rf_digested_fn of that. Their ctx is the
 * verification. Faults of a value are counted, and are no errors. */
rf_code verify_take(void *ctx, struct input *input, rf_entry *entry, rf_error *error);
rf_code verify_take_digest(void *ctx, const rf_entry *key, const rf_key_digest *digest, const rf_error *fault,
                           rf_error *error);

/* What an input can be, as against what keeps it from being read. */
bool verify_is_fault(rf_code code);

/* Counts a fault of an input. */
rf_code verify_fault(struct verification *v, const struct input *input, const rf_error *fault,
                     rf_error *error);

/* --- verify_against.c: holding the data against other data --- */

rf_code against_open(struct verification *v, rf_error *error);

/* One key or function library of the data that is verified. */
rf_code against_take(struct verification *v, const rf_key_record *record, rf_error *error);

/* All of it has been taken: reads the other data, waits for answers, tells differences. */
rf_code against_finish(struct verification *v, rf_error *error);

/* --- verify_report.c --- */

/* The answer: is all as it should be? */
bool verify_is_sound(const struct verification *v);

/* What a report_part takes. */
void verify_report(struct json *json, const void *verification);

/* Writes --junit's file. False: the message has been printed. */
bool verify_junit(const struct verification *v, const char *path);

#endif
