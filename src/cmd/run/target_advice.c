/* SPDX-License-Identifier: MIT */
/* Chooses the advice by the prefix of the server's error. */
#include "cmd/run/target_advice.h"
#include "cmd/term/message.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define CREDENTIALS                                                                           \
    "in the URL (redis://USER:PASSWORD@HOST, special characters as %XX), or with --user and " \
    "$REDISCLI_AUTH"

#define SENTINELS "pass their credentials with --sentinel-user and $RDBFERRY_SENTINEL_AUTH"

static const struct {
    const char *who; /* how the message begins; NULL: any */
    const char *error_text, *advice;
} known[] = {
    {"Sentinel ", "NOAUTH", "the Sentinels require a password: " SENTINELS},
    {"Sentinel ", "WRONGPASS", "wrong user name or password for the Sentinels: " SENTINELS},
    {"Sentinel ", "invalid password", "wrong password for the Sentinels: " SENTINELS},
    {NULL, "NOAUTH", "the target requires a password: pass it " CREDENTIALS},
    {NULL, "WRONGPASS", "wrong user name or password: pass them " CREDENTIALS},
    {NULL, "invalid password", "wrong password: pass it " CREDENTIALS},
    {NULL, "client certificate rejected", "pass a certificate that the target trusts with --cert and --key"},
    {NULL, "NOPERM", "the user lacks permissions: rdbferry(1) lists the commands to allow with ACL SETUSER"},
};

static bool is_by(const rf_error *error, const char *who)
{
    return !who || strncmp(error->message, who, strlen(who)) == 0;
}

void target_failure(const rf_error *error)
{
    message_failure(error);
    if (!rf_code_is_target(error->code))
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (is_by(error, known[i].who) && strstr(error->message, known[i].error_text)) {
            message_error("%s", known[i].advice);
            return;
        }
    }
}
