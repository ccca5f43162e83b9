/* SPDX-License-Identifier: MIT */
/* The list of unfinished files and directories, under a lock that also serializes the creation of names on
 * disk. */
#include "io/cleanup.h"
#include "base/fail.h"
#include <errno.h>
#include <pthread.h>
#include <rdbferry/sink.h>
#include <stddef.h>

static pthread_mutex_t commits = PTHREAD_MUTEX_INITIALIZER; /* taken before `lock` */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;    /* for the variables below, and for names on
                                                               disk */
static struct cleanup *newest;
static bool ended; /* rf_cleanup_temp_files() was called: nothing new may appear */

rf_code cleanup_begin(const char *target, rf_error *error)
{
    pthread_mutex_lock(&lock);
    if (!ended)
        return RF_OK;
    pthread_mutex_unlock(&lock);
    errno = ECANCELED;
    return fail(error, RF_E_WRITE, "%s: not written: the program is stopping", target);
}

void cleanup_end(void)
{
    pthread_mutex_unlock(&lock);
}

void cleanup_list(struct cleanup *cleanup)
{
    cleanup->next = newest;
    cleanup->listed = true;
    newest = cleanup;
}

void cleanup_unlist(struct cleanup *cleanup)
{
    struct cleanup **at = &newest;
    while (*at && *at != cleanup)
        at = &(*at)->next;
    if (*at)
        *at = cleanup->next;
    cleanup->listed = false;
}

static void remove_listed(struct cleanup *cleanup)
{
    cleanup->remove(cleanup);
    cleanup_unlist(cleanup);
}

void cleanup_remove(struct cleanup *cleanup)
{
    pthread_mutex_lock(&lock);
    if (cleanup->listed)
        remove_listed(cleanup);
    pthread_mutex_unlock(&lock);
}

void cleanup_commits_begin(void)
{
    pthread_mutex_lock(&commits);
}

void cleanup_commits_end(void)
{
    pthread_mutex_unlock(&commits);
}

void rf_cleanup_temp_files(void)
{
    pthread_mutex_lock(&commits);
    pthread_mutex_lock(&lock);
    ended = true;
    while (newest) /* files before the directory that was created for them */
        remove_listed(newest);
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&commits);
}
