/* SPDX-License-Identifier: MIT */
/* Servers before 7.0 send relative expiries in their streams: they count from when the command arrives, not
 * from when it is applied. */
#ifndef REPLICATION_ABSOLUTE_EXPIRY_H
#define REPLICATION_ABSOLUTE_EXPIRY_H

#include "base/number.h"
#include <rdbferry/entry.h>
#include <rdbferry/error.h>

/* Zeroed at the start. */
struct absolute_expiry {
    rf_slice *argv;
    size_t capacity;
    uint8_t text[NUMBER_TEXT_MAX];
};

/* Makes a relative expiry of the command an absolute one:
 *
 *   EXPIRE, PEXPIRE k t ..      PEXPIREAT k ms ..
 *   SETEX, PSETEX k t v         SET k v PXAT ms
 *   SET k v .. EX t ..          SET k v .. PXAT ms ..
 *   RESTORE k t payload ..      RESTORE k ms payload .. ABSTTL
 *
 * The arguments are then valid until the next call. */
rf_code absolute_expiry_make(struct absolute_expiry *absolute, int64_t now_ms, rf_entry *command,
                             rf_error *error);

void absolute_expiry_free(struct absolute_expiry *absolute);

#endif
