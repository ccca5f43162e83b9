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
             " key%s passes before commands that use %s%s: the target would delete %s in between; use "
             "--server to evaluate the log",
             keys.count, text_plural(keys.count), them, example, them);
    return out;
}
