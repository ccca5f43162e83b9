/* SPDX-License-Identifier: MIT */
/* Reads small text files named by options. */
#ifndef CMD_RUN_SLURP_H
#define CMD_RUN_SLURP_H

#include <rdbferry/error.h>

/* `path` "-" is stdin. Reads at most `most` bytes: a longer file is RF_E_ARGUMENT. The caller frees *text,
 * which is terminated by a NUL; it is not set after an error. */
rf_code slurp(const char *path, size_t most, char **text, size_t *size, rf_error *error);

#endif
