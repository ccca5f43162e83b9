/* SPDX-License-Identifier: MIT */
/* The decoders of liblz4 and libzstd. A zstd frame may require up to 128 MiB, the library's default limit.
 * (lz4's doc/lz4_Frame_format.md, zstd's doc/zstd_compression_format.md) */
#include "io/frame_decoder.h"
#include "base/fail.h"
#include <lz4frame.h>
#include <stdlib.h>
#include <zstd.h>

/* --- lz4 --------------------------------------------------------------------------------------------- */

struct lz4_decoder {
    struct frame_decoder decoder;
    LZ4F_dctx *context;
};

static rf_code lz4_run(struct frame_decoder *decoder, const uint8_t *in, size_t *taken, uint8_t *out,
                       size_t *made, bool *in_frame, rf_error *error)
{
    struct lz4_decoder *lz4 = (struct lz4_decoder *)decoder;
    size_t result = LZ4F_decompress(lz4->context, out, made, in, taken, NULL);
    if (LZ4F_isError(result))
        return fail(error, RF_E_COMPRESSED, "lz4: %s", LZ4F_getErrorName(result));
    *in_frame = result != 0;
    return RF_OK;
}

static void lz4_close(struct frame_decoder *decoder)
{
    struct lz4_decoder *lz4 = (struct lz4_decoder *)decoder;
    LZ4F_freeDecompressionContext(lz4->context);
    free(lz4);
}

struct frame_decoder *frame_decoder_lz4(void)
{
    struct lz4_decoder *lz4 = calloc(1, sizeof *lz4);
    if (!lz4)
        return NULL;
    lz4->decoder = (struct frame_decoder){lz4_run, lz4_close};
    if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4->context, LZ4F_VERSION))) {
        free(lz4);
        return NULL;
    }
    return &lz4->decoder;
}

/* --- zstd -------------------------------------------------------------------------------------------- */

struct zstd_decoder {
    struct frame_decoder decoder;
    ZSTD_DCtx *context;
};

static rf_code zstd_run(struct frame_decoder *decoder, const uint8_t *in, size_t *taken, uint8_t *out,
                        size_t *made, bool *in_frame, rf_error *error)
{
    struct zstd_decoder *zstd = (struct zstd_decoder *)decoder;
    ZSTD_inBuffer from = {in, *taken, 0};
    ZSTD_outBuffer to = {out, *made, 0};
    size_t result = ZSTD_decompressStream(zstd->context, &to, &from);
    if (ZSTD_isError(result))
        return fail(error, RF_E_COMPRESSED, "zstd: %s", ZSTD_getErrorName(result));
    *taken = from.pos;
    *made = to.pos;
    *in_frame = result != 0;
    return RF_OK;
}

static void zstd_close(struct frame_decoder *decoder)
{
    struct zstd_decoder *zstd = (struct zstd_decoder *)decoder;
    ZSTD_freeDCtx(zstd->context);
    free(zstd);
}

struct frame_decoder *frame_decoder_zstd(void)
{
    struct zstd_decoder *zstd = calloc(1, sizeof *zstd);
    if (!zstd)
        return NULL;
    zstd->decoder = (struct frame_decoder){zstd_run, zstd_close};
    zstd->context = ZSTD_createDCtx();
    if (!zstd->context) {
        free(zstd);
        return NULL;
    }
    return &zstd->decoder;
}
