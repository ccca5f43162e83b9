/* SPDX-License-Identifier: MIT */
/* Keys with plain strings as SET, and PEXPIREAT if they expire. */
#include "command/encoder.h"
#include "rdb/strings.h"

#define SET       "*3\r\n$3\r\nSET\r\n"
#define PEXPIREAT "*3\r\n$9\r\nPEXPIREAT\r\n"

static inline uint8_t *put_text(uint8_t *p, const char *text, size_t n)
{
    memcpy(p, text, n);
    return p + n;
}

static inline uint8_t *put_expiry(uint8_t *p, const rf_string *key)
{
    uint8_t text[NUMBER_TEXT_MAX];
    p = resp_print_bulk(put_text(p, PEXPIREAT, sizeof PEXPIREAT - 1), key->key);
    return resp_print_bulk(p, slice_of(text, number_print_i64(text, key->expire_ms)));
}

/* A key that has got a long name. */
COLD static void put_long(struct outbuf *out, const rf_string *key, rf_slice value)
{
    outbuf_put(out, SET, sizeof SET - 1);
    resp_bulk(out, key->key);
    resp_bulk(out, value);
    if (key->expire_ms == RF_NO_EXPIRY)
        return;
    outbuf_put(out, PEXPIREAT, sizeof PEXPIREAT - 1);
    resp_bulk(out, key->key);
    resp_bulk_i64(out, key->expire_ms);
}

static inline void put_string(struct outbuf *out, const rf_string *key)
{
    uint8_t scratch[NUMBER_TEXT_MAX];
    const rf_slice value = strings_text(key->stored, scratch);
    const size_t most = sizeof SET + sizeof PEXPIREAT + 2 * (key->key.len + BULK_EXTRA) + value.len +
                        BULK_EXTRA + NUMBER_TEXT_MAX + BULK_EXTRA;
    if (UNLIKELY(most > OUTBUF_RESERVE_MAX)) {
        put_long(out, key, value);
        return;
    }
    uint8_t *p = put_text(outbuf_reserve(out, most), SET, sizeof SET - 1);
    p = resp_print_bulk(resp_print_bulk(p, key->key), value);
    out->pos = key->expire_ms == RF_NO_EXPIRY ? p : put_expiry(p, key);
}

void encoder_put_strings(struct encoder *e, const rf_strings *strings)
{
    encoder_append(e, strings->db, (rf_slice){0});
    for (size_t i = 0; i < strings->count; i++)
        put_string(e->out, &strings->keys[i]);
}
