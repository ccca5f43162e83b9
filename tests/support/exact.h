/* SPDX-License-Identifier: MIT */
/* Inputs in allocations of exactly their size, so that AddressSanitizer sees every byte read beyond. */
#ifndef TESTS_EXACT_H
#define TESTS_EXACT_H

#include <ctype.h>
#include <rdbferry/slice.h>
#include <stdlib.h>
#include <string.h>

/* What these return is the caller's to free with exact_free(). */
static inline rf_slice exact_copy(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    if (len)
        memcpy(copy, bytes, len);
    return (rf_slice){len ? copy : copy + 1, len};
}

static inline void exact_free(rf_slice bytes)
{
    free((void *)(uintptr_t)(bytes.len ? bytes.ptr : bytes.ptr - 1));
}

/* Bytes from hexadecimal digits; blanks are skipped. */
static inline rf_slice exact_hex(const char *hex)
{
    uint8_t bytes[1024];
    size_t len = 0;
    for (const char *p = hex; *p && len < sizeof bytes;) {
        if (isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        char pair[3] = {p[0], p[1], '\0'};
        bytes[len++] = (uint8_t)strtoul(pair, NULL, 16);
        p += p[1] ? 2 : 1;
    }
    return exact_copy(bytes, len);
}

/* A small generator whose numbers follow from the seed (xorshift64). */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Calls `walk` with every truncation of `bytes` and with every value of every byte: none may crash. */
static inline void exact_damage(rf_slice bytes, void (*walk)(rf_slice blob))
{
    for (size_t len = 0; len < bytes.len; len++) {
        rf_slice cut = exact_copy(bytes.ptr, len);
        walk(cut);
        exact_free(cut);
    }
    rf_slice changed = exact_copy(bytes.ptr, bytes.len);
    uint8_t *p = (uint8_t *)(uintptr_t)changed.ptr;
    for (size_t i = 0; i < bytes.len; i++)
        for (int flip = 1; flip < 256; flip++) {
            p[i] = (uint8_t)(bytes.ptr[i] ^ flip);
            walk(changed);
            p[i] = bytes.ptr[i];
        }
    exact_free(changed);
}

#endif
