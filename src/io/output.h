/* SPDX-License-Identifier: MIT */
/* An output: bytes to be written to a file or stdout.
 *
 * Encoders fill blocks through the embedded outbuf; a writer thread takes them, optionally computes CRC-64
 * (of the bytes put in) and XXH3 (of the bytes on disk), compresses and writes. A file is written under a
 * temporary name in the same directory (O_EXCL, 0600) and renamed in output_commit(); or under its own name
 * in a temporary directory. */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include "base/outbuf.h"
#include <rdbferry/sink.h>

struct output_group;
struct tempdir;

struct output {
    struct outbuf buf; /* for encoders; buf.code is set if the writer has failed */
    /* the rest is private to output.c */
    struct output_state *state;
};

struct output_options {
    rf_compression compress;
    bool in_envelope;           /* of Valkey (vcs.h), around an RDB; `compress` is lz4 or zstd */
    bool force;                 /* replace an existing file */
    bool unsafe;                /* even one that a running server has open */
    bool crc;                   /* compute CRC-64 of the bytes put in */
    bool hash;                  /* compute XXH3 of the bytes on disk */
    struct output_group *group; /* to share threads with; must outlive the output; NULL: one of its own */
    struct tempdir *within;     /* NULL: none. Else the path is that of a new file in this directory, whose
                                   commit syncs the file and sets its mode */
};

/* `path` "-": stdout. RF_E_EXISTS if the file exists and `force` is not set; and, unless `unsafe`, if a
 * running server has it open or, for an RDB, would replace it. *out is unchanged after an error. */
rf_code output_open(const char *path, const struct output_options *options, struct output *out,
                    rf_error *error);

/* The number of bytes put in. */
uint64_t output_offset(const struct output *out);

/* Whether output_patch() is possible: the bytes are written uncompressed to a regular file. */
bool output_can_patch(const struct output *out);

/* Overwrites bytes that were put in. Waits for the writer. output_crc() remains that of the bytes as they
 * were put in; XXH3 is that of the file. */
rf_code output_patch(struct output *out, uint64_t offset, rf_slice bytes, rf_error *error);

/* The writer's error, once buf.code is set. Does not wait. */
rf_code output_failure(struct output *out, rf_error *error);

/* The CRC-64 of everything put in so far. Waits for the writer. */
rf_code output_crc(struct output *out, uint64_t *crc, rf_error *error);

/* Writes everything to disk and, except in a temporary directory, syncs it; the file keeps its temporary
 * name. */
rf_code output_finish(struct output *out, rf_error *error);

/* Sets the mode of the file and renames it (without `force`, RF_E_EXISTS if the name has been taken in the
 * meantime), and syncs its directory. In a temporary directory, only checks that the file still exists. To be
 * called after output_finish(). */
rf_code output_commit(struct output *out, rf_error *error);

/* To be called after output_finish(). The path is the final one. */
void output_info(const struct output *out, rf_output_info *info);

/* Frees the output; removes its file unless it was committed. A zeroed output may be passed. */
void output_close(struct output *out);

#endif
