/* SPDX-License-Identifier: MIT */
/* How a replay looks for keys at risk, and describes them. */
#include "cmd/replay/expiry_risk.h"
#include "base/clock.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>

/* What expires this soon may do so before the end of the run. */
enum { RUN_MS = 10 * 60 * 1000 };

rf_passed_expiries *expiry_risk_new(void)
{
    const int64_t now = clock_unix_us() / 1000; /* that of a session may be from an earlier run */
    return rf_passed_expiries_new(now, now + RUN_MS);
}

/* Only in a target that was empty is every expiry one of the inputs; dead letters would be shifted, too. */
bool expiry_risk_can_shift(const rf_passed_expiries *passed, const struct replay_options *options,
                           const rf_abilities *target)
{
    static const rf_server has_expire_time = {RF_REDIS, 7, 0};
    const rf_keys_at_risk keys = rf_passed_expiries_get(passed);
    return !keys.of_elements && !keys.distant && options->on_exists == RF_ON_EXISTS_FAIL &&
           !options->dead_letter && !target->assumed && rf_server_at_least(target->server, has_expire_time);
}

const char *expiry_risk_text(const rf_passed_expiries *passed, char out[EXPIRY_RISK_TEXT])
{
    const rf_keys_at_risk keys = rf_passed_expiries_get(passed);
    const char *them = keys.count == 1 ? "it" : "them";
    char example[192] = "";
    *out = '\0';
    if (keys.count == 0)
        return out;
    if (*keys.key)
        snprintf(example, sizeof example, ", such as '%s' (db %" PRId64 ") at offset 0x%" PRIx64, keys.key,
                 keys.db, keys.offset);
    snprintf(out, EXPIRY_RISK_TEXT,
             "the expiry of %" PRIu64
             " key%s passes before commands that use %s%s: the target would delete %s in between",
             keys.count, text_plural(keys.count), them, example, them);
    return out;
}
