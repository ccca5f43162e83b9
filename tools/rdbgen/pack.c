/* SPDX-License-Identifier: MIT */
/* Listpacks, ziplists, intsets and zipmaps, laid out as src/codec/ reads them. */
#include "pack.h"

#include "base/number.h"
#include "rdb_out.h"

/* --- any buffer -------------------------------------------------------------------------------------- */

static uint8_t *reserve(struct buffer *to, size_t n)
{
    if (!buffer_reserve(to, n))
        die("out of memory");
    return to->data + to->len;
}

void put(struct buffer *to, rf_slice bytes)
{
    uint8_t *at = reserve(to, bytes.len);
    if (bytes.len)
        memcpy(at, bytes.ptr, bytes.len);
    to->len += bytes.len;
}

void put_text(struct buffer *to, const char *text)
{
    put(to, slice_of(text, strlen(text)));
}

void put_integer(struct buffer *to, int64_t n)
{
    to->len += number_print_i64(reserve(to, NUMBER_TEXT_MAX), n);
}

void put_byte(struct buffer *to, uint8_t byte)
{
    *reserve(to, 1) = byte;
    to->len++;
}

void put_u32le(struct buffer *to, uint32_t x)
{
    store_le32(reserve(to, 4), x);
    to->len += 4;
}

void put_u64le(struct buffer *to, uint64_t x)
{
    store_le64(reserve(to, 8), x);
    to->len += 8;
}

static void put_u32be(struct buffer *to, uint32_t x)
{
    store_be32(reserve(to, 4), x);
    to->len += 4;
}

static void put_u16be(struct buffer *to, uint16_t x)
{
    store_be16(reserve(to, 2), x);
    to->len += 2;
}

/* The lowest `size` bytes of n. */
static void put_le(struct buffer *to, int64_t n, size_t size)
{
    uint8_t bytes[8];
    store_le64(bytes, (uint64_t)n);
    put(to, slice_of(bytes, size));
}

static bool fits(int64_t n, int bits)
{
    int64_t high = n >> (bits - 1);
    return high == 0 || high == -1;
}

/* How many forms longer than it need be an element is, where so many are. */
static int longer(const struct pack *pack, int forms)
{
    bool odd = pack->odd && forms > 0 && rng_below(pack->odd, 16) == 0;
    return odd ? (int)rng_between(pack->odd, 1, (size_t)forms) : 0;
}

/* An integer as a string is the longest form of all. */
static bool is_integer(const struct pack *pack, rf_slice s, int64_t *n)
{
    return number_parse_i64(s, n) && !longer(pack, 1);
}

/* Sixteen bits of count, where 65535 stands for "walk". */
static uint16_t count_field(const struct pack *pack)
{
    return pack->hide_count || pack->count > UINT16_MAX ? UINT16_MAX : (uint16_t)pack->count;
}

/* --- listpack ---------------------------------------------------------------------------------------- */

enum { END = 0xff };

void lp_start(struct pack *pack)
{
    pack->count = 0;
    pack->bytes.len = 0;
    reserve(&pack->bytes, LISTPACK_HEAD);
    pack->bytes.len = LISTPACK_HEAD;
}

/* The size of the element that began at `start`, in 7-bit groups, the highest first. */
static void lp_backlen(struct pack *pack, size_t start)
{
    size_t size = pack->bytes.len - start;
    int more = (size > 127) + (size >= 16383) + (size >= 2097151) + (size >= 268435455);
    put_byte(&pack->bytes, (uint8_t)(size >> (7 * more)));
    while (more-- > 0)
        put_byte(&pack->bytes, (uint8_t)(0x80 | (size >> (7 * more) & 127)));
    pack->count++;
}

void lp_integer(struct pack *pack, int64_t n)
{
    struct buffer *to = &pack->bytes;
    size_t start = to->len;
    enum { ONE_BYTE, TWO_BYTES, MARKED, WIDEST = 5 };
    int form = (n < 0 || n > 127) + !fits(n, 13) + !fits(n, 16) + !fits(n, 24) + !fits(n, 32);
    form += longer(pack, WIDEST - form);
    if (form == ONE_BYTE) {
        put_byte(to, (uint8_t)n);
    } else if (form == TWO_BYTES) {
        put_u16be(to, (uint16_t)(0xc000 | (n & 0x1fff)));
    } else {
        static const size_t sizes[] = {2, 3, 4, 8};
        put_byte(to, (uint8_t)(0xf1 + form - MARKED));
        put_le(to, n, sizes[form - MARKED]);
    }
    lp_backlen(pack, start);
}

static void lp_string(struct pack *pack, rf_slice s)
{
    struct buffer *to = &pack->bytes;
    size_t start = to->len;
    int form = (s.len >= 64) + (s.len >= 4096);
    form += longer(pack, 2 - form);
    if (form == 0) {
        put_byte(to, (uint8_t)(0x80 | s.len));
    } else if (form == 1) {
        put_u16be(to, (uint16_t)(0xe000 | s.len));
    } else {
        put_byte(to, 0xf0);
        put_u32le(to, (uint32_t)s.len);
    }
    put(to, s);
    lp_backlen(pack, start);
}

void lp_element(struct pack *pack, rf_slice s)
{
    int64_t n;
    if (is_integer(pack, s, &n))
        lp_integer(pack, n);
    else
        lp_string(pack, s);
}

rf_slice lp_finish(struct pack *pack)
{
    put_byte(&pack->bytes, END);
    store_le32(pack->bytes.data, (uint32_t)pack->bytes.len);
    store_le16(pack->bytes.data + 4, count_field(pack));
    return buffer_slice(&pack->bytes);
}

/* --- ziplist ----------------------------------------------------------------------------------------- */

void zl_start(struct pack *pack)
{
    pack->count = pack->last_size = 0;
    pack->bytes.len = 0;
    reserve(&pack->bytes, ZIPLIST_HEAD);
    pack->bytes.len = pack->last = ZIPLIST_HEAD;
}

static void zl_prevlen(struct pack *pack)
{
    bool wide = pack->last_size >= 254 || (pack->wide_prevlens && pack->last_size);
    if (wide) {
        put_byte(&pack->bytes, 254);
        put_u32le(&pack->bytes, (uint32_t)pack->last_size);
    } else {
        put_byte(&pack->bytes, (uint8_t)pack->last_size);
    }
}

static void zl_integer(struct pack *pack, int64_t n)
{
    enum { WIDEST = 4 };
    static const struct {
        uint8_t lead, size;
        bool old;
    } kinds[] = {{0xfe, 1, false}, {0xc0, 2, true}, {0xf0, 3, false}, {0xd0, 4, true}, {0xe0, 8, true}};
    if (n >= 0 && n <= 12 && !pack->old_integers && !longer(pack, 1)) {
        put_byte(&pack->bytes, (uint8_t)(0xf1 + n));
        return;
    }
    int i = 0;
    while (!fits(n, 8 * kinds[i].size) || (pack->old_integers && !kinds[i].old))
        i++;
    if (!pack->old_integers)
        i += longer(pack, WIDEST - i);
    put_byte(&pack->bytes, kinds[i].lead);
    put_le(&pack->bytes, n, kinds[i].size);
}

static void zl_string(struct pack *pack, rf_slice s)
{
    int form = (s.len >= 64) + (s.len >= 16384);
    form += longer(pack, 2 - form);
    if (form == 0) {
        put_byte(&pack->bytes, (uint8_t)s.len);
    } else if (form == 1) {
        put_u16be(&pack->bytes, (uint16_t)(0x4000 | s.len));
    } else {
        put_byte(&pack->bytes, 0x80);
        put_u32be(&pack->bytes, (uint32_t)s.len);
    }
    put(&pack->bytes, s);
}

void zl_element(struct pack *pack, rf_slice s)
{
    int64_t n;
    size_t start = pack->bytes.len;
    zl_prevlen(pack);
    if (is_integer(pack, s, &n))
        zl_integer(pack, n);
    else
        zl_string(pack, s);
    pack->last = start;
    pack->last_size = pack->bytes.len - start;
    pack->count++;
}

rf_slice zl_finish(struct pack *pack)
{
    put_byte(&pack->bytes, END);
    store_le32(pack->bytes.data, (uint32_t)pack->bytes.len);
    store_le32(pack->bytes.data + 4, (uint32_t)pack->last);
    store_le16(pack->bytes.data + 8, count_field(pack));
    return buffer_slice(&pack->bytes);
}

/* --- intset ------------------------------------------------------------------------------------------ */

void is_start(struct pack *pack, int64_t lowest, int64_t highest)
{
    bool half = fits(lowest, 32) && fits(highest, 32);
    bool quarter = fits(lowest, 16) && fits(highest, 16);
    pack->count = 0;
    pack->bytes.len = 0;
    put_u32le(&pack->bytes, quarter ? 2 : half ? 4 : 8);
    put_u32le(&pack->bytes, 0);
}

void is_member(struct pack *pack, int64_t n)
{
    put_le(&pack->bytes, n, load_le32(pack->bytes.data));
    pack->count++;
}

rf_slice is_finish(struct pack *pack)
{
    store_le32(pack->bytes.data + 4, (uint32_t)pack->count);
    return buffer_slice(&pack->bytes);
}

/* --- zipmap ------------------------------------------------------------------------------------------ */

void zm_start(struct pack *pack)
{
    pack->count = 0;
    pack->bytes.len = 0;
    put_byte(&pack->bytes, 0);
}

static void zm_length(struct pack *pack, size_t n)
{
    if (n < 254) {
        put_byte(&pack->bytes, (uint8_t)n);
    } else {
        put_byte(&pack->bytes, 254);
        put_u32le(&pack->bytes, (uint32_t)n);
    }
}

void zm_pair(struct pack *pack, rf_slice field, rf_slice value, uint8_t spare_bytes)
{
    zm_length(pack, field.len);
    put(&pack->bytes, field);
    zm_length(pack, value.len);
    put_byte(&pack->bytes, spare_bytes);
    put(&pack->bytes, value);
    for (int i = 0; i < spare_bytes; i++)
        put_byte(&pack->bytes, 'x');
    pack->count++;
}

rf_slice zm_finish(struct pack *pack)
{
    put_byte(&pack->bytes, END);
    pack->bytes.data[0] = pack->hide_count || pack->count > 253 ? 254 : (uint8_t)pack->count;
    return buffer_slice(&pack->bytes);
}
