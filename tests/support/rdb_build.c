/* SPDX-License-Identifier: MIT */
#include "support/rdb_build.h"
#include "base/number.h"
#include "codec/crc64.h"
#include "rdb/rdb_write.h"
#include "support/exact.h"

static void append(struct buffer *out, const void *bytes, size_t n)
{
    if (!buffer_append(out, slice_of(bytes, n)))
        abort();
}

/* --- files ------------------------------------------------------------------------------------------- */

void put_bytes(struct build *b, rf_slice bytes)
{
    append(&b->bytes, bytes.ptr, bytes.len);
}

void put_hex(struct build *b, const char *hex)
{
    rf_slice bytes = exact_hex(hex);
    put_bytes(b, bytes);
    exact_free(bytes);
}

void put_u8(struct build *b, uint8_t byte)
{
    append(&b->bytes, &byte, 1);
}

void put_le64(struct build *b, uint64_t n)
{
    uint8_t bytes[8];
    store_le64(bytes, n);
    append(&b->bytes, bytes, sizeof bytes);
}

void put_double(struct build *b, double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    put_le64(b, bits);
}

void put_len(struct build *b, uint64_t n)
{
    uint8_t bytes[RDB_LENGTH_MAX];
    append(&b->bytes, bytes, rdb_put_length(bytes, n));
}

void put_blob(struct build *b, rf_slice bytes)
{
    put_len(b, bytes.len);
    put_bytes(b, bytes);
}

void put_str(struct build *b, const char *text)
{
    put_blob(b, slice_of(text, strlen(text)));
}

void put_id(struct build *b, uint64_t ms, uint64_t seq)
{
    uint8_t bytes[16];
    store_be64(bytes, ms);
    store_be64(bytes + 8, seq);
    append(&b->bytes, bytes, sizeof bytes);
}

void put_key(struct build *b, uint8_t type, const char *key)
{
    put_u8(b, type);
    put_str(b, key);
}

void put_end(struct build *b)
{
    put_u8(b, 0xff);
    put_le64(b, crc64(0, b->bytes.data, b->bytes.len));
}

void build_free(struct build *b)
{
    buffer_free(&b->bytes);
}

/* --- listpacks --------------------------------------------------------------------------------------- */

void listpack_begin(struct pack *p)
{
    static const uint8_t header[6];
    *p = (struct pack){.count = 0};
    append(&p->bytes, header, sizeof header);
}

/* An element's head, its bytes, and how long both are: below 16383 here. */
static void listpack_element(struct pack *p, const uint8_t *head, size_t head_size, rf_slice bytes)
{
    size_t size = head_size + bytes.len;
    uint8_t back[2] = {(uint8_t)(size >> 7), (uint8_t)(size & 0x7f)};
    append(&p->bytes, head, head_size);
    append(&p->bytes, bytes.ptr, bytes.len);
    if (size > 127)
        back[1] |= 0x80;
    append(&p->bytes, size > 127 ? back : back + 1, size > 127 ? 2 : 1);
    p->count++;
}

void listpack_int(struct pack *p, int64_t n)
{
    uint8_t head[9] = {0xf4};
    size_t size = sizeof head;
    if (n >= 0 && n < 128) {
        head[0] = (uint8_t)n;
        size = 1;
    } else if (n >= -4096 && n < 4096) {
        store_be16(head, (uint16_t)(0xc000 | (n & 0x1fff)));
        size = 2;
    } else {
        store_le64(head + 1, (uint64_t)n);
    }
    listpack_element(p, head, size, (rf_slice){0});
}

void listpack_text(struct pack *p, const char *text)
{
    size_t n = strlen(text);
    uint8_t head[2] = {(uint8_t)(0x80 | n)};
    if (n >= 64)
        store_be16(head, (uint16_t)(0xe000 | n));
    listpack_element(p, head, n < 64 ? 1 : 2, slice_of(text, n));
}

rf_slice listpack_end(struct pack *p)
{
    append(&p->bytes, "\xff", 1);
    store_le32(p->bytes.data, (uint32_t)p->bytes.len);
    store_le16(p->bytes.data + 4, (uint16_t)p->count);
    return buffer_slice(&p->bytes);
}

void put_listpack(struct build *b, const char *const *texts)
{
    struct pack p;
    int64_t n;
    listpack_begin(&p);
    for (; *texts; texts++) {
        if (number_parse_i64(slice_of(*texts, strlen(*texts)), &n))
            listpack_int(&p, n);
        else
            listpack_text(&p, *texts);
    }
    put_blob(b, listpack_end(&p));
    pack_free(&p);
}

/* --- ziplists ---------------------------------------------------------------------------------------- */

void ziplist_begin(struct pack *p)
{
    static const uint8_t header[10];
    *p = (struct pack){.last = sizeof header};
    append(&p->bytes, header, sizeof header);
}

void ziplist_text(struct pack *p, const char *text)
{
    size_t n = strlen(text), before = p->count ? p->bytes.len - p->last : 0;
    uint8_t head[2] = {(uint8_t)before, (uint8_t)n};
    p->last = p->bytes.len;
    append(&p->bytes, head, sizeof head);
    append(&p->bytes, text, n);
    p->count++;
}

rf_slice ziplist_end(struct pack *p)
{
    append(&p->bytes, "\xff", 1);
    store_le32(p->bytes.data, (uint32_t)p->bytes.len);
    store_le32(p->bytes.data + 4, (uint32_t)p->last);
    store_le16(p->bytes.data + 8, (uint16_t)p->count);
    return buffer_slice(&p->bytes);
}

void pack_free(struct pack *p)
{
    buffer_free(&p->bytes);
}
