/* SPDX-License-Identifier: MIT */
/* A reader of JSON. Numbers and words are only told apart by who asks for them. */
#include "json_read.h"
#include "parse.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 8 };

struct reading {
    char *at;
    char path[sizeof((struct json_value *)0)->path];
    int depth;
    struct json_values *values;
};

static bool read_value(struct reading *r);

static void skip_space(struct reading *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

/* Passes over it, if it is next. */
static bool take(struct reading *r, char what)
{
    skip_space(r);
    if (*r->at != what)
        return false;
    r->at++;
    return true;
}

static bool add(struct reading *r, const char *text)
{
    struct json_value *all = realloc(r->values->all, (r->values->count + 1) * sizeof *all);

    if (!all)
        return false;
    r->values->all = all;
    all += r->values->count++;
    memcpy(all->path, r->path, sizeof all->path);
    all->text = text;
    return true;
}

/* What stands behind a backslash; control characters alone are written by number. */
static bool read_escape(struct reading *r, char *out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter = *r->at ? strchr(letters, *r->at) : NULL;
    char digits[5] = "", *end;

    if (letter) {
        *out = meanings[letter - letters];
        r->at++;
        return true;
    }
    if (*r->at++ != 'u' || strnlen(r->at, 4) < 4)
        return false;
    memcpy(digits, r->at, 4);
    *out = (char)strtoul(digits, &end, 16);
    r->at += 4;
    return *end == '\0' && (unsigned char)*out < 0x80 && strncmp(digits, "00", 2) == 0 && *out != '\0';
}

/* Behind the opening quote. NULL: it does not end. */
static char *read_string(struct reading *r)
{
    char *text = r->at, *out = text;

    while (*r->at != '"') {
        if (*r->at == '\0')
            return NULL;
        if (*r->at != '\\')
            *out++ = *r->at++;
        else if (r->at++, !read_escape(r, out++))
            return NULL;
    }
    r->at++;
    *out = '\0';
    return text;
}

/* Reads a value under a longer path. */
static bool read_under(struct reading *r, const char *name)
{
    size_t length = strlen(r->path);
    int more = snprintf(r->path + length, sizeof r->path - length, "%s%s", length ? "." : "", name);
    bool good = more >= 0 && (size_t)more < sizeof r->path - length && read_value(r);

    r->path[length] = '\0';
    return good;
}

static bool read_object(struct reading *r)
{
    const char *name;

    if (take(r, '}'))
        return true;
    do {
        if (!take(r, '"'))
            return false;
        name = read_string(r);
        if (!name || !take(r, ':') || !read_under(r, name))
            return false;
    } while (take(r, ','));
    return take(r, '}');
}

static bool read_array(struct reading *r)
{
    char name[24];
    size_t number = 0;

    if (take(r, ']'))
        return true;
    do {
        snprintf(name, sizeof name, "%zu", number++);
        if (!read_under(r, name))
            return false;
    } while (take(r, ','));
    return take(r, ']');
}

/* A number, true, false or null. It moves one to the left, where a colon, bracket or space has been, so that
 * there is room for its end. */
static bool read_word(struct reading *r)
{
    size_t length = strspn(r->at, "+-.0123456789abcdefghijklmnopqrstuvwxyzE");
    char *word = r->at - 1;

    if (length == 0)
        return false;
    memmove(word, r->at, length);
    word[length] = '\0';
    r->at += length;
    return add(r, word);
}

static bool read_value(struct reading *r)
{
    const char *text;
    bool good;

    if (take(r, '"')) {
        text = read_string(r);
        return text && add(r, text);
    }
    skip_space(r);
    if (*r->at != '{' && *r->at != '[')
        return read_word(r);
    if (++r->depth > DEPTH_MOST)
        return false;
    good = take(r, '{') ? read_object(r) : take(r, '[') && read_array(r);
    r->depth--;
    return good;
}

bool json_read(char *text, struct json_values *out)
{
    struct reading r = {.at = text, .values = out};

    *out = (struct json_values){0};
    skip_space(&r);
    if (*r.at != '{' || !read_value(&r))
        return false;
    skip_space(&r);
    return *r.at == '\0';
}

void json_values_free(struct json_values *values)
{
    free(values->all);
    *values = (struct json_values){0};
}

const char *json_text_at(const struct json_values *values, const char *path)
{
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->all[i].path, path) == 0)
            return values->all[i].text;
    return NULL;
}

bool json_number_at(const struct json_values *values, const char *path, uint64_t *number)
{
    const char *text = json_text_at(values, path);

    return text && parse_count(text, number);
}
