/* SPDX-License-Identifier: MIT */
/* Rules as text: parses lines and adds rules to a rewrite. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include "transform/rewrite.h"
#include <stdio.h>
#include <stdlib.h>

static rf_code add_flatten(rf_rewrite *rewrite, const char *template, rf_error *error)
{
    return rf_rewrite_flatten(rewrite, template[0] ? template : NULL, error);
}

static rf_code add_prefix_db0(rf_rewrite *rewrite, const char *nothing, rf_error *error)
{
    (void)nothing;
    (void)error;
    rf_rewrite_prefix_db0(rewrite);
    return RF_OK;
}

static const struct word {
    const char *text;
    enum { NOTHING, SOMETHING, EITHER } follows;
    rf_code (*add)(rf_rewrite *rewrite, const char *argument, rf_error *error);
} words[] = {
    {"map-db", SOMETHING, rf_rewrite_map_db},     {"rename", SOMETHING, rf_rewrite_rename},
    {"hash-tag", SOMETHING, rf_rewrite_hash_tag}, {"flatten-dbs", EITHER, add_flatten},
    {"prefix-db0", NOTHING, add_prefix_db0},
};

static const struct word *find_word(const char *line, size_t len)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].text) == len && memcmp(words[i].text, line, len) == 0)
            return &words[i];
    return NULL;
}

/* A trimmed line. */
static rf_code add_line(rf_rewrite *rewrite, const char *line, rf_error *error)
{
    size_t len = strcspn(line, " \t\v\f\r");
    const struct word *word = find_word(line, len);
    const char *argument = line + len;
    while (rewrite_is_space(*argument))
        argument++;
    if (!word)
        return fail(error, RF_E_ARGUMENT, "unknown rule '%.*s%s'", QUOTED(slice_of(line, len)));
    if (word->follows == SOMETHING && !argument[0])
        return fail(error, RF_E_ARGUMENT, "%s needs an argument", word->text);
    if (word->follows == NOTHING && argument[0])
        return fail(error, RF_E_ARGUMENT, "%s takes no argument", word->text);
    return word->add(rewrite, argument, error);
}

/* Prepends the name and the line number to an error's message. */
COLD static void name_line(rf_error *error, const char *name, size_t number)
{
    char message[sizeof error->message];
    memcpy(message, error->message, sizeof message);
    snprintf(error->message, sizeof error->message, "line %zu: %.*s", number, (int)sizeof message - 32,
             message);
    snprintf(error->input, sizeof error->input, "%s", name);
}

static rf_slice trimmed(rf_slice line)
{
    while (line.len > 0 && rewrite_is_space((char)line.ptr[0]))
        line = slice_of(line.ptr + 1, line.len - 1);
    while (line.len > 0 && rewrite_is_space((char)line.ptr[line.len - 1]))
        line.len--;
    return line;
}

static rf_code read_line(rf_rewrite *rewrite, rf_slice line, rf_error *error)
{
    if (line.len == 0 || line.ptr[0] == '#')
        return RF_OK;
    if (memchr(line.ptr, '\0', line.len))
        return fail(error, RF_E_ARGUMENT, "contains a NUL byte");
    char *text = strndup((const char *)line.ptr, line.len);
    if (!text)
        return fail(error, RF_E_MEMORY, "out of memory for a rule");
    rf_code code = add_line(rewrite, text, error);
    free(text);
    return code;
}

rf_code rf_rewrite_rules(rf_rewrite *rewrite, rf_slice text, const char *name, rf_error *error)
{
    unsigned added = rewrite->added;
    rf_slice line;
    for (size_t number = 1; list_next(&text, '\n', &line); number++) {
        rf_code code = read_line(rewrite, trimmed(line), error);
        if (code == RF_OK)
            continue;
        name_line(error, name, number);
        rewrite_take_back(rewrite, added);
        return code;
    }
    return RF_OK;
}
