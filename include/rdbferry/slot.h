/* SPDX-License-Identifier: MIT */
/* Cluster slots: CRC-16/XMODEM of a key's hash tag, or of the whole key, modulo 16384. A tag is what lies
 * between the first '{' and the first '}' after it, where that is at least one byte. */
#ifndef RDBFERRY_SLOT_H
#define RDBFERRY_SLOT_H

#include <rdbferry/api.h>
#include <rdbferry/slice.h>

enum { RF_SLOTS = 16384 };

/* The key's tag, which lies in it; ptr is NULL where it has none. */
RF_API rf_slice rf_hash_tag(rf_slice key);

RF_API unsigned rf_slot_of(rf_slice key);

#endif
