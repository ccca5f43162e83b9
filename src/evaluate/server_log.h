/* SPDX-License-Identifier: MIT */
/* What a server says about itself in its log, or on stderr if it does not come that far.
 *
 *     12345:M 01 Dec 2026 08:00:00.123 # Unknown command 'X' reading the append only file ...
 *
 * Before 3.0 lines begin with "[12345] 01 Dec". The character before the text is the level. */
#ifndef EVALUATE_SERVER_LOG_H
#define EVALUATE_SERVER_LOG_H

#include <rdbferry/version.h>
#include <stdbool.h>
#include <stddef.h>

enum { SERVER_LOG_TEXT = 256 };

/* Why it ended: the first lines that are not usual at a start, printable and cut; empty if there are none. */
void server_log_reason(int fd, char out[SERVER_LOG_TEXT]);

/* The first error that it answered to a command of the log; empty if there is none. */
void server_log_first_error(int fd, char out[SERVER_LOG_TEXT]);

/* Whether a reason is about what the server reads. */
bool server_log_is_about_data(const char *reason);

/* "Redis server v=7.0.15 sha=...": the version in the output of --version; false: it is not that of a server.
 */
bool server_log_version(int fd, rf_server *out);

#endif
