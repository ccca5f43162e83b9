/* SPDX-License-Identifier: MIT */
/* One value, by the hexadecimal digits of its bytes, as a reader hands it out. */
#ifndef TESTS_ONE_VALUE_H
#define TESTS_ONE_VALUE_H

#include "support/rdb_build.h"
#include <rdbferry/notice.h>
#include <rdbferry/reader.h>

struct one_value {
    const char *magic;  /* NULL: "REDIS0015" */
    const char *before; /* records in front of the key; may be NULL */
    uint8_t type;
    const char *hex;
};

struct opened {
    struct build file;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    unsigned notices[RF_NOTICE_COUNT];
};

/* Reads up to the value, which is that of key "k" in database 0. */
void open_value(struct opened *o, const struct one_value *value);
void close_value(struct opened *o);

/* Walks it from a fresh reader; what is told goes to `text`, what is wrong to `error`. */
rf_code walk_value(const struct one_value *value, struct buffer *text, rf_error *error);

#endif
