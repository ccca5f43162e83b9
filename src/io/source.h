/* SPDX-License-Identifier: MIT */
/* The internals of a source: a stack of layers.
 *
 *     file | memory  ->  gzip | lz4 | zstd | vcs | capture  ->  ...  ->  source_read()
 *
 * Each layer reads from the one below it. The head of a layer can be examined before it is read, to choose
 * the next layer. */
#ifndef IO_SOURCE_H
#define IO_SOURCE_H

#include <rdbferry/error.h>
#include <rdbferry/source.h>
#include <rdbferry/value.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layer {
    /* Reads at least one byte and at most `cap`; *n is 0 at the end of the input. After an error the
     * layer can only be closed. */
    rf_code (*read)(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error);
    /* Frees the layer, not the one below it. */
    void (*close)(struct layer *layer);
    struct layer *below;
    bool replaces_checksum; /* a checksum of the layer covers the RDB, which has none */

    /* private to source.c: bytes examined and not read yet */
    uint8_t *head;
    size_t head_pos, head_len;
};

/* The bottom: bytes as they are on disk. `layer` is its first member. */
struct origin {
    struct layer layer;
    int64_t size;                  /* -1: a pipe, a device */
    _Atomic uint64_t position;     /* bytes read so far */
    void (*stop)(struct origin *); /* see source_stop(); may be NULL */
    /* See rf_source_identity(); NULL if there is none. */
    rf_code (*identify)(struct origin *, rf_identity *out, rf_error *error);
    /* See source_tail(); NULL if the end is not accessible. */
    bool (*tail)(struct origin *, uint8_t *out, size_t n);
};

enum recognition {
    LAYER_NO,
    LAYER_YES,
    LAYER_NEEDS_MORE,
    LAYER_UNLESS_MORE, /* the same, and LAYER_YES if there are no more bytes */
};

/* A kind of layer. */
struct layer_kind {
    const char *name;
    /* Whether the first n bytes of the layer below require this kind. May ask for more bytes. */
    enum recognition (*recognises)(const uint8_t *head, size_t n);
    /* The head of `below` has been recognised and not been read yet. Sets read, close and private data;
     * returns NULL if out of memory. */
    struct layer *(*open)(struct layer *below);
};

extern const struct layer_kind layer_gzip, layer_lz4, layer_zstd, layer_vcs, layer_capture;

/* The length of the skippable frames of lz4 and zstd at the beginning of the head, whose last one may end
 * after it. */
uint64_t frames_skippable(const uint8_t *head, size_t n);

/* For layers: reads from the one below, starting with the examined bytes. */
rf_code layer_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error);

/* Skips n examined bytes. */
void layer_skip(struct layer *layer, size_t n);

/* The bottoms. They report only their own errors; on error *out is unchanged. */
rf_code origin_open_path(const char *path, struct origin **out, rf_error *error);
rf_code origin_open_fd(int fd, bool owned, struct origin **out, rf_error *error);
rf_code origin_open_memory(rf_slice bytes, struct origin **out, rf_error *error);

/* Reads the first `size` bytes of a regular file, from its beginning and without moving the descriptor, which
 * the caller still owns. */
rf_code origin_open_held(int fd, int64_t size, struct origin **out, rf_error *error);

/* Makes a source from a bottom. Takes ownership of `origin`, also on error. */
rf_code source_over(struct origin *origin, const char *name, rf_source **out, rf_error *error);

/* See origin_open_held(). */
rf_code source_open_held(int fd, int64_t size, const char *name, rf_source **out, rf_error *error);

/* The meaning of an empty input. */
enum emptiness {
    EMPTY_BY_NAME, /* unspecified; derived from its name */
    EMPTY_DOUBTFUL,
    EMPTY_USUAL,
};
void source_set_emptiness(rf_source *source, enum emptiness emptiness);
enum emptiness source_emptiness(const rf_source *source);

/* Reads decoded bytes; *n is 0 at the end. Errors include the input's name and the position. */
rf_code source_read(rf_source *source, uint8_t *out, size_t cap, size_t *n, rf_error *error);

/* The last n bytes, read or not; from any thread. False if they are not accessible: for a pipe, and if there
 * is any layer. */
bool source_tail(rf_source *source, uint8_t *out, size_t n);

/* Whether a checksum of a layer covers an RDB that has none. */
bool source_replaces_checksum(const rf_source *source);

/* How much of the file has been read; from any thread. */
uint64_t source_file_position(const rf_source *source);

/* Makes a read that waits for a pipe return an error, now or later; from any thread. */
void source_stop(rf_source *source);

const char *source_name(const rf_source *source);

#endif
