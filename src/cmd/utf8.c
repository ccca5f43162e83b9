/* SPDX-License-Identifier: MIT */
/* UTF-8, sequence by sequence. */
#include "utf8.h"

size_t utf8_length(rf_slice bytes)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = bytes.ptr[0];
    size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    unsigned long code = lead & (0xffu >> (length + 1));

    if (length == 1)
        return 1;
    if (lead < 0xc0 || lead > 0xf7 || length > bytes.len)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes.ptr[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes.ptr[i] & 0x3f);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return length;
}

bool utf8_valid(rf_slice bytes)
{
    while (bytes.len > 0) {
        size_t length = utf8_length(bytes);

        if (length == 0)
            return false;
        bytes.ptr += length;
        bytes.len -= length;
    }
    return true;
}
