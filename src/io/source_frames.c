/* SPDX-License-Identifier: MIT */
/* The layers over a frame decoder:
 *
 *     lz4, zstd   one or several frames, and skippable ones anywhere; a truncated frame, or anything else
 *                 after a frame, is an error
 *     vcs         the envelope of Valkey (vcs.h), one frame, and any bytes after it as they are: a reader of
 *                 the RDB decides about them
 *
 *     04 22 4d 18 ..frame.. | 28 b5 2f fd ..frame.. | 5? 2a 4d 18 length ..skipped.. */
#include "base/bytes.h"
#include "base/fail.h"
#include "io/frame_decoder.h"
#include "io/source.h"
#include "io/vcs.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    FRAMES_IN = 128 * 1024,
    LZ4_MAGIC = 0x184d2204,
    SKIPPABLE_MAGIC = 0x184d2a50, /* to ...5f */
};

static const uint32_t zstd_magic = 0xfd2fb528;

struct frames_layer {
    struct layer layer;
    const char *name;
    struct frame_decoder *decoder;
    size_t pos, len; /* of what is in `in` */
    bool in_frame;
    bool single;  /* bytes after the first frame are passed on as they are */
    bool passing; /* that frame has ended */
    bool pending; /* the decoder may have more output */
    char refused[96];
    uint8_t in[FRAMES_IN];
};

/* --- reading ----------------------------------------------------------------------------------------- */

static rf_code frames_decode(struct frames_layer *f, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    size_t taken = f->len - f->pos;
    bool in_frame = f->in_frame;
    *n = cap;
    TRY(f->decoder->run(f->decoder, f->in + f->pos, &taken, out, n, &in_frame, error));
    f->pos += taken;
    f->pending = *n == cap;
    if (taken == 0 && *n == 0)
        return RF_OK;
    f->in_frame = in_frame;
    f->passing = f->single && !in_frame;
    return RF_OK;
}

static rf_code frames_pass(struct frames_layer *f, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    if (f->pos == f->len)
        return layer_read(f->layer.below, out, cap, n, error);
    *n = f->len - f->pos < cap ? f->len - f->pos : cap;
    memcpy(out, f->in + f->pos, *n);
    f->pos += *n;
    return RF_OK;
}

static rf_code frames_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct frames_layer *f = (struct frames_layer *)layer;
    *n = 0;
    if (*f->refused)
        return fail(error, RF_E_UNSUPPORTED, "%s", f->refused);
    while (*n == 0 && !f->passing) {
        if (f->pos == f->len && !f->pending) {
            f->pos = 0;
            TRY(layer_read(layer->below, f->in, FRAMES_IN, &f->len, error));
            if (f->len == 0)
                return f->in_frame ? fail(error, RF_E_TRUNCATED, "%s: truncated", f->name) : RF_OK;
        }
        TRY(frames_decode(f, out, cap, n, error));
    }
    return *n > 0 ? RF_OK : frames_pass(f, out, cap, n, error);
}

static void frames_close(struct layer *layer)
{
    struct frames_layer *f = (struct frames_layer *)layer;
    if (f->decoder)
        f->decoder->close(f->decoder);
    free(f);
}

/* `make`: NULL if the layer only refuses. */
static struct frames_layer *frames_open(const char *name, struct frame_decoder *(*make)(void))
{
    struct frames_layer *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->name = name;
    f->layer.read = frames_read;
    f->layer.close = frames_close;
    if (make && !(f->decoder = make())) {
        free(f);
        return NULL;
    }
    return f;
}

/* --- lz4 and zstd ------------------------------------------------------------------------------------ */

uint64_t frames_skippable(const uint8_t *head, size_t n)
{
    uint64_t at = 0;
    while (at <= n && n - at >= 8 && (load_le32(head + at) & ~15U) == SKIPPABLE_MAGIC)
        at += 8 + (uint64_t)load_le32(head + at + 4);
    return at;
}

/* The magic number of the first frame that is not skippable; that of a skippable one if the head ends before
 * it; 0 if the head is too short. */
static uint32_t first_magic(const uint8_t *head, size_t n)
{
    const uint64_t at = frames_skippable(head, n);
    if (at <= n && n - at >= 4)
        return load_le32(head + at);
    return at > 0 ? SKIPPABLE_MAGIC : 0;
}

static enum recognition recognise(uint32_t magic, uint32_t wanted)
{
    if (magic == wanted)
        return LAYER_YES;
    if ((magic & ~15U) == SKIPPABLE_MAGIC)
        return LAYER_UNLESS_MORE;
    return magic == 0 ? LAYER_NEEDS_MORE : LAYER_NO;
}

static enum recognition lz4_recognises(const uint8_t *head, size_t n)
{
    return recognise(first_magic(head, n), LZ4_MAGIC);
}

static enum recognition zstd_recognises(const uint8_t *head, size_t n)
{
    return recognise(first_magic(head, n), zstd_magic);
}

static struct layer *lz4_open(struct layer *below)
{
    struct frames_layer *f = frames_open("lz4", frame_decoder_lz4);
    (void)below;
    return f ? &f->layer : NULL;
}

static struct layer *zstd_open(struct layer *below)
{
    struct frames_layer *f = frames_open("zstd", frame_decoder_zstd);
    (void)below;
    return f ? &f->layer : NULL;
}

/* --- the envelope ------------------------------------------------------------------------------------ */

/* In lz4 and zstd alike: the bit of the frame's fifth byte that announces a checksum of the content. */
enum { FRAME_FLAGS_AT = VCS_SIZE + 4, FRAME_CHECKSUM = 4 };

static enum recognition vcs_recognises(const uint8_t *head, size_t n)
{
    static const char magic[] = VCS_MAGIC;
    size_t letters = sizeof magic - 1;
    if (n == 0)
        return LAYER_NEEDS_MORE;
    if (memcmp(head, magic, n < letters ? n : letters) != 0)
        return LAYER_NO;
    return n > FRAME_FLAGS_AT ? LAYER_YES : n < VCS_SIZE ? LAYER_NEEDS_MORE : LAYER_UNLESS_MORE;
}

static void vcs_refuse(struct frames_layer *f, const char *what, uint8_t number)
{
    snprintf(f->refused, sizeof f->refused, "a compressed stream of Valkey (VCS) with an unknown %s (%u)",
             what, number);
}

static void vcs_check(struct frames_layer *f, const uint8_t *head)
{
    if (head[VCS_VERSION_AT] != VCS_VERSION)
        vcs_refuse(f, "version", head[VCS_VERSION_AT]);
    else if (!f->decoder)
        vcs_refuse(f, "codec", head[VCS_CODEC_AT]);
    else if (head[VCS_RESERVED_AT] != 0)
        vcs_refuse(f, "flag", head[VCS_RESERVED_AT]);
    else if (head[VCS_KIND_AT] != VCS_RDB)
        vcs_refuse(f, "content", head[VCS_KIND_AT]);
}

static struct layer *vcs_open(struct layer *below)
{
    static struct frame_decoder *(*const decoders[])(void) = {
        [VCS_LZ4] = frame_decoder_lz4, [VCS_ZSTD] = frame_decoder_zstd};
    const uint8_t *head = below->head + below->head_pos;
    size_t n = below->head_len - below->head_pos, codec = head[VCS_CODEC_AT];
    struct frames_layer *f = frames_open("vcs",
                                         codec < sizeof decoders / sizeof *decoders ? decoders[codec] : NULL);
    if (!f)
        return NULL;
    f->single = f->in_frame = true;
    f->layer.replaces_checksum = n > FRAME_FLAGS_AT && (head[FRAME_FLAGS_AT] & FRAME_CHECKSUM) != 0;
    vcs_check(f, head);
    layer_skip(below, VCS_SIZE);
    return &f->layer;
}

const struct layer_kind layer_lz4 = {.name = "lz4", .recognises = lz4_recognises, .open = lz4_open};
const struct layer_kind layer_zstd = {.name = "zstd", .recognises = zstd_recognises, .open = zstd_open};
const struct layer_kind layer_vcs = {.name = "vcs", .recognises = vcs_recognises, .open = vcs_open};
