/* SPDX-License-Identifier: MIT */
/* What an input is that is neither an RDB nor an AOF, or no longer one. */
#ifndef AOF_FOREIGN_H
#define AOF_FOREIGN_H

#include <rdbferry/slice.h>
#include <stdbool.h>

/* The number of bytes that are enough. */
enum { FOREIGN_HEAD = 4096 };

struct foreign {
    const char *what;   /* "a tar archive"; for damage, "an AOF whose line ends ..." */
    const char *advice; /* what to do about it */
    bool damaged;       /* it was an RDB or AOF */
};

/* Recognises the first bytes of an input; fewer than FOREIGN_HEAD are all of it. */
bool foreign_recognise(rf_slice head, struct foreign *out);

/* Whether `commands`, the beginning of a command of an AOF, has LF where CRLF must be, or a CR too many: only
 * if it is certain. */
bool foreign_line_ends(rf_slice commands, struct foreign *out);

/* The same for the beginning of an RDB, of which FOREIGN_RDB_HEAD bytes are enough. */
enum { FOREIGN_RDB_HEAD = 64 };
bool foreign_rdb(rf_slice head, struct foreign *out);

#endif
