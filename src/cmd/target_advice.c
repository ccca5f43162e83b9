/* SPDX-License-Identifier: MIT */
/* Told by how servers begin their refusals. */
#include "target_advice.h"
#include "message.h"
#include <stddef.h>
#include <string.h>

#define CREDENTIALS                                                                                \
    "in the URL (redis://USER:PASSWORD@HOST, what is special in them as %XX), or with --user and " \
    "$REDISCLI_AUTH"

static const struct {
    const char *said, *advice;
} known[] = {
    {"NOAUTH", "the target wants a password: say it " CREDENTIALS},
    {"WRONGPASS", "the target knows no such user, or another password: say them " CREDENTIALS},
    {"invalid password", "the target has another password: say it " CREDENTIALS},
    {"NOPERM", "the user lacks a right: rdbferry(1) lists the commands that are needed, for ACL SETUSER"},
};

void target_failure(const rf_error *error)
{
    message_failure(error);
    if (error->code != RF_E_TARGET)
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strstr(error->message, known[i].said)) {
            message_error("%s", known[i].advice);
            return;
        }
    }
}
