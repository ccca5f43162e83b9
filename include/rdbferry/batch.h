/* SPDX-License-Identifier: MIT */
/* A batch: consecutive keys of an input, or consecutive commands, taken from its reader undecoded, to be
 * decoded on another thread.
 *
 *     while (rf_reader_take(reader, batch, &taken, &error) == RF_OK && taken)
 *         hand `batch` to a thread, which calls rf_batch_next(batch, &entry, &error) up to RF_END
 *
 * The thread may read a batch, or a part of it, again: from its mark, which is where it begins at first. */
#ifndef RDBFERRY_BATCH_H
#define RDBFERRY_BATCH_H

#include <rdbferry/reader.h>

typedef struct rf_batch rf_batch;

/* An empty batch. NULL: out of memory. */
RF_API rf_batch *rf_batch_new(void);

/* It must be empty. `batch` may be NULL. */
RF_API void rf_batch_free(rf_batch *batch);

/* Takes the next keys of an RDB that are at hand, about a quarter of a mebibyte, into an empty batch, as long
 * as their frames are intact; or the next commands of an AOF whose effect is on their keys, outside of
 * transactions, with each SELECT between them. Otherwise *taken is false, and rf_reader_next() returns what
 * is next. Only for a reader that was opened for this many batches that are not empty at the same time. After
 * an error the reader has ended, as after one of rf_reader_next(). */
RF_API rf_code rf_reader_take(rf_reader *reader, rf_batch *batch, bool *taken, rf_error *error);

/* The next entry of a batch, which is a key or a command, or RF_END. It and its value are those that
 * rf_reader_next() would have returned, and valid until the next call. The reader must not be used to read
 * entries meanwhile, but other batches may be taken from it. */
RF_API rf_code rf_batch_next(rf_batch *batch, rf_entry *entry, rf_error *error);

/* What receives the notices about its entries; none until this is called. */
RF_API void rf_batch_notify(rf_batch *batch, rf_notify notify);

/* Sets the mark after the entry that was returned last, which ends; goes back to the mark, also after an
 * error. */
RF_API void rf_batch_mark(rf_batch *batch);
RF_API void rf_batch_restart(rf_batch *batch);

/* Whether the mark is at the end; its offset in the decoded stream. */
RF_API bool rf_batch_is_done(const rf_batch *batch);
RF_API uint64_t rf_batch_offset(const rf_batch *batch);

/* Empties the batch. To be called on the thread that reads entries, before the reader is closed. */
RF_API void rf_batch_end(rf_batch *batch);

#endif
