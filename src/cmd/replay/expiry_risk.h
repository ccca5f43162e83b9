/* SPDX-License-Identifier: MIT */
/* Keys of a log that the target would delete between its commands, because their expiry passes. */
#ifndef CMD_REPLAY_EXPIRY_RISK_H
#define CMD_REPLAY_EXPIRY_RISK_H

#include <rdbferry/passed_expiries.h>

/* NULL if out of memory. */
rf_passed_expiries *expiry_risk_new(void);

enum { EXPIRY_RISK_TEXT = 384 };

/* What is wrong, and what helps; "": no key is at risk. Returns `out`. */
const char *expiry_risk_text(const rf_passed_expiries *passed, char out[EXPIRY_RISK_TEXT]);

#endif
