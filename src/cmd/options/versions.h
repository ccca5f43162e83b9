/* SPDX-License-Identifier: MIT */
/* What can be said about a server version that cannot be parsed. */
#ifndef CMD_OPTIONS_VERSIONS_H
#define CMD_OPTIONS_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Formats "a version from 2.8 to 8.12, or from valkey-7.2 to valkey-9.1": the releases that outputs can be
 * written for. Returns `out`. */
const char *versions_form(char *out, size_t size);

/* The release that the text may stand for, in the form that options take: "7" and "redis7" are 7.0, "Valkey
 * 9.1.2" is valkey-9.1. False: none. */
bool versions_guess(const char *text, char *out, size_t size);

#endif
