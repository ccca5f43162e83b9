/* SPDX-License-Identifier: MIT */
/* The members of one value, to tell whether one occurs twice: an open-addressing set of hashes, 112 bits of
 * them. The rest of a place says which value it was filled for, so that nothing has to be cleared between
 * values. */
#ifndef CHECK_MEMBERS_H
#define CHECK_MEMBERS_H

#include <rdbferry/digest.h>
#include <stddef.h>
#include <stdint.h>

enum { MEMBERS_USUAL = 1024 };

struct member_place {
    uint64_t low, high_and_turn; /* the turn in the low 16 bits */
};

/* A zeroed one is ready for a first members_begin(). */
struct members {
    struct member_place usual[MEMBERS_USUAL];
    struct member_place *large; /* for a value with more; NULL: not needed yet */
    size_t large_cap;
    struct member_place *places; /* usual or large: those in use */
    size_t count, cap;           /* cap: a power of two */
    uint16_t turn;               /* which value it is; never 0 */
};

enum members_answer { MEMBERS_NEW, MEMBERS_TWICE, MEMBERS_NO_MEMORY };

/* Begins a value. */
void members_begin(struct members *members);

enum members_answer members_add(struct members *members, rf_digest hash);

void members_free(struct members *members);

#endif
