/* SPDX-License-Identifier: MIT */
#include "net/lookup.h"

#include "support/names.h"
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <stdbool.h>

TestSuite(lookup, .timeout = 60);

static sem_t begun, released;

static void wait_for_release(const char *port)
{
    (void)port;
    sem_post(&begun);
    sem_wait(&released);
}

static bool is_readable(const struct lookup *lookup, int wait_ms)
{
    return poll(&(struct pollfd){.fd = lookup_fd(lookup), .events = POLLIN}, 1, wait_ms) == 1;
}

static struct lookup *begin(const char *host)
{
    struct lookup *lookup = NULL;
    rf_error error;
    cr_assert_eq(lookup_begin(host, 6379, &lookup, &error), RF_OK, "%s", error.message);
    return lookup;
}

static void expect_port(const struct addrinfo *addresses)
{
    const bool six = addresses->ai_family == AF_INET6;
    const struct sockaddr *address = addresses->ai_addr;
    cr_expect_eq(ntohs(six ? ((const struct sockaddr_in6 *)address)->sin6_port
                           : ((const struct sockaddr_in *)address)->sin_port),
                 6379);
}

/* Without a thread: the result is there at once. */
Test(lookup, addresses)
{
    static const struct {
        const char *host;
        int family;
    } rows[] = {{"127.0.0.1", AF_INET}, {"::1", AF_INET6}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct addrinfo *addresses;
        rf_error error;
        struct lookup *lookup = begin(rows[i].host);
        cr_expect(is_readable(lookup, 0));
        cr_assert_eq(lookup_result(lookup, &addresses, &error), RF_OK);
        cr_expect_eq(addresses->ai_family, rows[i].family);
        expect_port(addresses);
        lookup_end(lookup);
    }
}

Test(lookup, a_name_takes_its_time)
{
    const struct addrinfo *addresses;
    rf_error error;
    cr_assert_eq(sem_init(&begun, 0, 0), 0);
    cr_assert_eq(sem_init(&released, 0, 0), 0);
    names_hook = wait_for_release;
    struct lookup *lookup = begin("slow.test");
    sem_wait(&begun);
    cr_expect_eq(lookup_result(lookup, &addresses, &error), RF_END);
    cr_expect_not(is_readable(lookup, 0));
    sem_post(&released);
    cr_assert(is_readable(lookup, -1));
    cr_assert_eq(lookup_result(lookup, &addresses, &error), RF_OK);
    cr_expect_eq(addresses->ai_family, AF_INET);
    expect_port(addresses);
    lookup_end(lookup);
}

/* The thread frees what it has in the end. */
Test(lookup, abandoned)
{
    enum { MANY = 50 };
    cr_assert_eq(sem_init(&begun, 0, 0), 0);
    cr_assert_eq(sem_init(&released, 0, 0), 0);
    names_hook = wait_for_release;
    for (int i = 0; i < MANY; i++) {
        struct lookup *lookup = begin("slow.test");
        if (i % 2 == 0)
            sem_wait(&begun);
        lookup_end(lookup);
    }
    for (int i = 0; i < MANY; i++)
        sem_post(&released);
}

Test(lookup, no_such_name)
{
    const struct addrinfo *addresses;
    rf_error error;
    struct lookup *lookup = begin("no such name");
    cr_assert(is_readable(lookup, -1));
    cr_expect_eq(lookup_result(lookup, &addresses, &error), RF_E_UNAVAILABLE);
    cr_expect_eq(strncmp(error.message, "cannot resolve the host name: ", 30), 0, "%s", error.message);
    lookup_end(lookup);
}
