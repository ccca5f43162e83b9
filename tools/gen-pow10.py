#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints src/base/pow10.def: 128-bit powers of ten for printing doubles.

Row k holds g = floor(10^k / 2^e) + 1 as two 64-bit halves, e such that 2^127 <= g < 2^128. The range is
what doubles need: 10^-292 for the largest, 10^324 for the smallest.
"""

FIRST, LAST = -292, 324


def power(k):
    numerator, denominator = (10**k, 1) if k >= 0 else (1, 10**-k)
    e = numerator.bit_length() - denominator.bit_length() - 128
    while True:
        g = (numerator << max(-e, 0)) // (denominator << max(e, 0)) + 1
        if g < 1 << 128:
            return g
        e += 1


print("/* SPDX-License-Identifier: MIT */")
print(f"/* 10^{FIRST} to 10^{LAST}, 128 bits each, rounded up. Made by tools/gen-pow10.py. */")
for k in range(FIRST, LAST + 1):
    g = power(k)
    assert g >> 127 == 1
    print(f"{{0x{g >> 64:016x}, 0x{g & (1 << 64) - 1:016x}}},")
