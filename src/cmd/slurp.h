/* SPDX-License-Identifier: MIT */
/* Small files of text that an option names, read whole. */
#ifndef CMD_SLURP_H
#define CMD_SLURP_H

#include <rdbferry/error.h>

/* `path` "-" is stdin. At most `most` bytes: a longer file is RF_E_ARGUMENT. *text, behind which a NUL
 * stands, is the caller's to free; after an error there is none. */
rf_code slurp(const char *path, size_t most, char **text, size_t *size, rf_error *error);

#endif
