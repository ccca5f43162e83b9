/* SPDX-License-Identifier: MIT */
/* Finds the end of an RDB. A mark may be split over several reads: what could be its beginning is held back,
 * which needs no copy, as those bytes are the mark's own. */
#include "io/rdb_frame.h"
#include "base/bytes.h"
#include "base/number.h"

bool rdb_frame_open(struct rdb_frame *frame, rf_slice text)
{
    const rf_slice eof = SLICE("EOF:");
    *frame = (struct rdb_frame){.marked = text.len == eof.len + RDB_FRAME_MARK &&
                                          memcmp(text.ptr, eof.ptr, eof.len) == 0};
    if (frame->marked) {
        memcpy(frame->mark, text.ptr + eof.len, RDB_FRAME_MARK);
        return true;
    }
    bool valid = number_parse_u64(text, &frame->left);
    frame->ended = frame->left == 0;
    return valid;
}

static rf_slice take(rf_slice *in, size_t n)
{
    rf_slice taken = {in->ptr, n};
    in->ptr += n;
    in->len -= n;
    return taken;
}

static rf_slice counted_next(struct rdb_frame *frame, rf_slice *in)
{
    rf_slice taken = take(in, in->len < frame->left ? in->len : (size_t)frame->left);
    frame->left -= taken.len;
    frame->ended = frame->left == 0;
    return taken;
}

/* The bytes that are held back continue as the mark does, or some of them are part of the RDB: all but the
 * longest end that is again a beginning of the mark. */
static rf_slice resume_mark(struct rdb_frame *frame, rf_slice *in)
{
    size_t wanted = RDB_FRAME_MARK - frame->matched, n = in->len < wanted ? in->len : wanted;
    if (memcmp(in->ptr, frame->mark + frame->matched, n) == 0) {
        take(in, n);
        frame->matched += n;
        frame->ended = frame->matched == RDB_FRAME_MARK;
        return (rf_slice){0};
    }
    size_t held = frame->matched--;
    while (memcmp(frame->mark, frame->mark + held - frame->matched, frame->matched) != 0)
        frame->matched--;
    return (rf_slice){frame->mark, held - frame->matched};
}

static rf_slice search_mark(struct rdb_frame *frame, rf_slice *in)
{
    const uint8_t *mark = memmem(in->ptr, in->len, frame->mark, RDB_FRAME_MARK);
    size_t n = mark ? RDB_FRAME_MARK : in->len < RDB_FRAME_MARK ? in->len : RDB_FRAME_MARK - 1;
    while (!mark && memcmp(in->ptr + in->len - n, frame->mark, n) != 0)
        n--;
    rf_slice taken = take(in, mark ? (size_t)(mark - in->ptr) : in->len - n);
    take(in, n);
    frame->matched = n;
    frame->ended = mark != NULL;
    return taken;
}

rf_slice rdb_frame_next(struct rdb_frame *frame, rf_slice *in)
{
    rf_slice piece = {0};
    while (piece.len == 0 && in->len > 0 && !frame->ended)
        piece = !frame->marked       ? counted_next(frame, in)
                : frame->matched > 0 ? resume_mark(frame, in)
                                     : search_mark(frame, in);
    return piece;
}
