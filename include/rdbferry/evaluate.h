/* SPDX-License-Identifier: MIT */
/* Evaluating a log: which data set its commands amount to. Only a server knows that: a private one loads the
 * log and saves an RDB.
 *
 * The server runs in a temporary directory in $TMPDIR that only the user can enter. It listens on a unix
 * socket there and nowhere else, with the user's own rights, and without the user's configuration. It never
 * sees the inputs: the caller writes a log for it. Directory and server are gone after rf_evaluation_close()
 * and rf_cleanup_temp_files(). If the process is killed, the kernel kills the server, and the next evaluation
 * removes the directory.
 *
 * The result is what a server holds that has loaded the log and then stands still: while it loads, keys do
 * not expire, and afterwards the log itself switches off active expiration. So keys whose expiry has passed
 * are kept, and nothing is evicted.
 *
 * Call all functions on a thread that lives as long as the evaluation: the server dies with the one that
 * started it. */
#ifndef RDBFERRY_EVALUATE_H
#define RDBFERRY_EVALUATE_H

#include <rdbferry/error.h>
#include <rdbferry/version.h>
#include <stdint.h>

/* Finds a server program: a path, or a name without a slash that is looked up in $PATH. *path is absolute and
 * freed by the caller. RF_E_ARGUMENT if it is missing or cannot be executed. */
RF_API rf_code rf_server_program(const char *name, char **path, rf_error *error);

typedef struct rf_evaluation rf_evaluation;

/* Creates the directory, and asks the program, an absolute path, for its version. RF_E_ARGUMENT: it is not a
 * server. *out is unchanged after an error. */
RF_API rf_code rf_evaluation_open(const char *program, rf_evaluation **out, rf_error *error);

RF_API rf_server rf_evaluation_server(const rf_evaluation *evaluation);

/* The path under which the caller writes the log before rf_evaluation_run(): a file of commands, which from
 * version 5.0 on may start with an RDB preamble. The server executes all of them: none may be forbidden, see
 * rf_command_is_forbidden(). Scripts run in the server's sandbox, without MIGRATE. */
RF_API const char *rf_evaluation_log(const rf_evaluation *evaluation);

typedef struct rf_evaluation_options {
    int64_t databases;                              /* that the log needs; a server has at least 16 */
    void (*on_loading)(void *ctx, double fraction); /* about five times a second; may be NULL */
    void (*on_saving)(void *ctx);                   /* once; may be NULL */
    void *ctx;
} rf_evaluation_options;

typedef struct rf_evaluation_result {
    int fd;          /* the RDB, open for reading, owned by the caller; it has no name any more after
                        rf_evaluation_close() */
    uint64_t bytes;  /* its size */
    uint64_t memory; /* used by the server; 0: unknown */
    uint64_t errors; /* commands that the server answered with an error, which changes nothing; since 7.0 */
    char first_error[256]; /* what the server logged about the first of them; may be empty */
} rf_evaluation_result;

/* Starts the server, waits until it has loaded the log, however long that takes, has it save, and ends it.
 * RF_E_UNSUPPORTED: it refuses the log; RF_E_TARGET: it failed otherwise. The message has its reason. */
RF_API rf_code rf_evaluation_run(rf_evaluation *evaluation, const rf_evaluation_options *options,
                                 rf_evaluation_result *result, rf_error *error);

/* `evaluation` may be NULL. */
RF_API void rf_evaluation_close(rf_evaluation *evaluation);

#endif
