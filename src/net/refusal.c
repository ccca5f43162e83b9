/* SPDX-License-Identifier: MIT */
/* Recognized by the texts of servers, proxies and services, because there is no error code for it. */
#include "net/refusal.h"

#include "base/bytes.h"
#include <strings.h>

/* "ERR unknown command 'x'" (Redis, Valkey, Predixy, kvrocks), "NOPERM ... no permissions to run the 'x'
 * command", "ERR command 'x' is not allowed" (Codis), "ERR invalid request" (Envoy), and similar. */
static const char *const phrases[] = {
    "unknown command", "unknown redis command", "unsupported command", "not supported", "not allowed",
    "invalid command", "invalid request",       "is disabled",         "to run the ",
};

static bool contains(rf_slice text, const char *phrase)
{
    size_t length = strlen(phrase);
    for (size_t i = 0; i + length <= text.len; i++)
        if (strncasecmp((const char *)text.ptr + i, phrase, length) == 0)
            return true;
    return false;
}

/* "OOM command not allowed when used memory > 'maxmemory'" has its own code, and is transient. */
static bool has_own_code(struct reply reply)
{
    size_t i = 0;
    while (i < reply.text.len && reply.text.ptr[i] >= 'A' && reply.text.ptr[i] <= 'Z')
        i++;
    return i > 1 && !reply_is_error(reply, "ERR") && !reply_is_error(reply, "NOPERM");
}

bool reply_refuses_command(struct reply reply)
{
    if (reply.kind != REPLY_ERROR || has_own_code(reply))
        return false;
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (contains(reply.text, phrases[i]))
            return true;
    return false;
}
