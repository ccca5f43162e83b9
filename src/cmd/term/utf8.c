/* SPDX-License-Identifier: MIT */
/* UTF-8, sequence by sequence. */
#include "cmd/term/utf8.h"

size_t utf8_next(rf_slice bytes, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = bytes.ptr[0];
    size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint32_t code = length == 1 ? lead : lead & (0xffu >> (length + 1));
    *character = code;
    if (length == 1)
        return 1;
    if (lead < 0xc0 || lead > 0xf7 || length > bytes.len)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes.ptr[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes.ptr[i] & 0x3f);
    }
    *character = code;
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return length;
}

bool utf8_is_control(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } controls[] = {
        {0, 0x1f},          {0x7f, 0x9f},     /* C0, DEL, C1 */
        {0x61c, 0x61c},     {0x200e, 0x200f}, /* directional marks */
        {0x2028, 0x2029},                     /* line, paragraph */
        {0x202a, 0x202e},   {0x2066, 0x2069}, /* embeddings, overrides, isolates */
        {0xfff9, 0xfffb},                     /* annotations */
        {0xe0000, 0xe007f},                   /* tags, which are invisible */
    };
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (character >= controls[i].first && character <= controls[i].last)
            return true;
    return false;
}

bool utf8_valid(rf_slice bytes)
{
    while (bytes.len > 0) {
        uint32_t character;
        size_t length = utf8_next(bytes, &character);
        if (length == 0)
            return false;
        bytes.ptr += length;
        bytes.len -= length;
    }
    return true;
}
