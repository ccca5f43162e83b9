/* SPDX-License-Identifier: MIT */
/* Keys with plain strings, taken together. */
#include "cmd/run/cursor_accept.h"

static bool can_take(const struct cursor *cursor)
{
    const struct session *session = cursor->session;
    return cursor->input && !cursor->input->is_stream && !cursor->input->is_live && !cursor->rescan &&
           session->unfiltered && !session->joined && session->log.repair.count == 0 &&
           !cursor_is_within_command(cursor);
}

/* Of the input's database; a user is told of unusual ones. */
static void read_strings(struct cursor *cursor, int64_t dbs, struct cursor_strings *out)
{
    rf_reader *reader = cursor->input->reader;
    rf_reader_next_strings(reader, out->keys, CURSOR_STRINGS, &out->strings);
    if (out->strings.count == 0)
        return;
    if (out->strings.db < dbs && out->strings.db < CURSOR_USUAL_DATABASES)
        return;
    rf_reader_back_to_string(reader, out->keys);
    out->strings.count = 0;
}

static rf_code count(struct session *session, const rf_strings *strings, rf_error *error)
{
    const rf_string *first = strings->keys, *last = first + strings->count - 1;
    cursor_enter_record(session, first->offset);
    session->last_offset = last->offset;
    session->key.ambiguous = session->key.rewritten = false;
    session->key.accepted = true;
    progress_add(&session->progress.keys, strings->count);
    atomic_store_explicit(&session->progress.offset, last->offset, memory_order_relaxed);
    return stats_add_strings(&session->stats, strings, strings->db)
               ? RF_OK
               : fail(error, RF_E_MEMORY, "out of memory");
}

rf_code cursor_next_strings(struct cursor *cursor, int64_t dbs, struct cursor_strings *out, rf_error *error)
{
    out->strings.count = 0;
    if (dbs == 0 || !can_take(cursor))
        return RF_OK;
    read_strings(cursor, dbs, out);
    return out->strings.count > 0 ? count(cursor->session, &out->strings, error) : RF_OK;
}
