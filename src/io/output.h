/* SPDX-License-Identifier: MIT */
/* An output: bytes on their way to a file or stdout.
 *
 * Encoders fill blocks through the embedded outbuf; a writer thread takes them, adds up CRC-64 (of what was
 * put in) and XXH3 (of what lands on disk) if asked to, compresses and writes. A file is written under a
 * temporary name beside its own (O_EXCL, 0600) and gets its name in output_commit(); or under its own name in
 * a temporary directory. */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include "base/outbuf.h"
#include <rdbferry/sink.h>

struct output_group;
struct tempdir;

struct output {
    struct outbuf buf; /* what encoders write to; buf.code tells that the writer has failed */
    /* the rest is private to output.c */
    struct output_state *state;
};

struct output_options {
    rf_compression compress;
    bool force;                 /* the final name may be taken */
    bool unsafe;                /* also by what a running server has open */
    bool crc;                   /* add up CRC-64 of what is put in */
    bool hash;                  /* and XXH3 of what lands on disk */
    struct output_group *group; /* that it shares threads with, and that outlives it; NULL: one of its own */
    struct tempdir *within; /* NULL: none. Else the path is that of a file in it, where nothing may be yet;
                               the directory's commit is what syncs it and gives it its mode */
};

/* `path` "-": stdout. RF_E_EXISTS if the final name is taken and `force` is not set; and, but
 * with `unsafe`, if a running server has what is there open or, of an RDB, would replace it. *out stays
 * untouched after an error. */
rf_code output_open(const char *path, const struct output_options *options, struct output *out,
                    rf_error *error);

/* How many bytes have been put in. */
uint64_t output_offset(const struct output *out);

/* Whether output_patch() works: what was put in goes to a regular file as it is. */
bool output_can_patch(const struct output *out);

/* Overwrites bytes that were put in. Waits for the writer. The checksum that output_crc() tells is that of
 * the bytes as they were put in; XXH3 is that of the file. */
rf_code output_patch(struct output *out, uint64_t offset, rf_slice bytes, rf_error *error);

/* Why the writer failed, once buf.code is set. Waits for nothing. */
rf_code output_failure(struct output *out, rf_error *error);

/* The CRC-64 of everything put in so far. Waits for the writer. */
rf_code output_crc(struct output *out, uint64_t *crc, rf_error *error);

/* Everything is on disk and, but for a file in a temporary directory, synced, still under its temporary name.
 */
rf_code output_finish(struct output *out, rf_error *error);

/* The file gets its mode and its name (a rename; without `force` a name taken meanwhile is
 * RF_E_EXISTS), and its directory is synced. Of a file in a temporary directory only that it is still there
 * is seen to. After output_finish(). */
rf_code output_commit(struct output *out, rf_error *error);

/* After output_finish(). The path is the one that the file has, or is to have in the end. */
void output_info(const struct output *out, rf_output_info *info);

/* Frees; an output that was not committed leaves nothing behind. A zeroed output is let through. */
void output_close(struct output *out);

#endif
