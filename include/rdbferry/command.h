/* SPDX-License-Identifier: MIT */
/* AOF commands: large arguments, which servers support them, and which of their arguments are keys. */
#ifndef RDBFERRY_COMMAND_H
#define RDBFERRY_COMMAND_H

#include <rdbferry/api.h>
#include <rdbferry/entry.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>
#include <stdbool.h>

/* A command with a large argument can be streamed (see rf_reader_options): that argument and those after it
 * are not in argv until the command is held. They can be streamed or held, once, also if there are copies of
 * the entry; if they are neither, the next rf_reader_next() skips them. Commands without such an argument are
 * not changed by these functions. */

enum { RF_ARGUMENT_HELD_MAX = 512 * 1024 * 1024 }; /* what a server accepts of a client by default */

/* Reads the rest of a command into memory: argv has all arguments afterwards. RF_E_UNSUPPORTED for an
 * argument of more than RF_ARGUMENT_HELD_MAX bytes. */
RF_API rf_code rf_command_hold(rf_entry *command, rf_error *error);

/* Passes the rest of a command, which must not have been held, to `fn` in pieces: as bulk strings of RESP.
 * Then the command has no rest any more. */
RF_API rf_code rf_command_stream(rf_entry *command, rf_bytes_fn fn, void *ctx, rf_error *error);

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
