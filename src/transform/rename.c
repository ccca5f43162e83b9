/* SPDX-License-Identifier: MIT */
/* Renames by regular expressions. The most frequent patterns, "^" and literal bytes, are implemented as a
 * comparison. */
#include "transform/rename.h"
#include "base/list.h"
#include "transform/new_name.h"
#include "transform/regex.h"
#include <stdlib.h>

/* A part of a replacement: literal bytes, or a group. */
struct piece {
    size_t from, len;
    int group; /* BYTES: none */
};

enum { BYTES = -1 };

struct rename {
    struct regex *regex;   /* NULL: `prefix` is matched */
    struct buffer prefix;  /* the pattern is "^" and these bytes */
    struct buffer instead; /* the replacement of the prefix */
    struct buffer text;    /* the replacement's literal bytes */
    struct piece *pieces;  /* of the replacement */
    size_t count;
    bool all, caseless; /* flags g and i */
    bool shared;        /* all but the regex belongs to another one */
};

/* --- parsing an expression -------------------------------------------------------------------------- */

/* The parts of s/RE/REPL/flags, unparsed. */
struct parts {
    uint8_t delimiter;
    rf_slice pattern, replacement, flags;
};

/* The text before the next delimiter; false if there is none. */
static bool parse_part(rf_slice *rest, uint8_t delimiter, rf_slice *part)
{
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] == delimiter) {
            *part = slice_of(rest->ptr, i);
            *rest = slice_of(rest->ptr + i + 1, rest->len - i - 1);
            return true;
        }
        i += rest->ptr[i] == '\\';
    }
    return false;
}

static bool parse_parts(rf_slice expression, struct parts *out)
{
    if (expression.len < 2 || expression.ptr[0] != 's' || expression.ptr[1] == '\\')
        return false;
    out->delimiter = expression.ptr[1];
    out->flags = slice_of(expression.ptr + 2, expression.len - 2);
    return parse_part(&out->flags, out->delimiter, &out->pattern) &&
           parse_part(&out->flags, out->delimiter, &out->replacement);
}

static bool read_flags(struct rename *rename, rf_slice flags)
{
    for (size_t i = 0; i < flags.len; i++) {
        rename->all |= flags.ptr[i] == 'g';
        rename->caseless |= flags.ptr[i] == 'i';
        if (flags.ptr[i] != 'g' && flags.ptr[i] != 'i')
            return false;
    }
    return true;
}

/* --- the pattern ------------------------------------------------------------------------------------ */

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_punctuation(uint8_t c)
{
    return c > ' ' && c <= '~' && !is_alphanumeric(c);
}

/* Copies the pattern for the regular expression compiler to `out`, which has room. An escaped delimiter may
 * stay escaped, unless it is a letter or a digit: those are literal without the backslash only. */
static void copy_pattern(const struct parts *parts, struct buffer *out)
{
    const uint8_t *from = parts->pattern.ptr;
    for (size_t i = 0; i < parts->pattern.len; i++) {
        bool escape = from[i] == '\\'; /* something follows it, or the delimiter would not have been one */
        if (!escape || from[i + 1] != parts->delimiter || !is_alphanumeric(from[i + 1]))
            out->data[out->len++] = from[i];
        if (escape)
            out->data[out->len++] = from[++i];
    }
}

/* Whether a pattern is "^" and literal bytes, which are copied to `out`, which has room. */
static bool read_prefix(rf_slice pattern, struct buffer *out)
{
    static const char special[] = {'\\', '^', '$', '.', '[', '|', '(', ')', '?', '*', '+', '{'};
    if (pattern.len == 0 || pattern.ptr[0] != '^')
        return false;
    for (size_t i = 1; i < pattern.len; i++) {
        if (pattern.ptr[i] == '\\' && i + 1 < pattern.len && is_punctuation(pattern.ptr[i + 1]))
            i++;
        else if (memchr(special, pattern.ptr[i], sizeof special))
            return false;
        out->data[out->len++] = pattern.ptr[i];
    }
    return true;
}

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory for a rename rule");
}

static rf_code read_pattern(struct rename *rename, const struct parts *parts, rf_error *error)
{
    struct buffer pattern = {0};
    if (!buffer_reserve(&pattern, parts->pattern.len) ||
        !buffer_reserve(&rename->prefix, parts->pattern.len)) {
        buffer_free(&pattern);
        return out_of_memory(error);
    }
    copy_pattern(parts, &pattern);
    rf_code code = RF_OK;
    if (rename->caseless || !read_prefix(buffer_slice(&pattern), &rename->prefix))
        code = regex_new(buffer_slice(&pattern), rename->caseless, &rename->regex, error);
    buffer_free(&pattern);
    return code;
}

/* --- the replacement -------------------------------------------------------------------------------- */

/* Requires room in the text and the pieces. */
static void add_byte(struct rename *rename, uint8_t c)
{
    if (rename->count == 0 || rename->pieces[rename->count - 1].group != BYTES)
        rename->pieces[rename->count++] = (struct piece){.from = rename->text.len, .group = BYTES};
    rename->pieces[rename->count - 1].len++;
    rename->text.data[rename->text.len++] = c;
}

static rf_code add_group(struct rename *rename, int group, rf_error *error)
{
    size_t groups = rename->regex ? regex_group_count(rename->regex) : 1;
    if ((size_t)group >= groups)
        return fail(error, RF_E_ARGUMENT, "the replacement uses \\%d, but the pattern has no such group",
                    group);
    rename->pieces[rename->count++] = (struct piece){.group = group};
    return RF_OK;
}

static rf_code add_escaped(struct rename *rename, uint8_t c, uint8_t delimiter, rf_error *error)
{
    if (c == delimiter || c == '\\' || c == '&') {
        add_byte(rename, c);
        return RF_OK;
    }
    if (c >= '0' && c <= '9')
        return add_group(rename, c - '0', error);
    return fail(error, RF_E_ARGUMENT, "invalid escape \\%c in the replacement", c);
}

static rf_code read_replacement(struct rename *rename, const struct parts *parts, rf_error *error)
{
    rf_slice from = parts->replacement;
    rename->pieces = calloc(from.len + 1, sizeof *rename->pieces);
    if (!rename->pieces || !buffer_reserve(&rename->text, from.len))
        return out_of_memory(error);
    for (size_t i = 0; i < from.len; i++) {
        uint8_t c = from.ptr[i];
        if (c == '\\')
            TRY(add_escaped(rename, from.ptr[++i], parts->delimiter, error));
        else if (c == '&')
            TRY(add_group(rename, 0, error));
        else
            add_byte(rename, c);
    }
    return RF_OK;
}

static rf_slice group_of(const struct rename *rename, rf_slice name, int group)
{
    return rename->regex ? regex_group(rename->regex, name, (size_t)group) : buffer_slice(&rename->prefix);
}

/* Appends the replacement for the match in `name`. */
static rf_code put_replacement(const struct rename *rename, rf_slice name, struct buffer *out,
                               rf_error *error)
{
    for (size_t i = 0; i < rename->count; i++) {
        const struct piece *piece = &rename->pieces[i];
        rf_slice bytes = piece->group == BYTES ? slice_of(rename->text.data + piece->from, piece->len)
                                               : group_of(rename, name, piece->group);
        TRY(name_append(out, bytes, error));
    }
    return RF_OK;
}

/* --- the whole -------------------------------------------------------------------------------------- */

static rf_code read_expression(struct rename *rename, rf_slice expression, rf_error *error)
{
    struct parts parts;
    if (!parse_parts(expression, &parts) || !read_flags(rename, parts.flags))
        return fail(error, RF_E_ARGUMENT,
                    "invalid rename '%.*s%s': use s/RE/REPL/, optionally followed by g or i",
                    QUOTED(expression));
    TRY(read_pattern(rename, &parts, error));
    TRY(read_replacement(rename, &parts, error));
    return rename->regex ? RF_OK : put_replacement(rename, (rf_slice){0}, &rename->instead, error);
}

rf_code rename_new(rf_slice expression, struct rename **out, rf_error *error)
{
    struct rename *rename = calloc(1, sizeof *rename);
    if (!rename)
        return out_of_memory(error);
    rf_code code = read_expression(rename, expression, error);
    if (code == RF_OK)
        *out = rename;
    else
        rename_free(rename);
    return code;
}

void rename_free(struct rename *rename)
{
    if (!rename)
        return;
    regex_free(rename->regex);
    if (!rename->shared) {
        buffer_free(&rename->prefix);
        buffer_free(&rename->instead);
        buffer_free(&rename->text);
        free(rename->pieces);
    }
    free(rename);
}

struct rename *rename_share(const struct rename *from)
{
    struct rename *rename = malloc(sizeof *rename);
    if (!rename)
        return NULL;
    *rename = *from;
    rename->shared = true;
    if (from->regex && !(rename->regex = regex_share(from->regex))) {
        free(rename);
        return NULL;
    }
    return rename;
}

static bool begins_with(rf_slice name, const struct buffer *prefix)
{
    return name.len >= prefix->len && (prefix->len == 0 || memcmp(name.ptr, prefix->data, prefix->len) == 0);
}

/* A slice without its first n bytes. */
static rf_slice skip_prefix(rf_slice name, size_t n)
{
    return n > 0 ? slice_of(name.ptr + n, name.len - n) : name;
}

static rf_code exchange_prefix(const struct rename *rename, rf_slice name, struct buffer *out, bool *matched,
                               rf_error *error)
{
    *matched = begins_with(name, &rename->prefix);
    if (!*matched)
        return RF_OK;
    TRY(name_append(out, buffer_slice(&rename->instead), error));
    return name_append(out, skip_prefix(name, rename->prefix.len), error);
}

/* Continues after a match as Perl does: at its end, and after an empty match not with another empty one at
 * the same position. */
static rf_code replace(struct rename *rename, rf_slice name, struct buffer *out, bool *matched,
                       rf_error *error)
{
    size_t done = 0; /* number of bytes of the name that have been copied or replaced */
    bool found, empty = false;
    *matched = false;
    do {
        TRY(regex_search(rename->regex, name, done, empty, &found, error));
        if (!found)
            break;
        rf_slice match = regex_group(rename->regex, name, 0);
        size_t at = (size_t)(match.ptr - name.ptr);
        TRY(name_append(out, slice_of(name.ptr + done, at - done), error));
        TRY(put_replacement(rename, name, out, error));
        done = at + match.len;
        empty = match.len == 0;
        *matched = true;
    } while (rename->all);
    return *matched ? name_append(out, skip_prefix(name, done), error) : RF_OK;
}

rf_code rename_make(struct rename *rename, rf_slice name, struct buffer *out, bool *matched, rf_error *error)
{
    return rename->regex ? replace(rename, name, out, matched, error)
                         : exchange_prefix(rename, name, out, matched, error);
}

bool rename_is_prefix(const struct rename *rename)
{
    return !rename->regex;
}

bool rename_made(const struct rename *rename, rf_slice name)
{
    return begins_with(name, &rename->instead);
}
