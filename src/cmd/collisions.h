/* SPDX-License-Identifier: MIT */
/* What is done about keys that come out with one name: find them out, choose one, tell both.
 *
 * Where they end the run, names are noted as they are written, and only if some might collide with names that
 * were not kept the inputs are gone through once more, without their values. Where one of them is to be
 * chosen, that comes first, so that it is known while writing. */
#ifndef CMD_COLLISIONS_H
#define CMD_COLLISIONS_H

#include "json.h"
#include "session.h"
#include <rdbferry/collision.h>
#include <rdbferry/digest.h>

enum collision_policy { COLLISION_FAIL, COLLISION_SKIP, COLLISION_OVERWRITE };

enum { COLLISION_EXAMPLES = 20, COLLISION_SOURCES = 4 };

/* One of the keys that come out with a name, as it lies in the input. */
struct collision_source {
    const char *input;
    uint64_t offset;
    int64_t db;
    char key[128];   /* escaped */
    rf_digest whole; /* tells keys apart that are shown alike, as they are cut */
    bool kept;
};

struct collision_example {
    int64_t db; /* -1: it is the name of a function library */
    char key[128];
    size_t known;
    struct collision_source sources[COLLISION_SOURCES];
};

struct collisions {
    struct session *session;
    enum collision_policy policy;
    rf_collisions *set; /* NULL: nothing can collide */
    bool all;           /* every key counts as ambiguous */
    bool settled;       /* it is known which names collide */
    bool again;         /* the inputs can be read again */
    bool early;         /* they are to be known before anything is written, whatever the policy */
    session_take_fn
        *look; /* looks at each entry of the survey, which is for that alone if need be; or NULL */
    void *look_ctx;
    uint64_t names;                           /* that collide, as far as it is known */
    uint64_t lost, lost_keys, lost_libraries; /* what was left out: the sum of both, and each */
    size_t examples;
    struct collision_example example[COLLISION_EXAMPLES];
};

/* `early` and `look` may be set afterwards. `check`: look for keys that occur twice in one input too. The
 * session has to outlive it. False: the message has been printed. */
bool collisions_open(struct collisions *collisions, struct session *session, enum collision_policy policy,
                     uint64_t memory, bool check);
void collisions_close(struct collisions *collisions);

/* Before anything is written: goes over the names, if it has to be known now which ones collide, or somebody
 * looks. Where the inputs cannot be read twice, what is only `early` stays open, and nobody looks. */
rf_code collisions_survey(struct collisions *collisions, rf_error *error);

/* Takes note of an entry that is about to be written. *leave_out: it is not to be. RF_E_COLLISION,
 * RF_E_DUPLICATE for a key twice in one input. */
rf_code collisions_take(struct collisions *collisions, const struct input *input, const rf_entry *entry,
                        bool *leave_out, rf_error *error);

/* Everything has been taken: finds out what could not be told at once. */
rf_code collisions_end(struct collisions *collisions, rf_error *error);

/* After that, when the inputs are read once more from the start: whether an entry has been left out. */
void collisions_rewind(struct collisions *collisions);
bool collisions_left_out(struct collisions *collisions, const rf_entry *entry);

/* A line on stderr, if there were any; members of a report's object. */
void collisions_summarize(const struct collisions *collisions);
void collisions_report(struct json *json, const struct collisions *collisions);

#endif
