/* SPDX-License-Identifier: MIT */
/* For cursor.c: inputs that are streams. */
#ifndef CMD_RUN_CURSOR_STREAMS_H
#define CMD_RUN_CURSOR_STREAMS_H

#include "cmd/run/cursor.h"

/* Notes the database that is selected where the stream of the current input begins, if that is what the AUX
 * field says: the server is itself a replica. */
void cursor_note_stream_db(struct cursor *cursor, const rf_entry *aux);

/* Reads the next command of the current stream, or of another one whose turn it is, into cursor->entry, if
 * *there is one now. */
rf_code cursor_poll_streams(struct cursor *cursor, bool *there, rf_error *error);

#endif
