/* SPDX-License-Identifier: MIT */
/* The list of unfinished files and directories, under a lock that also serializes the creation of names on
 * disk. */
#include "io/unfinished.h"
#include "base/fail.h"
#include <pthread.h>
#include <rdbferry/sink.h>
#include <stddef.h>

static pthread_mutex_t commits = PTHREAD_MUTEX_INITIALIZER; /* taken before `lock` */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;    /* for the variables below, and for names on
                                                               disk */
static struct unfinished *newest;
static bool ended; /* rf_remove_unfinished() was called: nothing new may appear */

rf_code unfinished_begin(const char *target, rf_error *error)
{
    pthread_mutex_lock(&lock);
    if (!ended)
        return RF_OK;
    pthread_mutex_unlock(&lock);
    return fail(error, RF_E_WRITE, "%s: not written: the program is stopping", target);
}

void unfinished_end(void)
{
    pthread_mutex_unlock(&lock);
}

void unfinished_list(struct unfinished *unfinished)
{
    unfinished->next = newest;
    unfinished->listed = true;
    newest = unfinished;
}

void unfinished_unlist(struct unfinished *unfinished)
{
    struct unfinished **at = &newest;
    while (*at && *at != unfinished)
        at = &(*at)->next;
    if (*at)
        *at = unfinished->next;
    unfinished->listed = false;
}

static void remove_listed(struct unfinished *unfinished)
{
    unfinished->remove(unfinished);
    unfinished_unlist(unfinished);
}

void unfinished_remove(struct unfinished *unfinished)
{
    pthread_mutex_lock(&lock);
    if (unfinished->listed)
        remove_listed(unfinished);
    pthread_mutex_unlock(&lock);
}

void unfinished_commits_begin(void)
{
    pthread_mutex_lock(&commits);
}

void unfinished_commits_end(void)
{
    pthread_mutex_unlock(&commits);
}

void rf_remove_unfinished(void)
{
    pthread_mutex_lock(&commits);
    pthread_mutex_lock(&lock);
    ended = true;
    while (newest) /* files before the directory that was created for them */
        remove_listed(newest);
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&commits);
}
