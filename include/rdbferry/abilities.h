/* SPDX-License-Identifier: MIT */
/* The commands that a live target permits a replay to use. They are determined without writing anything: each
 * command is queued in a transaction that is then discarded, so that the server checks whether it exists and
 * whether the user may run it; if transactions are unavailable, commands that have no effect on a missing key
 * are run, and COMMAND INFO reports which of the others exist. A command about which neither gives an answer
 * is assumed to be accepted until it is tried. */
#ifndef RDBFERRY_ABILITIES_H
#define RDBFERRY_ABILITIES_H

#include <rdbferry/version.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum rf_command {
    RF_COMMAND_WATCH,
    RF_COMMAND_MULTI, /* and EXEC */
    RF_COMMAND_EXISTS,
    RF_COMMAND_SELECT,
    RF_COMMAND_RESTORE,
    RF_COMMAND_RENAME,
    RF_COMMAND_RENAMENX,
    RF_COMMAND_UNLINK,
    RF_COMMAND_DEL,
    RF_COMMAND_PEXPIREAT,
    RF_COMMAND_PEXPIRE,
    RF_COMMAND_PERSIST,
    RF_COMMAND_SET,
    RF_COMMAND_RPUSH,
    RF_COMMAND_SADD,
    RF_COMMAND_ZADD,
    RF_COMMAND_HMSET,
    RF_COMMAND_XADD,
    RF_COMMAND_MSET,
    RF_COMMAND_MSETNX,
    RF_COMMAND_COUNT
} rf_command;

typedef struct rf_abilities {
    rf_server server; /* as reported by the target, or as given by the user */
    bool assumed;     /* not reported: the oldest that it can be, and RESTORE is not used */
    uint32_t refused; /* 1 << rf_command for each rejected command */
    char why[128];    /* the error reply to the first of them; "" if the connection was closed */
} rf_abilities;

static inline bool rf_accepts(const rf_abilities *abilities, rf_command command)
{
    return !(abilities->refused >> command & 1);
}

/* "RESTORE" */
RF_API const char *rf_command_name(rf_command command);

#endif
