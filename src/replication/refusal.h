/* SPDX-License-Identifier: MIT */
/* Why a server refuses to be read as by a replica, and what to do instead. */
#ifndef REPLICATION_REFUSAL_H
#define REPLICATION_REFUSAL_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

/* Whether the error concerns every command that could follow: no password, still loading. */
bool refusal_is_general(rf_slice text);

/* "<name>: <command>: <text>". RF_E_UNAVAILABLE for a reason that passes, else RF_E_TARGET. */
rf_code refusal_fail(const char *name, const char *command, rf_slice text, rf_error *error);

/* Turns an error of a server into that of an input: RF_E_TARGET becomes RF_E_READ, the server's name at the
 * start of the message is removed if it is part of the input's, and what to do instead is added. Returns the
 * code. */
rf_code refusal_blame(const char *input, rf_code code, rf_error *error);

#endif
