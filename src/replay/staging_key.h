/* SPDX-License-Identifier: MIT */
/* The staging key of a key: in the same slot, and with the same prefix, so that a user whose permissions
 * depend on a prefix may write it: "key:rdbferry:<run>:xyz". Other runs have other staging keys. */
#ifndef REPLAY_STAGING_KEY_H
#define REPLAY_STAGING_KEY_H

#include "base/buffer.h"

/* Clears and fills `out`. Returns false if out of memory. */
bool staging_key_make(rf_slice key, const char *run, struct buffer *out);

/* Removes what makes this run's staging keys from a server's error, which then names the keys themselves. */
void staging_key_hide(char *text, const char *run);

#endif
