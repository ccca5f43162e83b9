/* SPDX-License-Identifier: MIT */
/* Digests of keys with plain strings. */
#include "digest/digest_key.h"
#include "rdb/strings.h"

rf_strings_digest rf_digest_strings(const rf_strings *strings)
{
    rf_strings_digest all = {.longest = 0};
    for (size_t i = 0; i < strings->count; i++) {
        const rf_string *key = &strings->keys[i];
        uint8_t printed[NUMBER_TEXT_MAX];
        const rf_slice value = strings_text(key->stored, printed);
        const struct digest_numbers numbers = {RF_STRING, strings->db, key->expire_ms};
        rf_digest_add(&all.sum, digest_key(&numbers, hash_bytes(NULL, value), key->key, false));
        if (i == 0 || value.len > all.bytes) {
            all.longest = i;
            all.bytes = value.len;
        }
    }
    return all;
}
