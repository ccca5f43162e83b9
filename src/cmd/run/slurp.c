/* SPDX-License-Identifier: MIT */
/* Reads a file into memory. */
#include "cmd/run/slurp.h"
#include "base/fail.h"
#include "cmd/options/common_options.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rf_code read_text(FILE *file, const char *path, size_t most, char *text, size_t *size, rf_error *error)
{
    *size = fread(text, 1, most + 1, file);
    if (ferror(file))
        return fail(error, RF_E_READ, "%s: %s", path, strerror(errno));
    if (*size > most)
        return fail(error, RF_E_ARGUMENT, "%s: longer than %zu bytes", path, most);
    text[*size] = '\0';
    return RF_OK;
}

static rf_code read_file(FILE *file, const char *path, size_t most, char **text, size_t *size,
                         rf_error *error)
{
    rf_code code;
    *text = malloc(most + 1);
    if (!*text)
        return fail(error, RF_E_MEMORY, "out of memory");
    code = read_text(file, path, most, *text, size, error);
    if (code != RF_OK)
        free(*text);
    return code;
}

rf_code slurp(const char *path, size_t most, char **text, size_t *size, rf_error *error)
{
    FILE *file;
    rf_code code;
    if (is_dash(path))
        return read_file(stdin, "stdin", most, text, size, error);
    file = fopen(path, "re");
    if (!file)
        return fail(error, RF_E_READ, "%s: %s", path, strerror(errno));
    code = read_file(file, path, most, text, size, error);
    fclose(file);
    return code;
}
