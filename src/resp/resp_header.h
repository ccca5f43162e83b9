/* SPDX-License-Identifier: MIT */
/* Headers of RESP in memory, as servers write them: "<mark><digits>\r\n" without leading zeros. */
#ifndef RESP_RESP_HEADER_H
#define RESP_RESP_HEADER_H

#include "resp/resp_read.h"
#include "resp/resp_write.h"

enum { CRLF = '\r' | '\n' << 8, BULK_LEAST = sizeof "$0\r\n\r\n" - 1 };

/* One of any number of digits. */
const uint8_t *resp_long_header_end(const uint8_t *p, uint8_t mark, uint64_t *n);

/* Where the header at p ends, of RESP_HEADER_MAX bytes at most. NULL: it is something else.
 * What is expected of the bytes is taken away from them, so that only digits may be left. Where the next
 * header is depends on the number, which is therefore read apart from that, with as few steps as possible. */
static inline const uint8_t *resp_header_end(const uint8_t *p, uint8_t mark, uint64_t *n)
{
    const uint64_t bytes = load_le64(p);
    const uint64_t short_one = mark | '0' << 8 | (uint64_t)CRLF << 16;
    const uint64_t long_one = mark | '0' << 8 | '0' << 16 | (uint64_t)CRLF << 24;
    const uint32_t of_four = (uint32_t)(bytes ^ short_one);
    const uint64_t of_five = (bytes ^ long_one) << 24;
    if (LIKELY((of_four >> 8 | of_four << 24) <= 9)) {
        *n = p[1] - (uint64_t)'0';
        return p + 4;
    }
    const uint64_t digits = of_five >> 32 | of_five << 32;
    if (LIKELY(digits <= 0x909 && (digits & 0xff) - 1 < 9)) {
        *n = UINT64_C(10) * p[1] + p[2] - 11 * '0';
        return p + 5;
    }
    uint64_t number = 0;
    p = resp_long_header_end(p, mark, &number);
    *n = number;
    return p;
}

_Static_assert(RESP_HEADER_MAX <= 3 * sizeof(uint64_t), "a head is compared as a whole");
static inline bool resp_is_head(const struct command_head *head, const uint8_t *p)
{
    return load_le64(p) == head->first && head->first != 0 &&
           load_le64(p + head->length - sizeof head->last) == head->last &&
           (head->length <= 16 || load_le64(p + 8) == head->second);
}

/* Reads the head of a command at p; false: it is not complete, or something else. */
bool resp_read_head(struct command_head *head, const uint8_t *p, const uint8_t *end, uint64_t large);

#endif
