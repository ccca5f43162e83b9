/* SPDX-License-Identifier: MIT */
/* Copying more bytes than are copied inline. */
#include "base/bytes.h"

void bytes_copy_long(uint8_t *to, const uint8_t *from, size_t n)
{
    memcpy(to, from, n);
}
