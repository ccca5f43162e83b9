/* SPDX-License-Identifier: MIT */
/* The state of a verification, shared by the files of `verify`. */
#ifndef CMD_VERIFY_VERIFY_H
#define CMD_VERIFY_VERIFY_H

#include "cmd/compare/differences.h"
#include "cmd/compare/extra_keys.h"
#include "cmd/compare/faults.h"
#include "cmd/run/lane.h"
#include "cmd/verify/slot_owners.h"
#include "cmd/verify/verify_options.h"
#include <rdbferry/collision.h>
#include <rdbferry/command_check.h>
#include <rdbferry/compare.h>
#include <rdbferry/digest.h>
#include <rdbferry/live.h>

/* What a server does when it loads a log: the worst comes last. */
enum log_loading { LOADS, LOADS_WITHOUT, LOADS_CUT, LOADS_BY_VERSION, REFUSES_TAIL, REFUSES };

/* The commands of an input. */
struct verify_log {
    uint64_t commands;
    uint64_t several_slots; /* commands with keys in more than one slot */
    bool faulty, damaged;
    enum log_loading loading;
    bool in_transaction;
    uint64_t multi, before_multi; /* the offset of the open transaction, and commands before it */
    bool cut;                     /* by redis-check-aof --fix, which sees a fault: */
    uint64_t last_good;           /* the offset of that, or of its transaction */
    uint64_t kept;                /* the size that it leaves */
    uint64_t after;               /* commands after that which can be read */
};

struct input_state {
    uint64_t faults;
    struct verify_log log;
    double seconds; /* it took to read */
    bool unread;    /* it could not be read, or not to its end, for a reason other than a fault */
    rf_error why;   /* the reason, if `unread` */
};

/* Of the data read so far. */
struct verify_digests {
    rf_digest published;
    rf_lthash sha256; /* for --digest=sha256; as text at the end */
    char sha256_text[RF_SHA256_TEXT];
};

/* The data to compare with. */
struct verify_against {
    rf_compare *compare; /* with another input, or for duplicate keys; NULL: neither */
    rf_live *live;       /* the target; NULL: none */
    rf_live_counts live_counts;
    struct extra_keys extra; /* of the target */
    struct differences differences;
    double seconds; /* the comparison took after the inputs had been read */
};

/* Keys of a batch, or all that have been verified. */
struct verify_keys {
    struct session *session; /* that counts them */
    struct journal *journal; /* what has to be done in order; NULL: they are checked in order */
    rf_digester *digester;
    bool publishes; /* its only digest is the published one */
    struct key_sums sums;
};

struct verification {
    struct verify_options *options;
    struct session session;
    FILE *out; /* for the result: stdout, unless a report goes there */
    struct faults faults;
    struct input_state *states; /* of each input */
    rf_command_check *commands;
    const struct input *reading;
    struct verify_keys keys;
    struct verify_digests digests;
    rf_collisions *libraries; /* seen so far */
    struct verify_against against;
    struct data_totals totals;
    struct slot_owners *owners; /* of several operands whose keys are all read; else NULL */
    size_t operand;             /* that is read */
    uint64_t shared;            /* number of keys in both the first operand and a later one */
    size_t unmet;               /* number of expectations */
    uint64_t warnings;          /* number of notices and gaps, if --strict counts them */
    bool ended_early;           /* by an error that does not concern an input: */
    rf_error end;
    const rf_error *error; /* that error, or why an input could not be read; NULL: none */
};

/* --- verify_fault.c --- */

/* Whether an error is a defect of the input, and not a failure to read it. */
bool verify_is_fault(rf_code code);

/* Counts a fault of an input. */
rf_code verify_fault(struct verification *v, const struct input *input, const rf_error *fault,
                     rf_error *error);

/* The effect of commands is known only to a server. */
rf_code verify_reject_commands(rf_error *error);

/* --- verify_key.c: entries --- */

/* What is done with entries, in lanes or in order. Its ctx is the verification. Faults of values are counted;
 * they are not errors. */
extern const struct lane_work verify_work;

/* `session` counts the keys, and receives their notices; `journal` may be NULL. verify_keys_close() must be
 * called in both cases. */
rf_code verify_keys_open(struct verify_keys *keys, const struct verification *v, struct session *session,
                         struct journal *journal, rf_error *error);
void verify_keys_close(struct verify_keys *keys);

/* --- verify_strings.c: keys with plain strings --- */

/* Verifies those that are next in the cursor together, up to `most`; *count: how many. They have no faults.
 */
rf_code verify_put_strings(const struct verification *v, struct verify_keys *keys, struct cursor *cursor,
                           size_t most, size_t *count, rf_error *error);

/* --- verify_log.c: the commands of an AOF --- */

rf_code verify_command(struct verification *v, const struct input *input, const rf_entry *command,
                       rf_error *error);

/* After a fault that ended reading an entry: whether it was damage among commands after which others follow.
 */
bool verify_damage(struct verification *v, const struct input *input);

/* Formats what others make of a faulty log; false: it is not faulty. */
enum { VERIFY_LOG_TEXT = 512 };
bool verify_format_log(const struct verification *v, const struct input *input, char *out, size_t size);

/* A member "logs", if there are any. */
void verify_report_logs(struct json *json, const struct verification *v);

/* --- verify_against.c: comparison with other data ----------------------------------------------------- */

rf_code against_open(struct verification *v, rf_error *error);

/* Adds one key or function library of the verified data. */
rf_code against_on_record(struct verification *v, const rf_key_record *record, rf_error *error);

/* Called after all of it: reads the other data, waits for replies, reports differences. */
rf_code against_finish(struct verification *v, rf_error *error);

/* --- verify_slots.c: slots for which the file of a node seems to be missing --------------------------- */

/* Returns the number of warnings. */
uint64_t verify_warn_of_gaps(const struct verification *v);

/* A member "missing_slots", if there are several operands. */
void verify_report_gaps(struct json *json, const struct verification *v);

/* --- verify_report.c: results -------------------------------------------------------------------------- */

/* Whether all checks passed. */
bool verify_is_sound(const struct verification *v);

/* A report_part callback. */
void verify_report(struct json *json, const void *verification);

/* Writes the file of --junit; NULL: none. An error is printed. */
void verify_junit(const struct verification *v, const char *path);

#endif
