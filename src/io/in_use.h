/* SPDX-License-Identifier: MIT */
/* Whether another running program, such as a server, still writes to a file that an output is to replace.
 * Linux shows this in /proc: for the caller's own processes, or for all if the caller has permission (root).
 * Processes on other hosts, of other users or outside of this /proc are not seen. */
#ifndef IO_IN_USE_H
#define IO_IN_USE_H

#include <rdbferry/error.h>
#include <stdbool.h>

/* RF_E_EXISTS if a process has a file open for writing that is `path`, or is in the directory `path` or up to
 * three levels below. `path` may be missing. */
rf_code in_use_refuse(const char *path, rf_error *error);

/* RF_E_EXISTS if the file `path` is in the working directory of a running server ("redis-server",
 * "valkey-server" ...), which may save its data there. */
rf_code in_use_refuse_adjacent_server(const char *path, rf_error *error);

#endif
