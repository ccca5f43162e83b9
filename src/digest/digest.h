/* SPDX-License-Identifier: MIT */
/* What a batch needs of a digester beyond rdbferry/digest.h. */
#ifndef DIGEST_DIGEST_H
#define DIGEST_DIGEST_H

#include <rdbferry/digest.h>

struct dup_set;

/* A table of members for the values of a digester's keys: reused from value to value, and freed with the
 * digester. */
struct dup_set **digester_dup_set(rf_digester *digester);

#endif
