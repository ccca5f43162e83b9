/* SPDX-License-Identifier: MIT */
/* Recognizes URLs by their form and by similarity to a known scheme. */
#include "cmd/options/url_guard.h"
#include "cmd/term/message.h"
#include <rdbferry/target.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { SHOWN = 256, SCHEME_MOST = 24 };

/* Schemes, and other names for them. */
static const struct {
    const char *name, *meant;
} schemes[] = {
    {"redis", "redis"},
    {"rediss", "rediss"},
    {"valkey", "valkey"},
    {"valkeys", "valkeys"},
    {"redis+sentinel", "redis+sentinel"},
    {"rediss+sentinel", "rediss+sentinel"},
    {"redis+cluster", "redis+cluster"},
    {"rediss+cluster", "rediss+cluster"},
    {"redis+unix", "redis+unix"},
    {"redis+tls", "rediss"},
    {"redis+ssl", "rediss"},
    {"valkey+tls", "valkeys"},
};

/* --- similarity --------------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The number of characters to insert, remove or replace. */
static size_t distance(const char *a, size_t a_length, const char *b)
{
    size_t row[SCHEME_MOST + 1];
    size_t b_length = strlen(b);
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = diagonal + (strncasecmp(a + i - 1, b + j - 1, 1) != 0);
            diagonal = row[j];
            row[j] = least(replaced, 1 + least(row[j], row[j - 1]));
        }
    }
    return row[b_length];
}

/* The scheme that the text starts with, or is similar to; NULL: none. */
static const char *near_scheme(const char *text)
{
    enum { FAR = 3 };
    size_t length = strcspn(text, ":/"), best = FAR;
    const char *meant = NULL;
    for (size_t i = 0; length <= SCHEME_MOST && i < sizeof schemes / sizeof *schemes; i++) {
        size_t far = distance(text, length, schemes[i].name);
        if (far < best) {
            best = far;
            meant = schemes[i].meant;
        }
    }
    return meant;
}

/* --- form --------------------------------------------------------------------------------------------- */

/* The start of user, password and host: after "//", or after the ':' of a scheme. */
static const char *authority(const char *text)
{
    const char *slashes = strstr(text, "//");
    size_t colon = strcspn(text, ":/");
    if (slashes)
        return slashes + 2;
    return text[colon] == ':' && near_scheme(text) ? text + colon + 1 : text;
}

/* "redis://h", "rdis://h", "rediss//u:p@h", "redis:u:p@h" */
static bool has_scheme(const char *text)
{
    const char *rest = text + strcspn(text, ":/");
    return strstr(text, "://") ||
           (near_scheme(text) && strchr(rest, '@') && (*rest == ':' || strncmp(rest, "//", 2) == 0));
}

/* "//u:p@h", "u:p@h" */
static bool has_credentials(const char *text)
{
    const char *start = authority(text), *at = strrchr(text, '@');
    return at && (start > text ? at >= start : memchr(text, ':', (size_t)(at - text)) != NULL);
}

const char *url_shown(const char *text, char *out, size_t size)
{
    const char *start = authority(text), *at = strrchr(text, '@');
    if (!has_scheme(text) && !has_credentials(text))
        snprintf(out, size, "%s", text);
    else if (at && at >= start)
        snprintf(out, size, "%.*s***%.*s", (int)(start - text), text, (int)strcspn(at, "?"), at);
    else
        snprintf(out, size, "%.*s...", (int)(start - text), text);
    return out;
}

/* --- rejecting ---------------------------------------------------------------------------------------- */

/* Prints "did you mean ...?" with the rest of the URL without credentials. */
static void report_mistake(const char *text, const char *what, const char *command)
{
    const char *meant = near_scheme(text);
    char shown[SHOWN];
    const char *rest = authority(url_shown(text, shown, sizeof shown));
    if (meant)
        message_usage(command, "%s: '%s' is not a target URL; did you mean '%s://%s'?", what, shown, meant,
                      rest);
    else
        message_usage(command,
                      "%s: '%s' is not a target URL: these begin with redis://, rediss://, unix://, "
                      "redis+sentinel:// or redis+cluster://",
                      what, shown);
}

bool url_guard(const char *text, enum url_context context, const char *what, const char *command)
{
    bool is_url = rf_target_is_url(text);
    bool looks_like_one = has_scheme(text) || (context != URL_NOT_WRITTEN && has_credentials(text));
    if (!looks_like_one || (is_url && context == URL_OR_FILE))
        return true;
    if (!is_url && (context == URL_NOT_READ || context == URL_OR_FILE) && access(text, F_OK) == 0)
        return true;
    char shown[SHOWN];
    if (is_url)
        message_usage(command, "%s: '%s' is the URL of a live target, not a %s", what,
                      url_shown(text, shown, sizeof shown), context == URL_NOT_HOST ? "host" : "file");
    else
        report_mistake(text, what, command);
    return false;
}
