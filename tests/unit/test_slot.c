/* SPDX-License-Identifier: MIT */
/* Cluster slots: known ones, and the tables against the checksum bit by bit. */
#include "base/bytes.h"
#include "cluster/crc16.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <rdbferry/slot.h>

Test(slot, known_slots)
{
    static const struct {
        const char *key;
        unsigned slot;
    } cases[] = {
        {"123456789", 0x31c3},
        {"foo", 12182},
        {"{user1000}.following", 3443},
        {"foo{}{bar}", 8363},
        {"foo{{bar}}zap", 4015},
        {"foo{bar}{zap}", 5061},
        {"", 0},
        {"{}", 15257},
        {"a{b", 13340},
        {"{a}", 15495},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(rf_slot_of(slice_of(cases[i].key, strlen(cases[i].key))), cases[i].slot, "%s",
                     cases[i].key);
}

Test(slot, a_tag_lies_between_the_first_braces)
{
    static const struct {
        const char *key, *tag;
    } cases[] = {
        {"{user1000}.following", "user1000"},
        {"foo{{bar}}zap", "{bar"},
        {"foo{bar}{zap}", "bar"},
        {"foo{}{bar}", NULL},
        {"a{b", NULL},
        {"a}b{", NULL},
        {"}{a}", "a"},
        {"plain", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rf_slice tag = rf_hash_tag(slice_of(cases[i].key, strlen(cases[i].key)));
        cr_expect_eq(tag.ptr != NULL, cases[i].tag != NULL, "%s", cases[i].key);
        if (cases[i].tag)
            cr_expect(slice_equal(tag, slice_of(cases[i].tag, strlen(cases[i].tag))), "%s", cases[i].key);
    }
}

/* In one search what two functions find; the tag is a part of the key. */
Test(slot, and_tag)
{
    uint64_t state = 4711;
    for (int round = 0; round < 100000; round++) {
        char text[24];
        const size_t n = next_random(&state) % sizeof text;
        for (size_t i = 0; i < n; i++)
            text[i] = "{}ab"[next_random(&state) % 4];
        rf_slice key = exact_copy(text, n), tag = {0}, expected = rf_hash_tag(key);
        const unsigned slot = rf_slot_and_tag(key, &tag);
        const char *open = memchr(text, '{', n);
        const char *close = open ? memchr(open, '}', (size_t)(text + n - open)) : NULL;
        cr_assert_eq(slot, rf_slot_of(expected.ptr ? expected : key));
        cr_assert_eq(tag.ptr, expected.ptr);
        cr_assert_eq(tag.len, expected.len);
        cr_assert_eq(tag.ptr != NULL, close && close > open + 1);
        cr_assert(!tag.ptr ||
                  (tag.ptr == key.ptr + (open - text) + 1 && tag.len == (size_t)(close - open) - 1));
        exact_free(key);
    }
}

static unsigned bit_by_bit(const uint8_t *p, size_t n)
{
    unsigned crc = 0;
    for (; n > 0; n--, p++) {
        crc ^= (unsigned)*p << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
        crc &= 0xffff;
    }
    return crc;
}

Test(slot, both_checksums)
{
    uint64_t state = 4711;
    for (size_t n = 0; n <= 200; n++)
        for (int round = 0; round < 300; round++) {
            uint8_t bytes[200];
            for (size_t i = 0; i < n; i++)
                bytes[i] = round % 3 ? (uint8_t)next_random(&state) : round % 2 ? 0xff : 0;
            rf_slice exact = exact_copy(bytes, n);
            const unsigned expected = bit_by_bit(exact.ptr, n);
            cr_assert_eq(crc16_slicing(exact.ptr, n), expected, "%zu bytes", n);
            cr_assert(!crc16_has_clmul() || crc16_clmul(exact.ptr, n) == expected, "%zu bytes", n);
            exact_free(exact);
        }
}

Test(slot, every_length_of_key)
{
    uint64_t state = 4711;
    for (size_t n = 0; n <= 200; n++) {
        uint8_t bytes[200];
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)next_random(&state) | 0x80; /* no braces */
        rf_slice key = exact_copy(bytes, n);
        cr_expect_eq(rf_slot_of(key), bit_by_bit(key.ptr, n) % RF_SLOTS, "%zu bytes", n);
        exact_free(key);
    }
}
