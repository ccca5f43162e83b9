/* SPDX-License-Identifier: MIT */
/* A source: opens the bottom layer, examines its first bytes, adds the layer that they require, and repeats
 * until no further layer is recognised. */
#include "io/source.h"
#include "base/fail.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEPTH_MAX = 4,
    HEAD_MAX = 64 * 1024 /* captures may start with many keepalives */
};

struct rf_source {
    struct layer *top;
    struct origin *origin;
    uint64_t decoded;
    enum emptiness emptiness;
    char layers[64]; /* "gzip, capture" */
    char name[];
};

static const struct layer_kind *const layer_kinds[] = {&layer_gzip, &layer_lz4, &layer_zstd, &layer_vcs,
                                                       &layer_capture};

rf_code layer_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    size_t left = layer->head_len - layer->head_pos;
    if (left == 0)
        return layer->read(layer, out, cap, n, error);
    *n = left < cap ? left : cap;
    memcpy(out, layer->head + layer->head_pos, *n);
    layer_skip(layer, *n);
    return RF_OK;
}

void layer_skip(struct layer *layer, size_t n)
{
    layer->head_pos += n;
    if (layer->head_pos < layer->head_len)
        return;
    free(layer->head);
    layer->head = NULL;
    layer->head_pos = layer->head_len = 0;
}

/* Reads more of the head. *ended: there is no more data, or no space for it. */
static rf_code head_extend(struct layer *layer, bool *ended, rf_error *error)
{
    if (!layer->head && !(layer->head = malloc(HEAD_MAX)))
        return fail(error, RF_E_MEMORY, "out of memory");
    size_t n = 0;
    if (layer->head_len < HEAD_MAX)
        TRY(layer->read(layer, layer->head + layer->head_len, HEAD_MAX - layer->head_len, &n, error));
    layer->head_len += n;
    *ended = n == 0;
    return RF_OK;
}

/* The layer kind that the head requires; NULL for plain data. */
static rf_code head_recognise(struct layer *layer, const struct layer_kind **found, rf_error *error)
{
    bool ended = false;
    for (;;) {
        bool unsure = layer->head_len == 0;
        *found = NULL;
        for (size_t i = 0; i < sizeof layer_kinds / sizeof *layer_kinds; i++) {
            switch (layer_kinds[i]->recognises(layer->head, layer->head_len)) {
            case LAYER_YES: *found = layer_kinds[i]; return RF_OK;
            case LAYER_NEEDS_MORE: unsure = true; break;
            case LAYER_UNLESS_MORE:
                unsure = true;
                if (!*found)
                    *found = layer_kinds[i];
                break;
            case LAYER_NO: break;
            }
        }
        if (ended || !unsure)
            return RF_OK;
        TRY(head_extend(layer, &ended, error));
    }
}

/* Discards skippable frames that begin in the head and end after it. */
static rf_code head_skip_frames(struct layer *layer, bool *skipped, rf_error *error)
{
    uint64_t left = frames_skippable(layer->head, layer->head_len);
    *skipped = layer->head_len == HEAD_MAX && left > HEAD_MAX;
    while (*skipped && left > layer->head_len) {
        left -= layer->head_len;
        TRY(layer->read(layer, layer->head, left < HEAD_MAX ? left : HEAD_MAX, &layer->head_len, error));
        if (layer->head_len == 0)
            return fail(error, RF_E_TRUNCATED, "a skippable frame: truncated");
    }
    if (*skipped)
        layer->head_len = 0;
    return RF_OK;
}

/* The next layer kind, by what follows skippable frames. */
static rf_code source_recognise(struct layer *layer, const struct layer_kind **found, rf_error *error)
{
    bool skipped, any = false;
    do {
        TRY(head_recognise(layer, found, error));
        TRY(head_skip_frames(layer, &skipped, error));
        any |= skipped;
    } while (skipped);
    return any && !*found && layer->head_len > 0
               ? fail(error, RF_E_COMPRESSED, "data after a skippable frame that is not compressed")
               : RF_OK;
}

static rf_code source_stack(rf_source *source, rf_error *error)
{
    for (int depth = 0;; depth++) {
        const struct layer_kind *kind;
        TRY(source_recognise(source->top, &kind, error));
        if (!kind)
            return RF_OK;
        if (depth == DEPTH_MAX)
            return fail(error, RF_E_FORMAT, "more than %d compression layers", DEPTH_MAX);
        struct layer *layer = kind->open(source->top);
        if (!layer)
            return fail(error, RF_E_MEMORY, "out of memory");
        layer->below = source->top;
        source->top = layer;
        size_t used = strlen(source->layers);
        snprintf(source->layers + used, sizeof source->layers - used, "%s%s", used ? ", " : "", kind->name);
    }
}

/* Adds to an error the information that only the source has. */
static rf_code source_fail(const rf_source *source, rf_code code, rf_error *error)
{
    error_input(error, source->name);
    error_at(error, (int64_t)source->decoded, (int64_t)source_file_position(source));
    return code;
}

rf_code source_over(struct origin *origin, const char *name, rf_source **out, rf_error *error)
{
    *out = NULL;
    size_t size = strlen(name) + 1;
    rf_source *source = calloc(1, sizeof *source + size);
    if (!source) {
        origin->layer.close(&origin->layer);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    memcpy(source->name, name, size);
    source->origin = origin;
    source->top = &origin->layer;
    rf_code code = source_stack(source, error);
    if (code != RF_OK) {
        source_fail(source, code, error);
        rf_source_close(source);
        return code;
    }
    *out = source;
    return RF_OK;
}

/* After an error at the bottom: nothing is open, and only the input is known. */
static rf_code origin_fail(rf_code code, const char *name, rf_error *error)
{
    error_input(error, name);
    return code;
}

rf_code rf_source_open(const char *path, rf_source **out, rf_error *error)
{
    struct origin *origin;
    *out = NULL;
    rf_code code = origin_open_path(path, &origin, error);
    if (code != RF_OK)
        return origin_fail(code, path, error);
    return source_over(origin, path, out, error);
}

rf_code rf_source_open_fd(int fd, const char *name, rf_source **out, rf_error *error)
{
    struct origin *origin;
    *out = NULL;
    rf_code code = origin_open_fd(fd, false, &origin, error);
    if (code != RF_OK)
        return origin_fail(code, name, error);
    return source_over(origin, name, out, error);
}

rf_code source_open_held(int fd, int64_t size, const char *name, rf_source **out, rf_error *error)
{
    struct origin *origin;
    *out = NULL;
    rf_code code = origin_open_held(fd, size, &origin, error);
    if (code != RF_OK)
        return origin_fail(code, name, error);
    return source_over(origin, name, out, error);
}

void source_set_emptiness(rf_source *source, enum emptiness emptiness)
{
    source->emptiness = emptiness;
}

enum emptiness source_emptiness(const rf_source *source)
{
    return source->emptiness;
}

rf_code rf_source_open_memory(const void *data, size_t size, const char *name, rf_source **out,
                              rf_error *error)
{
    struct origin *origin;
    *out = NULL;
    rf_code code = origin_open_memory((rf_slice){data, size}, &origin, error);
    if (code != RF_OK)
        return origin_fail(code, name, error);
    return source_over(origin, name, out, error);
}

rf_code source_read(rf_source *source, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    rf_code code = layer_read(source->top, out, cap, n, error);
    if (code != RF_OK) {
        *n = 0;
        return source_fail(source, code, error);
    }
    source->decoded += *n;
    return RF_OK;
}

int64_t rf_source_size(const rf_source *source)
{
    return source->origin->size;
}

const char *rf_source_layers(const rf_source *source)
{
    return source->layers;
}

rf_code rf_source_identity(rf_source *source, rf_identity *out, rf_error *error)
{
    struct origin *origin = source->origin;
    if (!origin->identify)
        return fail(error, RF_E_ARGUMENT, "a memory source has no identity");
    rf_code code = origin->identify(origin, out, error);
    return code == RF_OK ? RF_OK : origin_fail(code, source->name, error);
}

bool source_replaces_checksum(const rf_source *source)
{
    for (const struct layer *layer = source->top; layer; layer = layer->below)
        if (layer->replaces_checksum)
            return true;
    return false;
}

uint64_t source_file_position(const rf_source *source)
{
    return atomic_load_explicit(&source->origin->position, memory_order_relaxed);
}

void source_stop(rf_source *source)
{
    if (source->origin->stop)
        source->origin->stop(source->origin);
}

bool source_tail(rf_source *source, uint8_t *out, size_t n)
{
    struct origin *origin = source->origin;
    return !*source->layers && origin->tail && origin->tail(origin, out, n);
}

const char *source_name(const rf_source *source)
{
    return source->name;
}

void rf_source_close(rf_source *source)
{
    if (!source)
        return;
    for (struct layer *layer = source->top, *below; layer; layer = below) {
        below = layer->below;
        free(layer->head);
        layer->close(layer);
    }
    free(source);
}
