/* SPDX-License-Identifier: MIT */
/* Checks the commands of a log one by one: their number of arguments, integers and numbers of keys, and that
 * each MULTI has its EXEC. A log that a server wrote has no such fault. */
#ifndef RDBFERRY_COMMAND_CHECK_H
#define RDBFERRY_COMMAND_CHECK_H

#include <rdbferry/api.h>
#include <rdbferry/entry.h>
#include <stdbool.h>

typedef enum rf_command_fault {
    RF_COMMAND_SOUND,
    RF_COMMAND_ARITY,        /* a number of arguments that the command cannot have */
    RF_COMMAND_INTEGER,      /* an argument that has to be an integer is none */
    RF_COMMAND_KEY_COUNT,    /* a number of keys that is not that of the keys */
    RF_COMMAND_EXEC_ALONE,   /* EXEC without MULTI */
    RF_COMMAND_NESTED_MULTI, /* MULTI in a transaction */
} rf_command_fault;

typedef struct rf_command_finding {
    rf_command_fault fault;
    char what[96];      /* of a fault: "SETEX with 2 arguments" */
    bool unknown;       /* not a command of a log: possibly a module's */
    bool several_slots; /* in a cluster its keys are in more than one slot */
} rf_command_finding;

typedef struct rf_command_check rf_command_check;

/* NULL if out of memory. */
RF_API rf_command_check *rf_command_check_new(void);

/* Begins another file, outside of a transaction; and continues outside of one after damage. */
RF_API void rf_command_check_restart(rf_command_check *check);

/* Checks the next command; of a streamed one, the number of arguments and those in argv. False: there is
 * nothing to report, and *finding is not set. */
RF_API bool rf_command_check_put(rf_command_check *check, const rf_entry *command,
                                 rf_command_finding *finding);

/* Whether the command sets an expiry that counts from when it is executed, as in logs of old servers. */
RF_API bool rf_command_expiry_is_relative(rf_command_check *check, const rf_entry *command);

/* Whether that can be told only once the command is held: options may be among its streamed arguments. */
RF_API bool rf_command_expiry_is_streamed(rf_command_check *check, const rf_entry *command);

/* `check` may be NULL. */
RF_API void rf_command_check_free(rf_command_check *check);

#endif
