/* SPDX-License-Identifier: MIT */
/* What an encoder makes of a small file, for a chosen server. */
#ifndef TESTS_ENCODING_H
#define TESTS_ENCODING_H

#include "support/rdb_build.h"
#include "support/run.h"

enum {
    PREFER_RESTORE = 1,
    DROP_UNSUPPORTED = 2,
    DROP_DETAIL = 4,
};

/* `file`: a magic, then hexadecimal digits of records; the end is added. */
struct encoding {
    const char *magic, *hex;
    rf_server target;
    int flags;
    /* filled in */
    struct buffer resp, text; /* the same, as commands on lines; NUL-terminated */
    unsigned notices[RF_NOTICE_COUNT];
    rf_error error;
};

rf_code encode(struct encoding *e);
void encoding_free(struct encoding *e);

/* Encodes for the newest Redis and expects these lines. */
void expect_commands(const char *magic, const char *hex, const char *expected);

/* The same for a target of one's own. */
void expect_commands_for(rf_server target, int flags, const char *magic, const char *hex,
                         const char *expected);

/* Expects RF_E_INCOMPATIBLE that names the key "k" and `what`, and with DROP_UNSUPPORTED a notice and nothing
 * but the other keys. */
void expect_unsupported(rf_server target, const char *magic, const char *hex, const char *what);

#endif
