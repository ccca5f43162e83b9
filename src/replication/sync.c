/* SPDX-License-Identifier: MIT */
/* Parses the reply to PSYNC, the framing of the RDB and the stream. */
#include "replication/sync.h"
#include "base/bytes.h"
#include "base/number.h"
#include <ctype.h>

/* --- lines -------------------------------------------------------------------------------------------- */

enum line { LINE_INCOMPLETE, LINE_COMPLETE, LINE_TOO_LONG };

/* Moves the next line that is not empty to `sync->line`, without its end. */
static enum line next_line(struct sync *sync, rf_slice *in)
{
    while (in->len > 0) {
        char c = (char)*in->ptr;
        in->ptr++;
        in->len--;
        if (c == '\n' && sync->length > 0 && sync->line[sync->length - 1] == '\r')
            sync->length--;
        if (c == '\n' && sync->length > 0)
            break;
        if (c == '\n')
            continue;
        if (sync->length == sizeof sync->line - 1)
            return LINE_TOO_LONG;
        sync->line[sync->length++] = c;
        if (in->len == 0)
            return LINE_INCOMPLETE;
    }
    sync->line[sync->length] = '\0';
    return sync->length > 0 ? LINE_COMPLETE : LINE_INCOMPLETE;
}

/* The text after a word and a space; false: the line begins with another word. */
static bool word(rf_slice line, rf_slice name, rf_slice *rest)
{
    if (line.len < name.len || memcmp(line.ptr, name.ptr, name.len) != 0)
        return false;
    *rest = slice_of(line.ptr + name.len, line.len - name.len);
    if (rest->len > 0 && *rest->ptr != ' ')
        return false;
    while (rest->len > 0 && *rest->ptr == ' ')
        *rest = slice_of(rest->ptr + 1, rest->len - 1);
    return true;
}

/* Removes the id from the start of the text; false: there is none. */
static bool parse_id(rf_slice *text, char id[SYNC_ID + 1])
{
    if (text->len < SYNC_ID)
        return false;
    for (size_t i = 0; i < SYNC_ID; i++)
        if (!isxdigit(text->ptr[i]))
            return false;
    memcpy(id, text->ptr, SYNC_ID);
    id[SYNC_ID] = '\0';
    *text = slice_of(text->ptr + SYNC_ID, text->len - SYNC_ID);
    return true;
}

static enum sync_event on_full(struct sync *sync, rf_slice rest)
{
    bool valid = parse_id(&rest, sync->id) && rest.len > 1 && *rest.ptr == ' ' &&
                 number_parse_u64(slice_of(rest.ptr + 1, rest.len - 1), &sync->offset);
    sync->state = SYNC_AT_RDB;
    return valid ? SYNC_FULL : SYNC_INVALID;
}

static enum sync_event on_continue(struct sync *sync, rf_slice rest)
{
    sync->id[0] = '\0';
    sync->state = SYNC_IN_STREAM;
    return rest.len == 0 || (parse_id(&rest, sync->id) && rest.len == 0) ? SYNC_CONTINUE : SYNC_INVALID;
}

static enum sync_event on_rdb(struct sync *sync, rf_slice text)
{
    sync->state = SYNC_IN_RDB;
    return rdb_frame_open(&sync->frame, text) ? SYNC_BEGIN : SYNC_INVALID;
}

static enum sync_event on_line(struct sync *sync, rf_slice line)
{
    rf_slice rest, text = slice_of(line.ptr + 1, line.len - 1);
    if (*line.ptr == '$')
        return on_rdb(sync, text);
    if (*line.ptr == '-') {
        memmove(sync->line, sync->line + 1, line.len); /* with the NUL */
        return SYNC_REFUSED;
    }
    if (sync->state == SYNC_AT_STATUS && word(line, SLICE("+FULLRESYNC"), &rest))
        return on_full(sync, rest);
    if (sync->state == SYNC_AT_STATUS && word(line, SLICE("+CONTINUE"), &rest))
        return on_continue(sync, rest);
    return SYNC_INVALID;
}

/* --- events ------------------------------------------------------------------------------------------- */

static enum sync_event next_in_rdb(struct sync *sync, rf_slice *in, rf_slice *piece)
{
    *piece = rdb_frame_next(&sync->frame, in);
    if (piece->len > 0)
        return SYNC_RDB;
    if (!sync->frame.ended)
        return SYNC_MORE;
    sync->state = SYNC_IN_STREAM;
    return SYNC_END;
}

static enum sync_event next_in_stream(rf_slice *in, rf_slice *piece)
{
    *piece = *in;
    *in = (rf_slice){in->ptr + in->len, 0};
    return piece->len > 0 ? SYNC_STREAM : SYNC_MORE;
}

enum sync_event sync_next(struct sync *sync, rf_slice *in, rf_slice *piece)
{
    *piece = (rf_slice){0};
    if (sync->state == SYNC_IN_STREAM)
        return next_in_stream(in, piece);
    if (sync->state == SYNC_IN_RDB)
        return next_in_rdb(sync, in, piece);
    switch (next_line(sync, in)) {
    case LINE_INCOMPLETE: return SYNC_MORE;
    case LINE_TOO_LONG: sync->line[sync->length] = '\0'; return SYNC_INVALID;
    case LINE_COMPLETE: break;
    }
    rf_slice line = slice_of(sync->line, sync->length);
    sync->length = 0;
    return on_line(sync, line);
}
