/* SPDX-License-Identifier: MIT */
/* Errors that reject a command as such, whatever its arguments: the server lacks it, a proxy does not forward
 * it, or the user may not run it. */
#ifndef NET_REFUSAL_H
#define NET_REFUSAL_H

#include "net/reply.h"

bool reply_refuses_command(struct reply reply);

#endif
