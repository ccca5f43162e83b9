/* SPDX-License-Identifier: MIT */
/* Compression of an output with zlib, liblz4 and libzstd. Each writes from a block of its own. */
#include "io/output_compress.h"
#include "base/fail.h"
#include <lz4frame.h>
#include <stdlib.h>
#define ZLIB_CONST /* input is const */
#include <zlib.h>
#include <zstd.h>

/* --- gzip -------------------------------------------------------------------------------------------- */

enum {
    GZIP_LEVEL = 3,             /* of commands: half the time of level 6 for 8 % more bytes */
    GZIP_BITS = MAX_WBITS + 16, /* in zlib: gzip header and trailer */
    GZIP_OUT = 64 * 1024,
};

struct gzip {
    struct compressor compressor;
    z_stream z;
    uint8_t out[GZIP_OUT];
};

static rf_code gzip_run(struct gzip *gzip, int flush, rf_error *error)
{
    int result;
    do {
        gzip->z.next_out = gzip->out;
        gzip->z.avail_out = GZIP_OUT;
        result = deflate(&gzip->z, flush);
        size_t n = GZIP_OUT - gzip->z.avail_out;
        if (n > 0)
            TRY(gzip->compressor.to.put(gzip->compressor.to.ctx, (rf_slice){gzip->out, n}, error));
    } while (gzip->z.avail_out == 0 || (flush == Z_FINISH && result == Z_OK));
    return RF_OK;
}

static rf_code gzip_put(struct compressor *compressor, rf_slice bytes, rf_error *error)
{
    struct gzip *gzip = (struct gzip *)compressor;
    gzip->z.next_in = bytes.ptr;
    gzip->z.avail_in = (uInt)bytes.len;
    return gzip_run(gzip, Z_NO_FLUSH, error);
}

static rf_code gzip_end(struct compressor *compressor, rf_error *error)
{
    return gzip_run((struct gzip *)compressor, Z_FINISH, error);
}

static void gzip_close(struct compressor *compressor)
{
    struct gzip *gzip = (struct gzip *)compressor;
    deflateEnd(&gzip->z);
    free(gzip);
}

struct compressor *compressor_gzip(struct compressed_to to)
{
    struct gzip *gzip = calloc(1, sizeof *gzip);
    if (!gzip)
        return NULL;
    gzip->compressor = (struct compressor){.put = gzip_put, .end = gzip_end, .close = gzip_close, .to = to};
    if (deflateInit2(&gzip->z, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return &gzip->compressor;
}

/* --- lz4 --------------------------------------------------------------------------------------------- */

/* With autoFlush no input is buffered, and no space is needed for it. */
static const LZ4F_preferences_t lz4_preferences = {
    .frameInfo = {.blockSizeID = LZ4F_max256KB, .contentChecksumFlag = LZ4F_contentChecksumEnabled},
    .autoFlush = 1,
};

struct lz4 {
    struct compressor compressor;
    LZ4F_cctx *context;
    bool started;
    size_t cap;
    uint8_t out[];
};

/* Passes on the output of an LZ4F function. */
static rf_code lz4_hand_on(struct lz4 *lz4, size_t made, rf_error *error)
{
    if (LZ4F_isError(made))
        return fail(error, RF_E_WRITE, "lz4: %s", LZ4F_getErrorName(made));
    return made > 0 ? lz4->compressor.to.put(lz4->compressor.to.ctx, (rf_slice){lz4->out, made}, error)
                    : RF_OK;
}

static rf_code lz4_begin(struct lz4 *lz4, rf_error *error)
{
    if (lz4->started)
        return RF_OK;
    lz4->started = true;
    return lz4_hand_on(lz4, LZ4F_compressBegin(lz4->context, lz4->out, lz4->cap, &lz4_preferences), error);
}

static rf_code lz4_put(struct compressor *compressor, rf_slice bytes, rf_error *error)
{
    struct lz4 *lz4 = (struct lz4 *)compressor;
    TRY(lz4_begin(lz4, error));
    return lz4_hand_on(lz4, LZ4F_compressUpdate(lz4->context, lz4->out, lz4->cap, bytes.ptr, bytes.len, NULL),
                       error);
}

static rf_code lz4_end(struct compressor *compressor, rf_error *error)
{
    struct lz4 *lz4 = (struct lz4 *)compressor;
    TRY(lz4_begin(lz4, error));
    return lz4_hand_on(lz4, LZ4F_compressEnd(lz4->context, lz4->out, lz4->cap, NULL), error);
}

static void lz4_close(struct compressor *compressor)
{
    struct lz4 *lz4 = (struct lz4 *)compressor;
    LZ4F_freeCompressionContext(lz4->context);
    free(lz4);
}

struct compressor *compressor_lz4(struct compressed_to to, size_t most)
{
    size_t cap = LZ4F_compressBound(most, &lz4_preferences) + LZ4F_HEADER_SIZE_MAX;
    struct lz4 *lz4 = calloc(1, sizeof *lz4 + cap);
    if (!lz4)
        return NULL;
    lz4->cap = cap;
    lz4->compressor = (struct compressor){.put = lz4_put, .end = lz4_end, .close = lz4_close, .to = to};
    if (LZ4F_isError(LZ4F_createCompressionContext(&lz4->context, LZ4F_VERSION))) {
        free(lz4);
        return NULL;
    }
    return &lz4->compressor;
}

/* --- zstd -------------------------------------------------------------------------------------------- */

enum { ZSTD_OUT = 128 * 1024 };

struct zstd {
    struct compressor compressor;
    ZSTD_CCtx *context;
    uint8_t out[ZSTD_OUT];
};

/* Until `bytes` are consumed and, at the end, everything has been passed on. */
static rf_code zstd_run(struct zstd *zstd, rf_slice bytes, ZSTD_EndDirective how, rf_error *error)
{
    ZSTD_inBuffer from = {bytes.ptr, bytes.len, 0};
    size_t left;
    do {
        ZSTD_outBuffer to = {zstd->out, ZSTD_OUT, 0};
        left = ZSTD_compressStream2(zstd->context, &to, &from, how);
        if (ZSTD_isError(left))
            return fail(error, RF_E_WRITE, "zstd: %s", ZSTD_getErrorName(left));
        if (to.pos > 0)
            TRY(zstd->compressor.to.put(zstd->compressor.to.ctx, (rf_slice){zstd->out, to.pos}, error));
    } while (how == ZSTD_e_end ? left > 0 : from.pos < from.size);
    return RF_OK;
}

static rf_code zstd_put(struct compressor *compressor, rf_slice bytes, rf_error *error)
{
    return zstd_run((struct zstd *)compressor, bytes, ZSTD_e_continue, error);
}

static rf_code zstd_end(struct compressor *compressor, rf_error *error)
{
    return zstd_run((struct zstd *)compressor, (rf_slice){NULL, 0}, ZSTD_e_end, error);
}

static void zstd_close(struct compressor *compressor)
{
    struct zstd *zstd = (struct zstd *)compressor;
    ZSTD_freeCCtx(zstd->context);
    free(zstd);
}

struct compressor *compressor_zstd(struct compressed_to to)
{
    struct zstd *zstd = calloc(1, sizeof *zstd);
    if (!zstd)
        return NULL;
    zstd->compressor = (struct compressor){.put = zstd_put, .end = zstd_end, .close = zstd_close, .to = to};
    zstd->context = ZSTD_createCCtx();
    if (!zstd->context || ZSTD_isError(ZSTD_CCtx_setParameter(zstd->context, ZSTD_c_checksumFlag, 1))) {
        ZSTD_freeCCtx(zstd->context);
        free(zstd);
        return NULL;
    }
    return &zstd->compressor;
}
