/* SPDX-License-Identifier: MIT */
/* Host names: getaddrinfo() cannot be interrupted, so that a lookup belongs to its thread as well, and is
 * freed by the one that is done with it last. */
#include "net/lookup.h"

#include "base/fail.h"
#include "base/thread.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lookup {
    int event_fd;
    atomic_int users;
    atomic_bool over; /* the result is complete: */
    struct addrinfo *addresses;
    int failure, failed_errno;
    char port[12];
    char host[];
};

static void find(struct lookup *lookup, int flags)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    lookup->failure = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->addresses);
    lookup->failed_errno = errno;
}

static void finish(struct lookup *lookup)
{
    atomic_store(&lookup->over, true);
    eventfd_write(lookup->event_fd, 1);
}

static void *run_lookup(void *arg)
{
    struct lookup *lookup = arg;
    find(lookup, 0);
    finish(lookup);
    lookup_end(lookup);
    return NULL;
}

static rf_code start_thread(struct lookup *lookup, rf_error *error)
{
    pthread_t thread;
    atomic_store(&lookup->users, 2);
    errno = thread_start(&thread, run_lookup, lookup);
    if (errno == 0) {
        pthread_detach(thread);
        return RF_OK;
    }
    atomic_store(&lookup->users, 1);
    return fail_errno(error, RF_E_MEMORY, "cannot start a thread");
}

/* An address is found without a thread. */
static rf_code start(struct lookup *lookup, rf_error *error)
{
    if (lookup->event_fd < 0)
        return fail_errno(error, RF_E_MEMORY, "cannot create an eventfd");
    find(lookup, AI_NUMERICHOST);
    if (lookup->failure == EAI_NONAME)
        return start_thread(lookup, error);
    finish(lookup);
    return RF_OK;
}

rf_code lookup_begin(const char *host, int port, struct lookup **out, rf_error *error)
{
    const size_t size = strlen(host) + 1;
    struct lookup *lookup = malloc(sizeof *lookup + size);
    if (!lookup)
        return fail(error, RF_E_MEMORY, "out of memory");
    *lookup = (struct lookup){.users = 1, .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    snprintf(lookup->port, sizeof lookup->port, "%d", port);
    memcpy(lookup->host, host, size);
    rf_code code = start(lookup, error);
    if (code != RF_OK)
        lookup_end(lookup);
    else
        *out = lookup;
    return code;
}

int lookup_fd(const struct lookup *lookup)
{
    return lookup->event_fd;
}

rf_code lookup_result(struct lookup *lookup, const struct addrinfo **addresses, rf_error *error)
{
    static const char what[] = "cannot resolve the host name";
    if (!atomic_load(&lookup->over))
        return RF_END;
    *addresses = lookup->addresses;
    errno = lookup->failed_errno;
    if (lookup->failure == EAI_SYSTEM)
        return fail_errno(error, RF_E_UNAVAILABLE, "%s", what);
    if (lookup->failure != 0)
        return fail(error, RF_E_UNAVAILABLE, "%s: %s", what, gai_strerror(lookup->failure));
    return RF_OK;
}

void lookup_end(struct lookup *lookup)
{
    if (!lookup || atomic_fetch_sub(&lookup->users, 1) > 1)
        return;
    if (lookup->addresses)
        freeaddrinfo(lookup->addresses);
    if (lookup->event_fd >= 0)
        close(lookup->event_fd);
    free(lookup);
}
