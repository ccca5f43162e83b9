/* SPDX-License-Identifier: MIT */
/* FLUSHALL or FLUSHDB in the stream of one of several primaries of a cluster: it has emptied the slots of
 * that primary, so the keys of these slots are deleted from the target, in the databases that the source has.
 * That is the same only if all of them are the source's and have the names that they have there. */
#ifndef CMD_REPLAY_STREAM_FLUSH_H
#define CMD_REPLAY_STREAM_FLUSH_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stdint.h>

struct replay;

/* No key is left out or renamed, and the target was empty in the beginning. */
bool stream_flush_is_exact(const struct replay *replay);

/* An rf_replay_options.flush_stream whose ctx is a struct replay. */
rf_code stream_flush(void *replay, uint32_t input, int64_t db, rf_error *error);

#endif
