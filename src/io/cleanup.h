/* SPDX-License-Identifier: MIT */
/* All files and directories of the process that have a temporary name, listed for rf_cleanup_temp_files().
 * Thread-safe. */
#ifndef IO_CLEANUP_H
#define IO_CLEANUP_H

#include <rdbferry/error.h>
#include <stdatomic.h>
#include <stdbool.h>

struct cleanup {
    struct cleanup *next; /* older */
    void (*remove)(struct cleanup *cleanup);
    atomic_bool listed; /* may be read at any time; whoever ends the program unlists everything */
};

/* Between these two calls names may be created, and no other thread creates or removes any. RF_E_WRITE after
 * rf_cleanup_temp_files(): nothing new may appear; _end() must not be called then. `target` is used in the
 * error. */
rf_code cleanup_begin(const char *target, rf_error *error);
void cleanup_end(void);

/* Only between the two. */
void cleanup_list(struct cleanup *cleanup);
void cleanup_unlist(struct cleanup *cleanup);

/* Removes it if it is still listed. */
void cleanup_remove(struct cleanup *cleanup);

/* rf_cleanup_temp_files() waits while a thread is between these two calls: names that belong together appear
 * together. To be called before the two above. */
void cleanup_commits_begin(void);
void cleanup_commits_end(void);

#endif
