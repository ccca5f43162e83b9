/* SPDX-License-Identifier: MIT */
#include "support/rewrites.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

rf_rewrite *rewrite_of(const char *rules)
{
    rf_error error;
    rf_rewrite *rewrite = rf_rewrite_new();
    cr_assert(rewrite);
    rf_slice text = exact_copy(rules, strlen(rules));
    cr_assert_eq(rf_rewrite_rules(rewrite, text, "rules", &error), RF_OK, "%s: %s", rules, error.message);
    exact_free(text);
    return rewrite;
}

struct location rewritten(rf_rewrite *rewrite, int64_t db, rf_slice name, bool *ambiguous)
{
    rf_error error;
    rf_entry entry = {.kind = RF_ENTRY_KEY, .db = db, .key = name, .expire_ms = RF_NO_EXPIRY};
    cr_assert_eq(rf_rewrite_apply(rewrite, &entry, ambiguous, &error), RF_OK, "%s", error.message);
    return (struct location){entry.db, entry.key};
}

uint64_t printed_seed(void)
{
    uint64_t seed = (uint64_t)time(NULL) | 1;
    const char *given = getenv("REWRITE_SEED");
    if (given)
        seed = strtoull(given, NULL, 10);
    fprintf(stderr, "REWRITE_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

char *random_letters(const char *letters, size_t longest, uint64_t *state, char *out)
{
    size_t len = next_random(state) % (longest + 1), count = strlen(letters);
    for (size_t i = 0; i < len; i++)
        out[i] = letters[next_random(state) % count];
    out[len] = '\0';
    return out;
}
