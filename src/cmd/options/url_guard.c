/* SPDX-License-Identifier: MIT */
/* Recognizes URLs by their form and by similarity to a known scheme. */
#include "cmd/options/url_guard.h"
#include "cmd/options/similar.h"
#include "cmd/term/message.h"
#include <rdbferry/target.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { SHOWN = 256 };

/* Schemes, and the names that client libraries have for them. */
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
    {"valkey+sentinel", "valkey+sentinel"},
    {"valkey+cluster", "valkey+cluster"},
    {"redis-sentinel", "redis+sentinel"},
    {"rediss-sentinel", "rediss+sentinel"},
    {"sentinel", "redis+sentinel"},
    {"redis-cluster", "redis+cluster"},
    {"rediss-cluster", "rediss+cluster"},
    {"cluster", "redis+cluster"},
    {"redis+srv", NULL}, /* not supported, and not like another */
    {"redis-socket", "unix"},
    {"redis+socket", "unix"},
};

/* The scheme that the text starts with, or is similar to; NULL: none. */
static const char *near_scheme(const char *text)
{
    enum { DIFFERENCES = 2 };
    struct similar similar = similar_begin(text, strcspn(text, ":/"), DIFFERENCES);
    const char *meant = NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (similar_consider(&similar, schemes[i].name))
            meant = schemes[i].meant;
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

bool url_lacks_scheme(const char *text)
{
    static const char digits[] = "0123456789";
    const char *host = *text == '[' ? strchr(text, ']') : text; /* an IPv6 address is in brackets */
    const char *colon = host ? strchr(host, ':') : NULL;
    size_t length = strcspn(text, colon ? ":" : "");
    if (!host || has_scheme(text) || has_credentials(text) || strpbrk(text, "/ ") || access(text, F_OK) == 0)
        return false;
    if (colon)
        return colon[1] && colon[1 + strspn(colon + 1, digits)] == '\0' && colon > text;
    return *text == '[' || strcasecmp(text, "localhost") == 0 ||
           (strspn(text, "0123456789.") == length && strchr(text, '.'));
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

/* An address where a file or a URL is expected, or one with a port where a host is. */
static bool guard_address(const char *text, enum url_context context, const char *what, const char *command)
{
    const char *colon = strrchr(text, ':');
    if ((context != URL_OR_FILE && context != URL_NOT_HOST) || !url_lacks_scheme(text))
        return true;
    if (context == URL_OR_FILE)
        return message_usage(command, "%s: no file '%s'; did you mean 'redis://%s'?", what, text, text);
    if (!colon || colon[-1] == ']')
        return true;
    return message_usage(command, "%s: '%s' is not a host; did you mean '-h %.*s -p %s'?", what, text,
                         (int)(colon - text), text, colon + 1);
}

bool url_guard(const char *text, enum url_context context, const char *what, const char *command)
{
    bool is_url = rf_target_is_url(text);
    bool looks_like_one = has_scheme(text) || (context != URL_NOT_WRITTEN && has_credentials(text));
    if (!looks_like_one)
        return guard_address(text, context, what, command);
    if (is_url && context == URL_OR_FILE)
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
