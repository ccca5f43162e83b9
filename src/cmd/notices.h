/* SPDX-License-Identifier: MIT */
/* Notices collected: for each kind how often, why, and a few examples. Bounded, whatever the input. */
#ifndef CMD_NOTICES_H
#define CMD_NOTICES_H

#include <rdbferry/notice.h>
#include <stdbool.h>

enum {
    NOTICE_EXAMPLES = 5,
    NOTICE_REASONS = 8, /* reasons beyond these are counted in the kind's total only */
};

struct notice_example {
    const char *input;
    int64_t offset;   /* -1: none */
    int db;           /* -1: none; then there is no key */
    char key[128];    /* escaped */
    char detail[128]; /* escaped; "": none */
};

struct notice_reason {
    char text[128];
    uint64_t count;
};

struct notice_record {
    uint64_t count;
    bool many_inputs;
    size_t examples, reasons;
    struct notice_example example[NOTICE_EXAMPLES];
    struct notice_reason reason[NOTICE_REASONS];
};

struct notices {
    const char *input; /* the one that is read now; set by the owner, outlives this */
    struct notice_record records[RF_NOTICE_COUNT];
};

/* The function that fills `notices`, for a reader and a sink. It says the examples as they come in verbose
 * mode. */
rf_notify notices_listener(struct notices *notices);

/* One line for each kind that occurred. */
void notices_summarize(const struct notices *notices);

/* Whether there is nothing wrong with the input: cached scripts, libraries that several shards have, what was
 * left out as options say. */
bool notice_is_expected(rf_notice_code code);

/* The machine's name for a kind ("empty_key") and what it says to people. */
const char *notice_id(rf_notice_code code);
const char *notice_text(rf_notice_code code);

#endif
