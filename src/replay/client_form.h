/* SPDX-License-Identifier: MIT */
/* What a server writes to its log is not always what a client may send, or should: see client_form.c. */
#ifndef REPLAY_CLIENT_FORM_H
#define REPLAY_CLIENT_FORM_H

#include "base/buffer.h"
#include <rdbferry/entry.h>
#include <stdbool.h>

/* Makes `out` the command that a client sends in place of `command`; its arguments are in `arguments`, or
 * those of the command. *dropped: none is sent. Returns false if out of memory. */
bool client_form(const rf_entry *command, struct buffer *arguments, rf_entry *out, bool *dropped);

#endif
