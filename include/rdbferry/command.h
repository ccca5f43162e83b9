/* SPDX-License-Identifier: MIT */
/* AOF commands: which servers support them, and which of their arguments are keys. */
#ifndef RDBFERRY_COMMAND_H
#define RDBFERRY_COMMAND_H

#include <rdbferry/api.h>
#include <rdbferry/entry.h>
#include <rdbferry/version.h>
#include <stdbool.h>

typedef enum rf_command_support {
    RF_COMMAND_SUPPORTED,
    RF_COMMAND_UNSUPPORTED,
    RF_COMMAND_UNKNOWN, /* not built into any server: possibly a module's */
} rf_command_support;

/* What a server does not support. */
typedef struct rf_command_need {
    char what[64];           /* "HPEXPIREAT", "EXPIRE with NX" */
    rf_server redis, valkey; /* the first releases that support it; 0.0: none */
} rf_command_need;

/* Whether a server of known version supports a command (RF_ENTRY_COMMAND), its subcommand and its options.
 * RF_COMMAND_UNSUPPORTED: *need receives what is missing. */
RF_API rf_command_support rf_server_knows(rf_server server, const rf_entry *command, rf_command_need *need);

/* Calls `fn` with each key of a command, also if it is only read, until it returns false. The keys are those
 * of the command's arguments. Returns false for a command that is not in the table of commands, such as one
 * of a module: its keys are not known. */
RF_API bool rf_command_each_key(const rf_entry *command, bool (*fn)(void *ctx, rf_slice key), void *ctx);

/* Whether no server should execute this command, as it would stop or reconfigure it, send its data elsewhere,
 * write files, or change the state of the connection. Servers do not write such commands to an AOF, except
 * CLUSTER SYNCSLOTS and TRIMSLOTS, which only concern that server. */
RF_API bool rf_command_is_forbidden(const rf_entry *command);

#endif
