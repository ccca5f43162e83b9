/* SPDX-License-Identifier: MIT */
/* Derives both from the list of releases. */
#include "cmd/options/versions.h"
#include "cmd/options/output_options.h"
#include <rdbferry/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME = 32 };

/* As the options take it: without the name of the project, if that is Redis. */
static const char *name_of(rf_server server, char out[NAME])
{
    snprintf(out, NAME, "%s%d.%d", server.dialect == RF_VALKEY ? "valkey-" : "", server.major, server.minor);
    return out;
}

const char *versions_form(char *out, size_t size)
{
    const rf_server oldest = output_options_min_version(&(struct output_options){0});
    rf_server first[RF_DIALECTS] = {0}, last[RF_DIALECTS] = {0}, release;
    char names[4][NAME];
    for (size_t i = 0; rf_server_release(i, &release); i++) {
        if (!rf_server_at_least(release, oldest))
            continue;
        if (first[release.dialect].major == 0)
            first[release.dialect] = release;
        last[release.dialect] = release;
    }
    snprintf(out, size, "a version from %s to %s, or from %s to %s, or dragonfly",
             name_of(first[RF_REDIS], names[0]), name_of(last[RF_REDIS], names[1]),
             name_of(first[RF_VALKEY], names[2]), name_of(last[RF_VALKEY], names[3]));
    return out;
}

/* The release of these numbers; without a minor one (-1), the oldest of the major one. */
static bool find_release(rf_server wanted, rf_server *out)
{
    for (size_t i = 0; rf_server_release(i, out); i++)
        if (out->dialect == wanted.dialect && out->major == wanted.major &&
            (wanted.minor < 0 || out->minor == wanted.minor))
            return true;
    return false;
}

bool versions_guess(const char *text, char *out, size_t size)
{
    static const char digits[] = "0123456789";
    static const char valkey[] = "valkey";
    rf_server guess = {.dialect = strncasecmp(text, valkey, strlen(valkey)) == 0 ? RF_VALKEY : RF_REDIS};
    const char *number = strpbrk(text, digits);
    char name[NAME];
    if (!number)
        return false;
    const char *rest = number + strspn(number, digits);
    guess.major = atoi(number);
    guess.minor = *rest == '.' && rest[1] ? atoi(rest + 1) : -1;
    if (!find_release(guess, &guess))
        return false;
    snprintf(out, size, "%s", name_of(guess, name));
    return true;
}
