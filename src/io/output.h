/* SPDX-License-Identifier: MIT */
/* An output: bytes on their way to a file or stdout.
 *
 * Encoders fill blocks through the embedded outbuf; a writer thread takes them, adds up CRC-64 (of what was
 * put in) and XXH3 (of what lands on disk) if asked to, compresses and writes. A file is written under a
 * temporary name beside its own (O_EXCL, 0600) and gets its name in output_commit(). */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include "base/outbuf.h"
#include <rdbferry/sink.h>

struct output {
    struct outbuf buf; /* what encoders write to; buf.code tells that the writer has failed */
    /* the rest is private to output.c */
    struct output_state *state;
};

struct output_options {
    rf_compression compress;
    bool force; /* the final name may be taken */
    bool crc;   /* add up CRC-64 of what is put in */
    bool hash;  /* and XXH3 of what lands on disk */
};

/* `path` "-": stdout. RF_E_EXISTS if the final name is taken and `force` is not set. *out stays untouched
 * after an error. */
rf_code output_open(const char *path, const struct output_options *options, struct output *out,
                    rf_error *error);

/* Why the writer failed, once buf.code is set. Waits for nothing. */
rf_code output_failure(struct output *out, rf_error *error);

/* The CRC-64 of everything put in so far. Waits for the writer. */
rf_code output_crc(struct output *out, uint64_t *crc, rf_error *error);

/* Everything is on disk and synced, the file still under its temporary name. */
rf_code output_finish(struct output *out, rf_error *error);

/* The file gets its mode and its name (a rename; without `force` a name taken meanwhile is
 * RF_E_EXISTS), and its directory is synced. After output_finish(). */
rf_code output_commit(struct output *out, rf_error *error);

void output_info(const struct output *out, rf_output_info *info);

/* Frees; an output that was not committed leaves nothing behind. A zeroed output is let through. */
void output_close(struct output *out);

#endif
