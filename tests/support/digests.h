/* SPDX-License-Identifier: MIT */
/* Digests as rdbferry/digest.h defines them, by plain hashes over bytes put side by side; and what a digester
 * makes of whole inputs. */
#ifndef TESTS_DIGESTS_H
#define TESTS_DIGESTS_H

#include "support/collections.h"
#include "support/one_value.h"
#include <rdbferry/digest.h>

typedef unsigned __int128 wide; /* a digest as a number */

static inline wide wide_of(rf_digest digest)
{
    return (wide)digest.high << 64 | digest.low;
}

/* The hash of what has been put, which is freed. */
wide hash_of(struct build *b);
wide hash_text(const char *text);

/* str(s) and dig(d) of the definition; u64(n) is put_le64(). */
void hash_put_str(struct build *b, const char *text);
void hash_put_digest(struct build *b, wide digest);

/* The value's digest, by definition. */
wide expected_collection(rf_type type, const struct element *elements, size_t count);

/* What a digester finds in the value. Fails the test where it does not like it. */
rf_key_digest digest_value(const struct one_value *value);

/* The same of a key "k" in database 0, the first one behind `before`, of a file that has an end. */
rf_key_digest digest_form(const struct form *form, const struct element *elements, size_t count);

enum { COMPARE_ALL = true };

/* The digest of a whole input, read block by block: the sum of its keys and libraries. */
rf_code digest_input(rf_slice input, size_t block_size, bool unique, wide *sum, rf_error *error);

/* Expects the error of the first key of a file. */
rf_code digest_first(rf_slice input, bool unique, rf_key_digest *out, rf_error *error);

#endif
