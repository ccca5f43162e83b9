/* SPDX-License-Identifier: MIT */
/* URLs where none is expected, and mistyped ones: they may hold a password, so they are never shown as they
 * are, and never opened or created as files. */
#ifndef CMD_URL_GUARD_H
#define CMD_URL_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum url_place {
    URL_NOT_READ,    /* a file that is read */
    URL_NOT_WRITTEN, /* a file that is written: it need not exist */
    URL_OR_FILE,     /* a file that is read, or a target */
    URL_NOT_HOST,    /* a host alone */
};

/* False for a URL, or what was meant to be one, which has no place there: the usage error has been printed.
 * `what` is what it was given as: "option '--report'", "an input". A file that is read, and exists, is no
 * URL. */
bool url_guard(const char *text, enum url_place place, const char *what, const char *command);

/* The text for a message: as it is, or a URL without user and password, cut to fit. Returns `out`. */
const char *url_shown(const char *text, char *out, size_t size);

#endif
