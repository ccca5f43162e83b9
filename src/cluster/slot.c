/* SPDX-License-Identifier: MIT */
/* A key's cluster slot. (Valkey src/cluster.c: keyHashSlot) */
#include "base/bytes.h"
#include "cluster/crc16.h"
#include <rdbferry/slot.h>

static inline rf_slice hash_tag(rf_slice key)
{
    const size_t open = bytes_find(key.ptr, key.len, '{');
    if (LIKELY(open == key.len))
        return (rf_slice){0};
    const rf_slice rest = {key.ptr + open + 1, key.len - open - 1};
    const size_t length = bytes_find(rest.ptr, rest.len, '}');
    return length > 0 && length < rest.len ? slice_of(rest.ptr, length) : (rf_slice){0};
}

rf_slice rf_hash_tag(rf_slice key)
{
    return hash_tag(key);
}

unsigned rf_slot_of_tag(rf_slice tag)
{
    return crc16(tag.ptr, tag.len) % RF_SLOTS;
}

unsigned rf_slot_and_tag(rf_slice key, rf_slice *tag)
{
    const rf_slice found = hash_tag(key);
    *tag = found;
    return rf_slot_of_tag(found.ptr ? found : key);
}

unsigned rf_slot_of(rf_slice key)
{
    rf_slice tag;
    return rf_slot_and_tag(key, &tag);
}
