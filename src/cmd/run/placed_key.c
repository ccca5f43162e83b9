/* SPDX-License-Identifier: MIT */
/* Packed keys: their number, the keys, and then their tags. */
#include "cmd/run/placed_key.h"

bool placed_keys_pack(struct buffer *out, const struct placed_key *keys, size_t count)
{
    const rf_slice number = {(const uint8_t *)&count, sizeof count};
    const rf_slice all = {(const uint8_t *)keys, count * sizeof *keys};
    bool packed = buffer_append(out, number) && buffer_append(out, all);
    for (size_t i = 0; packed && i < count; i++)
        packed = keys[i].tag.len == 0 || buffer_append(out, keys[i].tag);
    return packed;
}

size_t placed_keys_unpack(rf_slice packed, struct placed_key out[PLACED_KEYS_MOST])
{
    size_t count;
    memcpy(&count, packed.ptr, sizeof count);
    memcpy(out, packed.ptr + sizeof count, count * sizeof *out);
    const uint8_t *tag = packed.ptr + sizeof count + count * sizeof *out;
    for (struct placed_key *key = out; key < out + count; key++)
        if (key->tag.ptr) {
            key->tag.ptr = tag;
            tag += key->tag.len;
        }
    return count;
}
