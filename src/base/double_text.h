/* SPDX-License-Identifier: MIT */
/* Doubles as text: the shortest decimal digits that read back as the same bits (Raffaello Giulietti's
 * Schubfach), and back from text. */
#ifndef BASE_DOUBLE_TEXT_H
#define BASE_DOUBLE_TEXT_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DOUBLE_TEXT_MAX = 32 };

/* Writes `d` in a form that servers accept in commands: "3", "-0.1", "1.5e+300", "inf", "-inf", "nan";
 * integers below 2^53 have no point or exponent. No terminator; returns the length, at most DOUBLE_TEXT_MAX,
 * which `out` must have room for. */
size_t double_print(uint8_t *out, double d);

/* Reads the whole text as strtod does in the C locale, whatever the process's locale: decimal and hexadecimal
 * floats, "inf", "-inf", "infinity", "nan" in any case; no leading space. False if the text is empty, has
 * trailing bytes, or is longer than any such text written by a server (400 bytes). */
bool double_parse(rf_slice text, double *out);

#endif
