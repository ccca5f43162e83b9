/* SPDX-License-Identifier: MIT */
/* Integers as decimal text and back. */
#include "base/number.h"
#include "base/bytes.h"

static const char pairs[] = "00010203040506070809"
                            "10111213141516171819"
                            "20212223242526272829"
                            "30313233343536373839"
                            "40414243444546474849"
                            "50515253545556575859"
                            "60616263646566676869"
                            "70717273747576777879"
                            "80818283848586878889"
                            "90919293949596979899";

size_t number_length_u64(uint64_t n)
{
    /* 10, 100, ...; 0 also has one digit */
    static const uint64_t powers[] = {
        0,
        10u,
        100u,
        1000u,
        10000u,
        100000u,
        1000000u,
        10000000u,
        100000000u,
        1000000000u,
        10000000000u,
        100000000000u,
        1000000000000u,
        10000000000000u,
        100000000000000u,
        1000000000000000u,
        10000000000000000u,
        100000000000000000u,
        1000000000000000000u,
        10000000000000000000u,
    };
    unsigned bits = 64 - (unsigned)__builtin_clzll(n | 1);
    unsigned guess = bits * 1233 >> 12; /* log10(2) is 1233/4096, nearly */
    return guess + (n >= powers[guess]);
}

/* Exactly eight digits; the four pairs are computed independently. */
static void print_eight(uint8_t *out, uint32_t n)
{
    uint32_t high = n / 10000, low = n % 10000;
    memcpy(out, pairs + high / 100 * 2, 2);
    memcpy(out + 2, pairs + high % 100 * 2, 2);
    memcpy(out + 4, pairs + low / 100 * 2, 2);
    memcpy(out + 6, pairs + low % 100 * 2, 2);
}

size_t number_print_u64(uint8_t *out, uint64_t n)
{
    size_t length = number_length_u64(n);
    uint8_t *to = out + length;
    for (; n >= 100000000; n /= 100000000)
        print_eight(to -= 8, (uint32_t)(n % 100000000));

    uint32_t rest = (uint32_t)n;
    for (; rest >= 100; rest /= 100)
        memcpy(to -= 2, pairs + rest % 100 * 2, 2);
    if (rest >= 10)
        memcpy(to - 2, pairs + rest * 2, 2);
    else
        to[-1] = (uint8_t)('0' + rest);
    return length;
}

size_t number_print_i64(uint8_t *out, int64_t n)
{
    if (n >= 0)
        return number_print_u64(out, (uint64_t)n);
    *out = '-';
    return 1 + number_print_u64(out + 1, -(uint64_t)n);
}

bool number_parse_db(rf_slice text, int64_t *out)
{
    return number_parse_i64(text, out) && *out >= 0 && *out <= INT32_MAX;
}

size_t number_scan_u64(rf_slice text, uint64_t *out)
{
    uint64_t n = 0;
    size_t length = 0;
    for (; length < text.len && text.ptr[length] - (unsigned)'0' <= 9; length++)
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, text.ptr[length] - (unsigned)'0', &n))
            return 0;
    *out = n;
    return length;
}

bool number_parse_u64(rf_slice text, uint64_t *out)
{
    uint64_t n;
    if (text.len - 1 >= NUMBER_TEXT_MAX || (text.ptr[0] == '0' && text.len > 1) ||
        number_scan_u64(text, &n) != text.len)
        return false;
    *out = n;
    return true;
}

bool number_parse_i64(rf_slice text, int64_t *out)
{
    bool negative = text.len > 1 && text.ptr[0] == '-';
    uint64_t n;
    if (negative)
        text = (rf_slice){text.ptr + 1, text.len - 1};
    if (!number_parse_u64(text, &n))
        return false;
    if (n > (uint64_t)INT64_MAX + negative || (negative && n == 0))
        return false;
    *out = (int64_t)(negative ? -n : n);
    return true;
}
