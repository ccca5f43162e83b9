/* SPDX-License-Identifier: MIT */
/* The table of errors. */
#include "replication/refusal.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "net/reply.h"
#include <stdio.h>

#define NO_REPLICATION                                                                               \
    "the server does not let clients replicate, as most managed services, or has the command under " \
    "another name (rename-command): use --scan, or read a snapshot that it exports"

static const struct refusal {
    const char *begins;
    bool passes;  /* it is worth another attempt */
    bool general; /* not only replication is refused */
    const char *advice;
} refusals[] = {
    {"NOPERM", false, false,
     "the user needs the permissions +psync +replconf +ping; without them use --scan"},
    {"NOAUTH", false, true, "give the password: --source-pass-file or $RDBFERRY_SOURCE_AUTH"},
    {"DENIED", false, true, NULL},
    {"LOADING", true, true, NULL},
    {"BUSY", true, true, NULL},
    {"MASTERDOWN", true, false, NULL},
    {"NOMASTERLINK", true, false, "it is a replica that is not connected to its primary: read the primary"},
    {"ERR BGSAVE failed", true, false, NULL},
    {"ERR max number of clients reached", true, true, NULL},
    {"ERR unknown command", false, false, NO_REPLICATION},
    {"ERR wrong number of arguments", false, false, NO_REPLICATION},
    {"ERR unsupported command", false, false, NO_REPLICATION},
};

static const struct refusal *find(rf_slice text)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        size_t length = strlen(refusals[i].begins);
        if (text.len >= length && strncasecmp((const char *)text.ptr, refusals[i].begins, length) == 0)
            return &refusals[i];
    }
    return NULL;
}

bool refusal_is_general(rf_slice text)
{
    const struct refusal *found = find(text);
    return found && found->general;
}

rf_code refusal_fail(const char *name, const char *command, rf_slice text, rf_error *error)
{
    char shown[128];
    const struct refusal *found = find(text);
    reply_text((struct reply){.text = text}, shown, sizeof shown);
    return fail(error, found && found->passes ? RF_E_UNAVAILABLE : RF_E_TARGET, "%s: %s: %s", name, command,
                shown);
}

/* Any command can be refused, when a server is identified, too. */
static void add_advice(rf_error *error)
{
    size_t length = strlen(error->message);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (!refusals[i].advice || !strcasestr(error->message, refusals[i].begins))
            continue;
        snprintf(error->message + length, sizeof error->message - length, "; %s", refusals[i].advice);
        return;
    }
}

rf_code refusal_blame(const char *input, rf_code code, rf_error *error)
{
    if (!rf_code_is_input(code) && !rf_code_is_target(code))
        return code;
    char *message = error->message;
    size_t length = strcspn(message, " ");
    if (length > 1 && message[length] == ' ' && message[length - 1] == ':' &&
        memmem(input, strlen(input), message, length - 1))
        memmove(message, message + length + 1, strlen(message + length + 1) + 1);
    if (rf_code_is_target(code))
        add_advice(error);
    if (code == RF_E_TARGET)
        error->code = RF_E_READ;
    return error->code;
}
