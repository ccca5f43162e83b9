/* SPDX-License-Identifier: MIT */
/* The streams of live servers, which have no end: they are read in turn. */
#include "cmd/run/cursor_streams.h"
#include "base/bytes.h"
#include "base/number.h"

enum { TURN = 64 /* commands of a stream, before those of another one */ };

void cursor_note_stream_db(struct cursor *cursor, const rf_entry *aux)
{
    int64_t db;
    if (slice_equal(aux->name, SLICE("repl-stream-db")) && number_parse_i64(aux->text, &db) && db >= 0)
        cursor->input->stream->stream_db = db;
}

static size_t next_stream(const struct cursor *cursor)
{
    size_t number = cursor->number;
    if (number + 1 < cursor->end)
        return number + 1;
    while (number > 0 && cursor->session->inputs[number - 1].is_stream)
        number--;
    return number;
}

/* Streams are read in turn, some commands at a time; a transaction is not divided. */
static void turn_to_stream(struct cursor *cursor)
{
    const struct input *stream = cursor->input;
    const bool idle = stream->settled.offset == stream->at.offset;
    size_t next = next_stream(cursor);
    if (next == cursor->number || stream->at.in_transaction || (!idle && ++cursor->turns % TURN != 0))
        return;
    cursor->number = next;
    cursor->next = next + 1;
    cursor->input = &cursor->session->inputs[next];
    cursor->session->notices.input = input_name(cursor->input);
    if (cursor->commands)
        rf_command_rewrite_enter(cursor->commands, (uint32_t)next);
}

rf_code cursor_poll_streams(struct cursor *cursor, bool *there, rf_error *error)
{
    turn_to_stream(cursor);
    return input_poll(cursor->input, &cursor->entry, there, error);
}
