/* SPDX-License-Identifier: MIT */
/* Rejects URLs where none is expected, and mistyped ones: they may contain a password, so they are never
 * shown as they are, and never opened or created as files. */
#ifndef CMD_OPTIONS_URL_GUARD_H
#define CMD_OPTIONS_URL_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum url_context {
    URL_NOT_READ,    /* a file to read */
    URL_NOT_WRITTEN, /* a file to write, which need not exist */
    URL_OR_FILE,     /* a file to read, or a target */
    URL_NOT_HOST,    /* a host only */
};

/* Whether the text is an address that only lacks its scheme: "host:6379", "10.0.0.5", "localhost", and not a
 * file. */
bool url_lacks_scheme(const char *text);

/* False for a URL, or a text that was meant to be one or lacks only its scheme, in a wrong place: the usage
 * error has been printed. `what` says where it was given: "option '--report'", "an input". An existing file
 * to be read is not taken for a URL. */
bool url_guard(const char *text, enum url_context context, const char *what, const char *command);

/* Formats the text for a message: unchanged, or a URL without user and password, cut to fit. Returns `out`.
 */
const char *url_shown(const char *text, char *out, size_t size);

#endif
