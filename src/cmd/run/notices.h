/* SPDX-License-Identifier: MIT */
/* Collected notices: for each kind a count, the reasons, and a few examples. Uses bounded memory. */
#ifndef CMD_RUN_NOTICES_H
#define CMD_RUN_NOTICES_H

#include <rdbferry/notice.h>
#include <stdbool.h>

struct journal;

enum {
    NOTICE_EXAMPLES = 5,
    NOTICE_REASONS = 8, /* further reasons are only counted in the total of the kind */
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
    struct journal *journal; /* notices are only counted, and kept there; NULL: none */
    const char *input;       /* the input being read; set by the owner, must outlive this object */
    struct notice_record records[RF_NOTICE_COUNT];
};

/* The function that fills `notices`, for a reader and a sink. In verbose mode it prints the examples as they
 * occur. */
rf_notify notices_listener(struct notices *notices);

/* Prints one line for each kind that occurred. */
void notices_summarize(const struct notices *notices);

/* Whether a notice of this kind does not indicate a defect of the input: cached scripts, libraries common to
 * several shards, entries excluded by options. */
bool notice_is_expected(rf_notice_code code);

/* The identifier of a kind ("empty_key") and its text for people. */
const char *notice_id(rf_notice_code code);
const char *notice_text(rf_notice_code code);

#endif
