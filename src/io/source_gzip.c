/* SPDX-License-Identifier: MIT */
/* The gzip layer: one or several members, then optional zeros (padding of tapes and block devices).
 *
 *     1f 8b 08 flags ...deflate... crc32 length | 1f 8b 08 ... | 00 00 00
 *
 * A truncated member, or anything else after a member, is an error. (RFC 1952) */
#include "base/fail.h"
#include "io/source.h"
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    GZIP_IN = 128 * 1024,
    GZIP_BITS = MAX_WBITS + 16, /* in zlib: gzip header and trailer */
};

struct gzip_layer {
    struct layer layer;
    z_stream z;
    bool between; /* members */
    bool damaged;
    uint8_t in[GZIP_IN];
};

static enum recognition gzip_recognises(const uint8_t *head, size_t n)
{
    static const uint8_t magic[] = {0x1f, 0x8b, 8};
    for (size_t i = 0; i < sizeof magic; i++) {
        if (i == n)
            return LAYER_NEEDS_MORE;
        if (head[i] != magic[i])
            return LAYER_NO;
    }
    return LAYER_YES;
}

static rf_code gzip_refill(struct gzip_layer *gzip, rf_error *error)
{
    size_t n;
    TRY(layer_read(gzip->layer.below, gzip->in, GZIP_IN, &n, error));
    gzip->z.next_in = gzip->in;
    gzip->z.avail_in = (uInt)n;
    return RF_OK;
}

/* Skips zeros after a member. */
static rf_code gzip_skip_padding(struct gzip_layer *gzip, rf_error *error)
{
    for (;;) {
        if (gzip->z.avail_in == 0)
            TRY(gzip_refill(gzip, error));
        if (gzip->z.avail_in == 0 || *gzip->z.next_in != 0)
            return RF_OK;
        gzip->z.next_in++;
        gzip->z.avail_in--;
    }
}

/* Prepares for another member. *ended: there is none. */
static rf_code gzip_next_member(struct gzip_layer *gzip, bool *ended, rf_error *error)
{
    TRY(gzip_skip_padding(gzip, error));
    *ended = gzip->z.avail_in == 0;
    if (*ended)
        return RF_OK;
    if (*gzip->z.next_in != 0x1f)
        return fail(error, RF_E_COMPRESSED, "gzip: trailing garbage after the compressed data");
    inflateReset(&gzip->z);
    gzip->between = false;
    return RF_OK;
}

static rf_code gzip_inflate(struct gzip_layer *gzip, rf_error *error)
{
    if (gzip->damaged)
        return fail(error, RF_E_COMPRESSED, "gzip: %s", gzip->z.msg ? gzip->z.msg : "corrupt data");
    if (gzip->z.avail_in == 0) {
        TRY(gzip_refill(gzip, error));
        if (gzip->z.avail_in == 0)
            return fail(error, RF_E_TRUNCATED, "gzip: truncated");
    }
    switch (inflate(&gzip->z, Z_NO_FLUSH)) {
    case Z_OK:
    case Z_BUF_ERROR: break;
    case Z_STREAM_END: gzip->between = true; break;
    case Z_MEM_ERROR: return fail(error, RF_E_MEMORY, "out of memory");
    default: gzip->damaged = true; break; /* reported after the preceding bytes have been returned */
    }
    return RF_OK;
}

static rf_code gzip_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct gzip_layer *gzip = (struct gzip_layer *)layer;
    gzip->z.next_out = out;
    gzip->z.avail_out = (uInt)(cap < UINT_MAX ? cap : UINT_MAX);
    do {
        bool ended = false;
        if (gzip->between)
            TRY(gzip_next_member(gzip, &ended, error));
        if (ended)
            break;
        TRY(gzip_inflate(gzip, error));
    } while (gzip->z.next_out == out);
    *n = (size_t)(gzip->z.next_out - out);
    return RF_OK;
}

static void gzip_close(struct layer *layer)
{
    struct gzip_layer *gzip = (struct gzip_layer *)layer;
    inflateEnd(&gzip->z);
    free(gzip);
}

static struct layer *gzip_open(struct layer *below)
{
    struct gzip_layer *gzip = calloc(1, sizeof *gzip);
    (void)below;
    if (!gzip)
        return NULL;
    gzip->layer.read = gzip_read;
    gzip->layer.close = gzip_close;
    if (inflateInit2(&gzip->z, GZIP_BITS) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return &gzip->layer;
}

const struct layer_kind layer_gzip = {.name = "gzip", .recognises = gzip_recognises, .open = gzip_open};
