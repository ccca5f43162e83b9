/* SPDX-License-Identifier: MIT */
/* Doubles to text and back.
 *
 * Printing is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020). A double c * 2^q is read
 * back from any decimal between the midpoints to its neighbours. With k chosen so that 10^k is just below the
 * width of that interval, one or two multiples of 10^k lie in it, and at most one of 10^(k+1); the shortest
 * is that one, else the closer of the others. Everything is scaled by 4, to represent the midpoints, and
 * rounded to odd, so that comparisons give the exact result. */
#include "base/double_text.h"
#include "base/bytes.h"
#include "base/number.h"
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1075, POW10_FIRST = -292 };

static const uint64_t hidden_bit = (uint64_t)1 << FRACTION_BITS;
static const double two_to_53 = 9007199254740992.0;

/* digits * 10^exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

static const struct pow10 {
    uint64_t high, low;
} pow10_table[] = {
#include "base/pow10.def"
};

/* The logarithms, rounded down, exact for every exponent that a double leads to. */
static int log10_of_pow2(int e)
{
    return e * 1262611 >> 22;
}

static int log10_of_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

static int log2_of_pow10(int e)
{
    return e * 1741647 >> 19;
}

/* g * c / 2^128; any bits lost set the lowest one. The table's rounding error is below 2^64 here, so it stays
 * in the lowest word, which is dropped. */
static uint64_t multiply_to_odd(const struct pow10 *g, uint64_t c)
{
    unsigned __int128 low = (unsigned __int128)g->low * c;
    unsigned __int128 sum = (unsigned __int128)g->high * c + (uint64_t)(low >> 64);
    return (uint64_t)(sum >> 64) | ((uint64_t)sum != 0);
}

static struct decimal without_zeros(struct decimal d)
{
    static const struct {
        uint64_t power;
        int zeros;
    } steps[] = {{100000000, 8}, {10000, 4}, {100, 2}, {10, 1}};
    if (d.digits % 10)
        return d;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (d.digits % steps[i].power == 0) {
            d.digits /= steps[i].power;
            d.exponent += steps[i].zeros;
        }
    return d;
}

/* The shortest decimal for the finite, positive double with these bits. */
static struct decimal shortest(uint64_t bits)
{
    uint64_t fraction = bits & (hidden_bit - 1);
    int biased = (int)(bits >> FRACTION_BITS);
    uint64_t c = biased ? fraction | hidden_bit : fraction;
    int q = (biased ? biased : 1) - EXPONENT_BIAS;
    bool closer_below = fraction == 0 && biased > 1; /* the double below has a smaller exponent */
    uint64_t odd = c & 1;                            /* a midpoint is read back as the even neighbour */

    int k = closer_below ? log10_of_three_quarters_pow2(q) : log10_of_pow2(q);
    int shift = q + log2_of_pow10(-k) + 1;
    const struct pow10 *g = &pow10_table[-k - POW10_FIRST];
    uint64_t lower = multiply_to_odd(g, (4 * c - 2 + closer_below) << shift) + odd;
    uint64_t value = multiply_to_odd(g, (4 * c) << shift);
    uint64_t upper = multiply_to_odd(g, (4 * c + 2) << shift) - odd;

    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
        if (down != up)
            return without_zeros((struct decimal){tens + up, k + 1});
    }
    bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down == up) { /* both are valid: the closer one, or the even one of a tie */
        uint64_t middle = 4 * s + 2;
        up = value > middle || (value == middle && (s & 1));
    }
    return without_zeros((struct decimal){s + up, k});
}

static size_t print_exponent(uint8_t *out, int exponent)
{
    out[0] = 'e';
    out[1] = exponent < 0 ? '-' : '+';
    return 2 + number_print_u64(out + 2, (uint64_t)abs(exponent));
}

/* The digits with a decimal point after the first `point`: printed one position too far right, then
 * shifted. */
static size_t print_point(uint8_t *out, uint64_t digits, int point)
{
    size_t length = number_print_u64(out + 1, digits);
    for (int i = 0; i < point; i++)
        out[i] = out[i + 1];
    out[point] = '.';
    return length + 1;
}

/* With a point or zeros for 1e-6 <= d < 1e21, else with an exponent. */
static size_t print_decimal(uint8_t *out, struct decimal d)
{
    int length = (int)number_length_u64(d.digits);
    int point = length + d.exponent; /* the value is 0.digits * 10^point */

    if (point > 0 && point < length)
        return print_point(out, d.digits, point);
    if (point >= length && point <= 21) {
        number_print_u64(out, d.digits);
        memset(out + length, '0', (size_t)d.exponent);
        return (size_t)point;
    }
    if (point <= 0 && point > -6) {
        memcpy(out, "0.000000", 8);
        return (size_t)(2 - point) + number_print_u64(out + 2 - point, d.digits);
    }
    size_t used = length > 1 ? print_point(out, d.digits, 1) : number_print_u64(out, d.digits);
    return used + print_exponent(out + used, point - 1);
}

static size_t print_text(uint8_t *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out, text, length);
    return length;
}

size_t double_print(uint8_t *out, double d)
{
    if (fabs(d) < two_to_53) {
        int64_t whole = (int64_t)d;
        if ((double)whole == d && (whole != 0 || !signbit(d)))
            return number_print_i64(out, whole);
    }
    if (isnan(d))
        return print_text(out, "nan");
    size_t sign = signbit(d) ? 1 : 0;
    *out = '-';
    out += sign;
    if (isinf(d))
        return sign + print_text(out, "inf");
    if (d == 0)
        return sign + print_text(out, "0");

    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return sign + print_decimal(out, shortest(bits << 1 >> 1));
}

/* Appends the digits at *p to *number; up to 19 of them cannot overflow. */
static int parse_digits(const uint8_t **p, const uint8_t *end, uint64_t *number)
{
    const uint8_t *start = *p;
    for (; *p < end && (unsigned)(**p - '0') <= 9; ++*p)
        *number = *number * 10 + (unsigned)(**p - '0');
    return (int)(*p - start);
}

/* Decimals whose digits and power of ten are both exact doubles: a single, correct rounding (W. Clinger,
 * 1990). False: not such a decimal, or not a number. */
static bool parse_short(rf_slice text, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const int largest = sizeof powers / sizeof *powers - 1;
    if (text.len == 0 || text.len > 24)
        return false;
    const uint8_t *p = text.ptr, *end = p + text.len;
    bool negative = p < end && *p == '-';
    p += negative;

    uint64_t digits = 0, written = 0;
    int whole = parse_digits(&p, end, &digits), fraction = 0;
    if (p < end && *p == '.') {
        p++;
        fraction = parse_digits(&p, end, &digits);
    }
    if (whole + fraction == 0 || whole + fraction > 19 || digits > hidden_bit * 2)
        return false;
    int exponent = 0;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        bool below = p < end && *p == '-';
        p += below || (p < end && *p == '+');
        if (!parse_digits(&p, end, &written) || written > 1000)
            return false;
        exponent = below ? -(int)written : (int)written;
    }
    exponent -= fraction;
    if (p != end || abs(exponent) > largest)
        return false;
    double d = exponent < 0 ? (double)digits / powers[-exponent] : (double)digits * powers[exponent];
    *out = negative ? -d : d;
    return true;
}

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool parse_any(rf_slice text, double *out)
{
    enum { LONGEST = 400 };
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char copy[LONGEST + 1], *end;

    if (text.len == 0 || text.len > LONGEST || *text.ptr == ' ' || (*text.ptr >= '\t' && *text.ptr <= '\r'))
        return false;
    pthread_once(&once, make_c_locale);
    if (!c_locale)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    double d = strtod_l(copy, &end, c_locale);
    if (end != copy + text.len)
        return false;
    *out = d;
    return true;
}

bool double_parse(rf_slice text, double *out)
{
    return parse_short(text, out) || parse_any(text, out);
}
