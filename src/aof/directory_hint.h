/* SPDX-License-Identifier: MIT */
/* What to pass instead of a directory that has no manifest. */
#ifndef AOF_DIRECTORY_HINT_H
#define AOF_DIRECTORY_HINT_H

#include <rdbferry/error.h>

/* Fills `error` with RF_E_FORMAT, and names the data in the directory, if there is any. */
rf_code fail_not_an_aof_directory(const char *path, rf_error *error);

#endif
