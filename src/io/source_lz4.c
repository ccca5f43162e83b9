/* SPDX-License-Identifier: MIT */
/* The lz4 layer: one or several frames, and skippable ones anywhere.
 *
 *     04 22 4d 18 ...frame... | 5? 2a 4d 18 length ...skipped... | 04 22 4d 18 ...
 *
 * A truncated frame, or anything else after a frame, is an error. (lz4's doc/lz4_Frame_format.md) */
#include "base/bytes.h"
#include "base/fail.h"
#include "io/source.h"
#include <lz4frame.h>
#include <stdlib.h>

enum { LZ4_IN = 128 * 1024 };

struct lz4_layer {
    struct layer layer;
    LZ4F_dctx *context;
    size_t pos, len; /* of what is in `in` */
    bool in_frame;
    uint8_t in[LZ4_IN];
};

static enum recognition lz4_recognises(const uint8_t *head, size_t n)
{
    if (n < 4)
        return LAYER_NEEDS_MORE;
    uint32_t magic = load_le32(head);
    return magic == 0x184d2204 || (magic & ~15U) == 0x184d2a50 ? LAYER_YES : LAYER_NO;
}

static rf_code lz4_decompress(struct lz4_layer *lz4, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    size_t taken = lz4->len - lz4->pos;
    *n = cap;
    size_t result = LZ4F_decompress(lz4->context, out, n, lz4->in + lz4->pos, &taken, NULL);
    if (LZ4F_isError(result))
        return fail(error, RF_E_COMPRESSED, "lz4: %s", LZ4F_getErrorName(result));
    lz4->pos += taken;
    lz4->in_frame = result != 0;
    return RF_OK;
}

static rf_code lz4_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct lz4_layer *lz4 = (struct lz4_layer *)layer;
    for (*n = 0; *n == 0;) {
        if (lz4->pos == lz4->len) {
            lz4->pos = 0;
            TRY(layer_read(layer->below, lz4->in, LZ4_IN, &lz4->len, error));
            if (lz4->len == 0)
                return lz4->in_frame ? fail(error, RF_E_TRUNCATED, "lz4: truncated") : RF_OK;
        }
        TRY(lz4_decompress(lz4, out, cap, n, error));
    }
    return RF_OK;
}

static void lz4_close(struct layer *layer)
{
    struct lz4_layer *lz4 = (struct lz4_layer *)layer;
    LZ4F_freeDecompressionContext(lz4->context);
    free(lz4);
}

static struct layer *lz4_open(struct layer *below)
{
    struct lz4_layer *lz4 = calloc(1, sizeof *lz4);
    (void)below;
    if (!lz4)
        return NULL;
    lz4->layer.read = lz4_read;
    lz4->layer.close = lz4_close;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4->context, LZ4F_VERSION))) {
        free(lz4);
        return NULL;
    }
    return &lz4->layer;
}

const struct layer_kind layer_lz4 = {.name = "lz4", .recognises = lz4_recognises, .open = lz4_open};
