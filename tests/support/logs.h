/* SPDX-License-Identifier: MIT */
/* Logs of many commands, of which most are plain. */
#ifndef TESTS_LOGS_H
#define TESTS_LOGS_H

#include <rdbferry/reader.h>

enum { LOG_LARGE = 700 /* arguments of that length are streamed */ };

/* In three databases; with transactions, and headers that servers do not write. The caller's to free with
 * exact_free(). */
rf_slice log_of_commands(int commands, uint64_t *seed);

/* A reader of a log in memory; of its batches one can be taken. */
rf_reader *log_open(rf_slice log, size_t block_size, bool resume);

#endif
