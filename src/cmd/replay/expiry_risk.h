/* SPDX-License-Identifier: MIT */
/* Keys of a log that the target would delete between its commands, because their expiry passes. */
#ifndef CMD_REPLAY_EXPIRY_RISK_H
#define CMD_REPLAY_EXPIRY_RISK_H

#include "cmd/replay/replay_options.h"
#include <rdbferry/abilities.h>
#include <rdbferry/passed_expiries.h>

/* NULL if out of memory. */
rf_passed_expiries *expiry_risk_new(void);

/* Whether a run from the start can shift expiries, so that the target deletes no key meanwhile. */
bool expiry_risk_can_shift(const rf_passed_expiries *passed, const struct replay_options *options,
                           const rf_abilities *target);

enum { EXPIRY_RISK_TEXT = 384 };

/* What is wrong; "": no key is at risk. Returns `out`. */
const char *expiry_risk_text(const rf_passed_expiries *passed, char out[EXPIRY_RISK_TEXT]);

#endif
