/* SPDX-License-Identifier: MIT */
/* This getaddrinfo() precedes that of the C library. */
#include "support/names.h"
#include <dlfcn.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>

typedef int getaddrinfo_fn(const char *host, const char *port, const struct addrinfo *hints,
                           struct addrinfo **out);

void (*names_hook)(const char *port);

static bool is_test(const char *host)
{
    const char *dot = strrchr(host, '.');
    return dot && strcmp(dot, ".test") == 0;
}

int getaddrinfo(const char *restrict host, const char *restrict port, const struct addrinfo *restrict hints,
                struct addrinfo **restrict out)
{
    getaddrinfo_fn *const library = (getaddrinfo_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
    const bool by_name = is_test(host) && !(hints->ai_flags & AI_NUMERICHOST);
    if (by_name && names_hook)
        names_hook(port);
    return library(by_name ? "127.0.0.1" : host, port, hints, out);
}
