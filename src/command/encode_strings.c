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

static inline void put_string(struct encoder *e, const rf_string *key)
{
    uint8_t scratch[NUMBER_TEXT_MAX];
    const rf_slice value = strings_text(key->stored, scratch);
    const size_t most = sizeof SET + sizeof PEXPIREAT + 2 * (key->key.len + BULK_EXTRA) + value.len +
                        BULK_EXTRA + NUMBER_TEXT_MAX + BULK_EXTRA;
    uint8_t *p = put_text(outbuf_reserve(e->out, most), SET, sizeof SET - 1);
    p = resp_print_bulk(resp_print_bulk(p, key->key), value);
    if (key->expire_ms != RF_NO_EXPIRY) {
        p = resp_print_bulk(put_text(p, PEXPIREAT, sizeof PEXPIREAT - 1), key->key);
        p = resp_print_bulk(p, slice_of(scratch, number_print_i64(scratch, key->expire_ms)));
    }
    e->out->pos = p;
}

void encoder_put_strings(struct encoder *e, const rf_strings *strings)
{
    encoder_append(e, strings->db, (rf_slice){0});
    for (size_t i = 0; i < strings->count; i++)
        put_string(e, &strings->keys[i]);
}
