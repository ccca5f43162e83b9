/* SPDX-License-Identifier: MIT */
/* Whether another running program, such as a server, still writes to what an output is to replace. Linux
 * tells it in /proc: of the caller's own processes, or of all where the caller may look into them (root).
 * What runs on another host or as another user, or is not in /proc here, is not seen. */
#ifndef IO_IN_USE_H
#define IO_IN_USE_H

#include <rdbferry/error.h>
#include <stdbool.h>

/* RF_E_EXISTS where a process has a file open for writing that is `path`, or lies in the directory `path` or
 * up to three levels below. `path` need not be there. */
rf_code in_use_refuse(const char *path, rf_error *error);

/* RF_E_EXISTS where the file `path` lies in the working directory of a running server ("redis-server",
 * "valkey-server" ...), which may save its data there. */
rf_code in_use_refuse_beside_server(const char *path, rf_error *error);

#endif
