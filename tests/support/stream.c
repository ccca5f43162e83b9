/* SPDX-License-Identifier: MIT */
#include "support/stream.h"
#include "base/bytes.h"
#include "io/source.h"
#include "support/exact.h"
#include <lz4frame.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

static void check(bool fine)
{
    if (!fine)
        abort();
}

rf_slice sample_bytes(size_t n, uint64_t seed)
{
    uint8_t *bytes = malloc(n ? n : 1);
    uint64_t state = seed * 2 + 1;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)("abcdefgh"[i % 8] + next_random(&state) % 16);
    return (rf_slice){n ? bytes : bytes + 1, n};
}

void gzip_append(struct buffer *out, rf_slice bytes)
{
    z_stream z = {.next_in = bytes.ptr, .avail_in = (uInt)bytes.len};
    check(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    check(buffer_reserve(out, deflateBound(&z, bytes.len)));
    z.next_out = out->data + out->len;
    z.avail_out = (uInt)(out->cap - out->len);
    check(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out->len += z.total_out;
    deflateEnd(&z);
}

void lz4_append(struct buffer *out, rf_slice bytes)
{
    const LZ4F_preferences_t preferences = {
        .frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled, .blockSizeID = LZ4F_max64KB}};
    size_t bound = LZ4F_compressFrameBound(bytes.len, &preferences);
    check(buffer_reserve(out, bound));
    size_t n = LZ4F_compressFrame(out->data + out->len, bound, bytes.ptr, bytes.len, &preferences);
    check(!LZ4F_isError(n));
    out->len += n;
}

void zstd_append(struct buffer *out, rf_slice bytes)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    check(context != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    size_t bound = ZSTD_compressBound(bytes.len);
    check(buffer_reserve(out, bound));
    size_t n = ZSTD_compress2(context, out->data + out->len, bound, bytes.ptr, bytes.len);
    check(!ZSTD_isError(n));
    out->len += n;
    ZSTD_freeCCtx(context);
}

void lz4_append_skippable(struct buffer *out, rf_slice bytes)
{
    uint8_t head[8];
    store_le32(head, 0x184d2a57);
    store_le32(head + 4, (uint32_t)bytes.len);
    check(buffer_append(out, slice_of(head, sizeof head)) && buffer_append(out, bytes));
}

rf_code source_read_all(rf_source *source, size_t step, struct buffer *out, rf_error *error)
{
    for (size_t n = 1; n > 0;) {
        uint8_t *block = malloc(step);
        rf_code code = source_read(source, block, step, &n, error);
        check(n <= step && buffer_append(out, slice_of(block, n)));
        free(block);
        if (code != RF_OK)
            return code;
    }
    return RF_OK;
}

struct dribble {
    struct origin origin;
    rf_slice left;
    size_t step;
};

static rf_code dribble_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct dribble *dribble = (struct dribble *)layer;
    (void)error;
    *n = dribble->step < cap ? dribble->step : cap;
    if (*n > dribble->left.len)
        *n = dribble->left.len;
    if (*n > 0)
        memcpy(out, dribble->left.ptr, *n);
    dribble->left.ptr += *n;
    dribble->left.len -= *n;
    return RF_OK;
}

static void dribble_close(struct layer *layer)
{
    free(layer);
}

rf_code source_open_dribble(rf_slice bytes, size_t step, rf_source **out, rf_error *error)
{
    struct dribble *dribble = calloc(1, sizeof *dribble);
    check(dribble != NULL);
    dribble->origin.layer = (struct layer){.read = dribble_read, .close = dribble_close};
    dribble->origin.size = -1;
    dribble->left = bytes;
    dribble->step = step;
    return source_over(&dribble->origin, "dribble", out, error);
}
