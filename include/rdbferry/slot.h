/* SPDX-License-Identifier: MIT */
/* Cluster slots: CRC-16/XMODEM of a key's hash tag, or of the whole key, modulo 16384. A tag is the text
 * between the first '{' and the first '}' after it, if it is not empty. */
#ifndef RDBFERRY_SLOT_H
#define RDBFERRY_SLOT_H

#include <rdbferry/api.h>
#include <rdbferry/slice.h>

enum { RF_SLOTS = 16384 };

/* The number of databases of a cluster, unless it is configured otherwise, as Valkey can be from 9.0 on. */
enum { RF_CLUSTER_DATABASES = 1 };

/* The key's tag, a part of the key; ptr is NULL if there is none. */
RF_API rf_slice rf_hash_tag(rf_slice key);

RF_API unsigned rf_slot_of(rf_slice key);

/* That of keys with this tag. */
RF_API unsigned rf_slot_of_tag(rf_slice tag);

/* Both: *tag receives the result of rf_hash_tag(). */
RF_API unsigned rf_slot_and_tag(rf_slice key, rf_slice *tag);

#endif
