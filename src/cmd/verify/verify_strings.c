/* SPDX-License-Identifier: MIT */
/* Keys with plain strings, which every server reads, are digested together unless each of them has to be
 * compared or renamed. */
#include "base/fail.h"
#include "cmd/run/string_entry.h"
#include "cmd/verify/verify.h"

/* So that what is known of them fits into the fastest cache. */
enum { STRINGS_MOST = 128 };

static bool takes_strings(const struct verification *v, const struct verify_keys *keys,
                          const struct cursor *cursor)
{
    return keys->publishes && !v->owners && !v->against.compare && !v->against.live && cursor->input &&
           cursor_accepts_all(cursor);
}

rf_code verify_put_strings(const struct verification *v, struct verify_keys *keys, struct cursor *cursor,
                           size_t most, size_t *count, rf_error *error)
{
    rf_string read[STRINGS_MOST];
    rf_strings strings = {0};
    bool accepted;
    if (takes_strings(v, keys, cursor))
        cursor_next_strings(cursor, read, most < STRINGS_MOST ? most : STRINGS_MOST, &strings);
    *count = strings.count;
    if (*count == 0)
        return RF_OK;
    rf_entry first = string_entry(&strings, strings.keys);
    TRY(cursor_accept_key(cursor, &first, &accepted, error));
    if (*count > 1)
        cursor_accept_strings(cursor, strings.keys + 1, *count - 1);
    const rf_strings_digest digest = rf_digest_strings(&strings);
    key_sums_add_strings(&keys->sums, &strings, &digest);
    return RF_OK;
}
