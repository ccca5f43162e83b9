/* SPDX-License-Identifier: MIT */
/* All files and directories of the process that have a temporary name, listed for rf_remove_unfinished().
 * Thread-safe. */
#ifndef IO_UNFINISHED_H
#define IO_UNFINISHED_H

#include <rdbferry/error.h>
#include <stdbool.h>

struct unfinished {
    struct unfinished *next; /* older */
    void (*remove)(struct unfinished *unfinished);
    bool listed;
};

/* Between these two calls names may be created, and no other thread creates or removes any. RF_E_WRITE after
 * rf_remove_unfinished(): nothing new may appear; _end() must not be called then. `target` is used in the
 * error. */
rf_code unfinished_begin(const char *target, rf_error *error);
void unfinished_end(void);

/* Only between the two. */
void unfinished_list(struct unfinished *unfinished);
void unfinished_unlist(struct unfinished *unfinished);

/* Removes it if it is still listed. */
void unfinished_remove(struct unfinished *unfinished);

/* rf_remove_unfinished() waits while a thread is between these two calls: names that belong together appear
 * together. To be called before the two above. */
void unfinished_commits_begin(void);
void unfinished_commits_end(void);

#endif
