/* SPDX-License-Identifier: MIT */
/* What lies on disk under a temporary name, of the whole process, so that rf_remove_unfinished() finds it.
 * Threads: any. */
#ifndef IO_UNFINISHED_H
#define IO_UNFINISHED_H

#include <rdbferry/error.h>
#include <stdbool.h>

struct unfinished {
    struct unfinished *next; /* older */
    void (*remove)(struct unfinished *unfinished);
    bool listed;
};

/* Between these two names may be made, and nobody else makes or removes any. RF_E_WRITE after
 * rf_remove_unfinished(): nothing new appears then; that is an end already. `target` stands in the error. */
rf_code unfinished_begin(const char *target, rf_error *error);
void unfinished_end(void);

/* Only between the two. */
void unfinished_list(struct unfinished *unfinished);
void unfinished_unlist(struct unfinished *unfinished);

/* Removes it if it is listed still. */
void unfinished_remove(struct unfinished *unfinished);

/* Between these two rf_remove_unfinished() waits: what belongs together gets its names together. Taken before
 * the two above. */
void unfinished_commits_begin(void);
void unfinished_commits_end(void);

#endif
