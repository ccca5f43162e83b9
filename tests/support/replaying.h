/* SPDX-License-Identifier: MIT */
/* A whole replay into a fake target. On the way, as often as can be, it is checked that nothing counts as
 * acknowledged that is neither there nor told of; at the end that the counts add up. */
#ifndef TESTS_REPLAYING_H
#define TESTS_REPLAYING_H

#include "support/fake_target.h"
#include "support/rdb_build.h"
#include <rdbferry/replay.h>

struct replaying {
    /* Set before; mostly zeroed. */
    struct fake_target fake;
    rf_replay_options options; /* but for its functions */
    struct build input;        /* records of an RDB, without head and end */
    const char *magic;         /* NULL: "REDIS0011" */
    const char *commands;      /* an AOF in place of all that; NULL: none */
    rf_slice aof;              /* likewise, of any bytes; empty: none */
    const char *there;         /* a command that has been done in node 0 before; NULL: none */
    const char *password;      /* of the target; NULL: none */
    const char *map;           /* for rf_target_map_address(); NULL: none */
    rf_server server;          /* as the target is said to be */
    int timeout_ms;            /* of the target; 0: a long one */
    unsigned waits;            /* before so many WAITs have been asked nothing may be acknowledged */
    bool finish_often;         /* after each entry */
    bool keeps_positions;      /* the position keys are not removed at the end */
    bool abandoned;            /* it is closed without a finish */
    bool refuses;              /* RENAME is refused */
    unsigned ticks;            /* with this one the run is ended from outside; 0: never */
    /* Filled in. */
    rf_code code;
    rf_error error;
    rf_position acked;
    rf_replay_counts counts;
    rf_replay_info info;    /* after RF_OK of rf_replay_open() */
    uint64_t keys;          /* that were put */
    struct buffer failures; /* "exists 0:k: already exists on the target|" for each */
    struct buffer letters;  /* dead letters */
    struct buffer details;  /* "0:k: lost detail|" for each that a key was written without */
    struct buffer log;      /* a line for each */
    char *store;            /* what is there at the end, as fake_store_text() has it */
    /* On the way. */
    rf_replay *replay;
    struct key_position *positions;
    uint64_t checked;
};

/* Starts the target, replays the input, and stops it. */
void replaying_run(struct replaying *p);
void replaying_free(struct replaying *p);

/* Replays records given by hexadecimal digits, and expects RF_OK and this store. */
void replaying_expect(struct replaying *p, const char *hex, const char *store);

/* The text so far, NUL-terminated; "" of an empty one. */
const char *replaying_text(struct buffer *text);

#endif
