/* SPDX-License-Identifier: MIT */
/* Strings and numbers as JSON. Long strings are written in parts, so that the reserved space is bounded; a
 * string is checked for valid UTF-8 as a whole, and only when a byte from 0x80 on occurs. */
#include "base/json_text.h"
#include "base/chunk.h"
#include "base/double_text.h"
#include "base/number.h"
#include "base/utf8.h"
#include <math.h>

/* --- text -------------------------------------------------------------------------------------------- */

/* How bytes from 0x80 on are handled. */
enum high { HIGH_STAYS, HIGH_ESCAPED, HIGH_STOPS };

/* How a byte is written: eight bytes are copied, `length` of them count. */
struct escape {
    uint8_t text[7], length;
};

/* clang-format off */
#define PLAIN(high, low) {{0x##high##low}, 1}
#define CODE(high, low)  {{"\\u00" #high #low}, 6}
#define SHORT(c)         {{'\\', c}, 2}
#define SIXTEEN(X, high)                                                                    \
    X(high, 0), X(high, 1), X(high, 2), X(high, 3), X(high, 4), X(high, 5), X(high, 6),     \
    X(high, 7), X(high, 8), X(high, 9), X(high, a), X(high, b), X(high, c), X(high, d),     \
    X(high, e), X(high, f)
#define ASCII                                                                               \
    CODE(0, 0), CODE(0, 1), CODE(0, 2), CODE(0, 3), CODE(0, 4), CODE(0, 5), CODE(0, 6),     \
    CODE(0, 7), SHORT('b'), SHORT('t'), SHORT('n'), CODE(0, b), SHORT('f'), SHORT('r'),     \
    CODE(0, e), CODE(0, f),                                                                 \
    SIXTEEN(CODE, 1),                                                                       \
    PLAIN(2, 0), PLAIN(2, 1), SHORT('"'), PLAIN(2, 3), PLAIN(2, 4), PLAIN(2, 5),            \
    PLAIN(2, 6), PLAIN(2, 7), PLAIN(2, 8), PLAIN(2, 9), PLAIN(2, a), PLAIN(2, b),           \
    PLAIN(2, c), PLAIN(2, d), PLAIN(2, e), PLAIN(2, f),                                     \
    SIXTEEN(PLAIN, 3), SIXTEEN(PLAIN, 4),                                                   \
    PLAIN(5, 0), PLAIN(5, 1), PLAIN(5, 2), PLAIN(5, 3), PLAIN(5, 4), PLAIN(5, 5),           \
    PLAIN(5, 6), PLAIN(5, 7), PLAIN(5, 8), PLAIN(5, 9), PLAIN(5, a), PLAIN(5, b),           \
    SHORT('\\'), PLAIN(5, d), PLAIN(5, e), PLAIN(5, f),                                     \
    SIXTEEN(PLAIN, 6), SIXTEEN(PLAIN, 7)
#define HIGH(X)                                                                             \
    SIXTEEN(X, 8), SIXTEEN(X, 9), SIXTEEN(X, a), SIXTEEN(X, b), SIXTEEN(X, c),              \
    SIXTEEN(X, d), SIXTEEN(X, e), SIXTEEN(X, f)
/* clang-format on */

static const struct escape escapes[][256] = {
    [HIGH_STAYS] = {ASCII, HIGH(PLAIN)},
    [HIGH_ESCAPED] = {ASCII, HIGH(CODE)},
};

enum {
    TEXT_PART = 16 * 1024,
    ESCAPE_MAX = 6,
    SLACK = 16, /* may be overwritten after the end */
};

_Static_assert(TEXT_PART *ESCAPE_MAX + SLACK <= OUTBUF_RESERVE_MAX, "a part must fit into the capacity");

static uint8_t *print_escapes(uint8_t *to, const uint8_t *from, size_t n, const struct escape table[256])
{
    for (size_t i = 0; i < n; i++) {
        const struct escape *escape = &table[from[i]];
        memcpy(to, escape, sizeof *escape);
        to += escape->length;
    }
    return to;
}

/* Prints n bytes at *to, which is advanced. Returns how many: all, or, if high bytes stop it, a multiple of a
 * chunk. */
static inline size_t print_text(uint8_t **to, const uint8_t *from, size_t n, enum high high)
{
    const struct escape *table = escapes[high == HIGH_STOPS ? HIGH_STAYS : high];
    uint8_t *out = *to;
    size_t done = 0;
    while (done < n) {
        size_t size = n - done;
        chunk c;
        unsigned within = 0xffff;
        if (LIKELY(size >= CHUNK)) {
            size = CHUNK;
            c = chunk_load(from + done);
        } else {
            within >>= CHUNK - size;
            c = chunk_load_part(from + done, size);
        }
        if (high == HIGH_STOPS && UNLIKELY(chunk_high(c)))
            break;
        unsigned special = chunk_escaped(c) & within;
        if (high == HIGH_ESCAPED)
            special |= chunk_high(c);
        if (LIKELY(special == 0)) {
            chunk_store(out, c);
            out += size;
        } else {
            out = print_escapes(out, from + done, size, table);
        }
        done += size;
    }
    *to = out;
    return done;
}

static inline rf_slice slice_behind(rf_slice text, size_t n)
{
    return slice_of(text.ptr + n, text.len - n);
}

/* Writes the rest of a text in parts. It begins between two characters. */
static void put_rest(struct outbuf *out, rf_slice text, enum high high)
{
    while (text.len > 0) {
        size_t part = text.len < TEXT_PART ? text.len : TEXT_PART;
        uint8_t *to = outbuf_reserve(out, part * ESCAPE_MAX + SLACK);
        size_t done = high == HIGH_STAYS     ? print_text(&to, text.ptr, part, HIGH_STAYS)
                      : high == HIGH_ESCAPED ? print_text(&to, text.ptr, part, HIGH_ESCAPED)
                                             : print_text(&to, text.ptr, part, HIGH_STOPS);
        out->pos = to;
        text = slice_behind(text, done);
        if (done < part)
            high = utf8_is_valid(text) ? HIGH_STAYS : HIGH_ESCAPED;
    }
}

/* The fast path: most strings are short and ASCII. */
void json_put_text(struct outbuf *out, char before, rf_slice text, bool base64)
{
    size_t part = text.len < TEXT_PART ? text.len : TEXT_PART;
    uint8_t *to = outbuf_reserve(out, part * ESCAPE_MAX + SLACK + 3);
    *to++ = (uint8_t)before;
    *to++ = '"';
    size_t done = print_text(&to, text.ptr, part, HIGH_STOPS);
    if (UNLIKELY(done < text.len)) {
        if (base64 && !utf8_is_valid(slice_behind(text, done))) {
            json_put_base64_object(out, before, text);
            return;
        }
        out->pos = to;
        put_rest(out, slice_behind(text, done), base64 ? HIGH_STAYS : HIGH_STOPS);
        to = outbuf_reserve(out, 1);
    }
    *to++ = '"';
    out->pos = to;
}

/* --- base64 ------------------------------------------------------------------------------------------ */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { BASE64_PART = 48 * 1024 };

_Static_assert(BASE64_PART % 3 == 0 && BASE64_PART / 3 * 4 <= OUTBUF_RESERVE_MAX,
               "only the last part is padded");

/* Three bytes, or fewer at the end. */
static uint8_t *print_triple(uint8_t *to, const uint8_t *from, size_t n)
{
    uint32_t x = (uint32_t)from[0] << 16 | (n > 1 ? (uint32_t)from[1] << 8 : 0) | (n > 2 ? from[2] : 0);
    to[0] = (uint8_t)digits[x >> 18];
    to[1] = (uint8_t)digits[x >> 12 & 63];
    to[2] = (uint8_t)(n > 1 ? digits[x >> 6 & 63] : '=');
    to[3] = (uint8_t)(n > 2 ? digits[x & 63] : '=');
    return to + 4;
}

uint8_t *base64_print(uint8_t *to, const uint8_t *from, size_t n)
{
    for (; n >= 8; from += 6, n -= 6) {
        uint64_t x = load_be64(from);
        for (int i = 0; i < 8; i++)
            *to++ = (uint8_t)digits[x >> (58 - 6 * i) & 63];
    }
    for (; n > 0; from += n < 3 ? n : 3, n -= n < 3 ? n : 3)
        to = print_triple(to, from, n);
    return to;
}

void json_put_base64(struct outbuf *out, char before, rf_slice bytes)
{
    json_put_char(out, before);
    json_put_char(out, '"');
    for (size_t done = 0; done < bytes.len; done += BASE64_PART) {
        size_t part = bytes.len - done < BASE64_PART ? bytes.len - done : BASE64_PART;
        uint8_t *to = outbuf_reserve(out, (part + 2) / 3 * 4);
        out->pos = base64_print(to, bytes.ptr + done, part);
    }
    json_put_char(out, '"');
}

void json_put_base64_object(struct outbuf *out, char before, rf_slice bytes)
{
    json_put_char(out, before);
    JSON_PUT(out, "{\"base64\"");
    json_put_base64(out, ':', bytes);
    json_put_char(out, '}');
}

/* --- numbers ----------------------------------------------------------------------------------------- */

void json_put_u64(struct outbuf *out, char before, uint64_t n)
{
    uint8_t *p = outbuf_reserve(out, 1 + NUMBER_TEXT_MAX);
    *p++ = (uint8_t)before;
    out->pos = p + number_print_u64(p, n);
}

void json_put_i64(struct outbuf *out, char before, int64_t n)
{
    uint8_t *p = outbuf_reserve(out, 1 + NUMBER_TEXT_MAX);
    *p++ = (uint8_t)before;
    out->pos = p + number_print_i64(p, n);
}

/* JSON cannot represent these; and a bare -0 loses its sign if it is parsed as an integer. */
COLD static void put_unusual_double(struct outbuf *out, char before, double d)
{
    uint8_t text[DOUBLE_TEXT_MAX];
    rf_slice name = {text, double_print(text, d)};
    if (isfinite(d)) {
        json_put_char(out, before);
        JSON_PUT(out, "-0.0");
    } else {
        json_put_text(out, before, name, false);
    }
}

void json_put_double(struct outbuf *out, char before, double d)
{
    if (UNLIKELY(!isfinite(d) || (d == 0 && signbit(d)))) {
        put_unusual_double(out, before, d);
        return;
    }
    uint8_t *p = outbuf_reserve(out, 1 + DOUBLE_TEXT_MAX);
    *p++ = (uint8_t)before;
    out->pos = p + double_print(p, d);
}
