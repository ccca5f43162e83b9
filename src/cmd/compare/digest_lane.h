/* SPDX-License-Identifier: MIT */
/* Digests of all keys of some inputs, on several threads, for a comparison: records come in order. */
#ifndef CMD_COMPARE_DIGEST_LANE_H
#define CMD_COMPARE_DIGEST_LANE_H

#include "cmd/run/cursor.h"
#include <rdbferry/compare.h>
#include <rdbferry/digest.h>

/* What is done with the digests. Fields of hashes that had expired when the session began are left out, and
 * so are keys with no others. */
struct digest_work {
    unsigned kinds; /* a combination of rf_digest_kind */
    struct session *session;
    /* A key. It may set session->bytes_of. */
    rf_code (*on_key)(void *ctx, const rf_key_record *record, rf_error *error);
    /* An entry that is no key. */
    rf_code (*on_other)(void *ctx, size_t input, const rf_entry *entry, rf_error *error);
    void *ctx;
    rf_digester *digester; /* private: of keys that are in no lane */
};

/* Calls them for all entries of the cursor. Returns what ended it, for cursor_close(). */
rf_code digest_work_run(struct digest_work *work, struct cursor *cursor, rf_error *error);

#endif
