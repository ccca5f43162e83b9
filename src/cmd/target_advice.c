/* SPDX-License-Identifier: MIT */
/* Told by how servers begin their refusals. */
#include "target_advice.h"
#include "message.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define CREDENTIALS                                                                                \
    "in the URL (redis://USER:PASSWORD@HOST, what is special in them as %XX), or with --user and " \
    "$REDISCLI_AUTH"

#define SENTINELS "say theirs with --sentinel-user and $RDBFERRY_SENTINEL_AUTH"

static const struct {
    const char *who; /* how the message begins; NULL: no matter how */
    const char *said, *advice;
} known[] = {
    {"Sentinel ", "NOAUTH", "the Sentinels want a password: " SENTINELS},
    {"Sentinel ", "WRONGPASS", "the Sentinels know no such user, or another password: " SENTINELS},
    {"Sentinel ", "invalid password", "the Sentinels have another password: " SENTINELS},
    {NULL, "NOAUTH", "the target wants a password: say it " CREDENTIALS},
    {NULL, "WRONGPASS", "the target knows no such user, or another password: say them " CREDENTIALS},
    {NULL, "invalid password", "the target has another password: say it " CREDENTIALS},
    {NULL, "NOPERM",
     "the user lacks a right: rdbferry(1) lists the commands that are needed, for ACL SETUSER"},
};

static bool is_by(const rf_error *error, const char *who)
{
    return !who || strncmp(error->message, who, strlen(who)) == 0;
}

void target_failure(const rf_error *error)
{
    message_failure(error);
    if (error->code != RF_E_TARGET)
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (is_by(error, known[i].who) && strstr(error->message, known[i].said)) {
            message_error("%s", known[i].advice);
            return;
        }
    }
}
