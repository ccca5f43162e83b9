/* SPDX-License-Identifier: MIT */
/* The inside of a source: a stack of layers.
 *
 *     file | memory  ->  gzip | lz4 | capture  ->  ...  ->  source_read()
 *
 * Each layer reads from the one below it. The head of a layer can be looked at before it is read, and
 * from that the next layer is chosen. */
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
    /* Frees the layer, not what is below it. */
    void (*close)(struct layer *layer);
    struct layer *below;

    /* private to source.c: bytes looked at and not read yet */
    uint8_t *head;
    size_t head_pos, head_len;
};

/* What is at the very bottom: bytes as they lie on disk. `layer` comes first. */
struct origin {
    struct layer layer;
    int64_t size;                  /* -1: a pipe, a device */
    _Atomic uint64_t position;     /* bytes read so far */
    void (*stop)(struct origin *); /* see source_stop(); may be NULL */
    /* See rf_source_identity(); NULL where there is none. */
    rf_code (*identify)(struct origin *, rf_identity *out, rf_error *error);
    /* See source_tail(); NULL where the end cannot be seen. */
    bool (*tail)(struct origin *, uint8_t *out, size_t n);
};

enum recognition { LAYER_NO, LAYER_YES, LAYER_NEEDS_MORE };

/* What can be stacked. */
struct layer_kind {
    const char *name;
    /* Do the first n bytes of the layer below ask for this kind? More of them may be asked for. */
    enum recognition (*recognises)(const uint8_t *head, size_t n);
    /* The head of `below` has been recognised and is still to be read. Fills read, close and whatever is
     * private; NULL when memory is out. */
    struct layer *(*open)(struct layer *below);
};

extern const struct layer_kind layer_gzip, layer_lz4, layer_capture;

/* For layers: reads from the one below, what has been looked at first. */
rf_code layer_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error);

/* Passes over n bytes of what has been looked at. */
void layer_pass(struct layer *layer, size_t n);

/* The bottoms. They report errors of their own only; a failing one leaves *out as it is. */
rf_code origin_open_path(const char *path, struct origin **out, rf_error *error);
rf_code origin_open_fd(int fd, bool owned, struct origin **out, rf_error *error);
rf_code origin_open_memory(rf_slice bytes, struct origin **out, rf_error *error);

/* Reads the first `size` bytes of a regular file, from its beginning and without moving the descriptor, which
 * stays the caller's. */
rf_code origin_open_held(int fd, int64_t size, struct origin **out, rf_error *error);

/* A source over a bottom, which it takes over, also when it fails. */
rf_code source_over(struct origin *origin, const char *name, rf_source **out, rf_error *error);

/* See origin_open_held(). */
rf_code source_open_held(int fd, int64_t size, const char *name, rf_source **out, rf_error *error);

/* What is to be thought of it if not a byte is in it. */
enum emptiness {
    EMPTY_BY_NAME, /* nobody has said; its name may */
    EMPTY_DOUBTFUL,
    EMPTY_USUAL,
};
void source_set_emptiness(rf_source *source, enum emptiness emptiness);
enum emptiness source_emptiness(const rf_source *source);

/* Decoded bytes; *n is 0 at the end. Errors name the input and the place. */
rf_code source_read(rf_source *source, uint8_t *out, size_t cap, size_t *n, rf_error *error);

/* The last n bytes, before they are read. False where they cannot be seen: of a pipe, and where anything is
 * stacked. */
bool source_tail(rf_source *source, uint8_t *out, size_t n);

/* How much of the file has been read; from any thread. */
uint64_t source_file_position(const rf_source *source);

/* Makes a read that waits for a pipe return with an error, now or later; from any thread. */
void source_stop(rf_source *source);

const char *source_name(const rf_source *source);

#endif
