/* SPDX-License-Identifier: MIT */
/* Manifests: parsing and printing. */
#include "aof/manifest.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024, FILE_MAX_BYTES = 1 << 20 };

/* --- words ------------------------------------------------------------------------------------------- */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static const char escapes[][2] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'a', '\a'}, {'b', '\b'}};

/* Decodes the escape sequence after a backslash in quotes; *p is moved past it. */
static uint8_t unescape(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *q = *p;
    if (end - q >= 3 && *q == 'x' && hex_digit(q[1]) >= 0 && hex_digit(q[2]) >= 0) {
        *p += 3;
        return (uint8_t)(16 * hex_digit(q[1]) + hex_digit(q[2]));
    }
    *p += 1;
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (*q == (uint8_t)escapes[i][0])
            return (uint8_t)escapes[i][1];
    return *q;
}

/* Copies the next word of a line to `word`, which has room for the whole line. False at the end of the line,
 * or if a quote is not closed. */
static bool next_word(const uint8_t **p, const uint8_t *end, char *word)
{
    while (*p < end && is_space(**p))
        ++*p;
    if (*p == end)
        return false;
    const uint8_t *start = *p;
    bool quoted = *start == '"';
    *p += quoted;
    while (*p < end && (quoted ? **p != '"' : !is_space(**p))) {
        uint8_t c = *(*p)++;
        *word++ = (char)(quoted && c == '\\' && *p < end ? unescape(p, end) : c);
    }
    *word = '\0';
    if (!quoted)
        return true;
    bool closed = *p < end;
    *p = closed ? *p + 1 : start;
    return closed;
}

/* --- lines ------------------------------------------------------------------------------------------- */

static rf_code parse_pair(struct manifest_file *file, const char *name, const char *value, rf_error *error)
{
    if (strcmp(name, "file") == 0) {
        if (strchr(value, '/'))
            return fail(error, RF_E_CORRUPT, "manifest: a file name must not contain a path");
        free(file->name);
        file->name = strdup(value);
        return file->name ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
    }
    if (strcmp(name, "seq") == 0 &&
        (!number_parse_u64(slice_of(value, strlen(value)), &file->seq) || file->seq > INT64_MAX))
        return fail(error, RF_E_CORRUPT, "manifest: invalid sequence number");
    if (strcmp(name, "type") == 0)
        file->type = value[0] && !value[1] && strchr("bhi", value[0]) ? value[0] : '\0';
    return RF_OK;
}

static rf_code parse_line(struct manifest_file *file, rf_slice line, rf_error *error)
{
    char name[LINE_MAX_BYTES + 1], value[LINE_MAX_BYTES + 1];
    const uint8_t *p = line.ptr, *end = line.ptr + line.len;
    while (next_word(&p, end, name)) {
        if (!next_word(&p, end, value))
            return fail(error, RF_E_CORRUPT, "manifest: missing value after '%s'", name);
        TRY(parse_pair(file, name, value, error));
    }
    if (p != end || !file->name || !file->name[0] || file->seq == 0 || !file->type)
        return fail(error, RF_E_CORRUPT, "manifest: a line lacks file, seq or type");
    return RF_OK;
}

/* At most one base, incremental files ascending. */
static rf_code check_order(const struct manifest *manifest, const struct manifest_file *file, rf_error *error)
{
    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_file *before = &manifest->files[i];
        if (file->type == 'b' && before->type == 'b')
            return fail(error, RF_E_CORRUPT, "manifest: more than one base file");
        if (file->type == 'i' && before->type == 'i' && before->seq >= file->seq)
            return fail(error, RF_E_CORRUPT, "manifest: incremental files out of order");
    }
    return RF_OK;
}

static rf_code add_line(struct manifest *manifest, rf_slice line, rf_error *error)
{
    struct manifest_file *files = realloc(manifest->files, (manifest->count + 1) * sizeof *manifest->files);
    if (!files)
        return fail(error, RF_E_MEMORY, "out of memory");
    manifest->files = files;
    struct manifest_file *file = &files[manifest->count];
    *file = (struct manifest_file){0};
    rf_code code = parse_line(file, line, error);
    if (code == RF_OK)
        code = check_order(manifest, file, error);
    if (code != RF_OK) {
        free(file->name);
        return code;
    }
    manifest->count++;
    return RF_OK;
}

static rf_code parse(struct manifest *manifest, rf_slice text, rf_error *error)
{
    while (text.len > 0) {
        const uint8_t *newline = memchr(text.ptr, '\n', text.len);
        size_t len = newline ? (size_t)(newline - text.ptr) : text.len;
        bool comment = text.ptr[0] == '#';
        if (len >= LINE_MAX_BYTES)
            return fail(error, RF_E_CORRUPT, "manifest: line longer than %d bytes", LINE_MAX_BYTES);
        if (!newline && !comment)
            return fail(error, RF_E_CORRUPT, "manifest: last line is not terminated");
        if (!comment)
            TRY(add_line(manifest, (rf_slice){text.ptr, len}, error));
        len += newline != NULL;
        text = (rf_slice){text.ptr + len, text.len - len};
    }
    return manifest->count ? RF_OK : fail(error, RF_E_CORRUPT, "empty manifest");
}

rf_code manifest_parse(struct manifest *manifest, rf_slice text, rf_error *error)
{
    rf_code code = parse(manifest, text, error);
    if (code != RF_OK)
        manifest_free(manifest);
    return code;
}

/* Reads the rest of a file, up to the limit plus one byte. */
static rf_code read_all(int fd, struct buffer *out, rf_error *error)
{
    while (out->len <= FILE_MAX_BYTES) {
        if (!buffer_reserve(out, 4096))
            return fail(error, RF_E_MEMORY, "out of memory");
        ssize_t n = read(fd, out->data + out->len, 4096);
        if (n == 0)
            return RF_OK;
        if (n < 0 && errno != EINTR)
            return fail_errno(error, RF_E_READ, "cannot read the manifest");
        out->len += n > 0 ? (size_t)n : 0;
    }
    return fail(error, RF_E_CORRUPT, "manifest: larger than %d bytes", FILE_MAX_BYTES);
}

rf_code manifest_load(struct manifest *manifest, const char *path, rf_error *error)
{
    struct buffer text = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    rf_code code = fd < 0 ? fail_errno(error, RF_E_READ, "cannot open the manifest")
                          : read_all(fd, &text, error);
    if (code == RF_OK)
        code = manifest_parse(manifest, buffer_slice(&text), error);
    if (code != RF_OK)
        error_input(error, path);
    if (fd >= 0)
        close(fd);
    buffer_free(&text);
    return code;
}

bool manifest_is_name(const char *name)
{
    static const char ending[] = ".manifest";
    size_t n = strlen(name), m = sizeof ending - 1;
    return name[0] != '.' && strncmp(name, "temp-", 5) != 0 && n > m && strcmp(name + n - m, ending) == 0;
}

void manifest_free(struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->count; i++)
        free(manifest->files[i].name);
    free(manifest->files);
    *manifest = (struct manifest){0};
}

/* --- printing ---------------------------------------------------------------------------------------- */

static bool needs_quotes(const char *name)
{
    for (; *name; name++)
        if (*name <= ' ' || *name > '~' || *name == '"' || *name == '\\' || *name == '\'')
            return true;
    return false;
}

static bool append_text(struct buffer *out, const char *text)
{
    return buffer_append(out, slice_of(text, strlen(text)));
}

static bool append_quoted(struct buffer *out, const char *name)
{
    char escape[5];
    bool kept = append_text(out, "\"");
    for (; *name && kept; name++) {
        uint8_t c = (uint8_t)*name;
        if (c == '"' || c == '\\')
            snprintf(escape, sizeof escape, "\\%c", c);
        else if (c < ' ' || c > '~')
            snprintf(escape, sizeof escape, "\\x%02x", c);
        else
            snprintf(escape, sizeof escape, "%c", c);
        kept = append_text(out, escape);
    }
    return kept && append_text(out, "\"");
}

bool manifest_print(struct buffer *out, const struct manifest_file *file)
{
    char rest[48];
    snprintf(rest, sizeof rest, " seq %llu type %c\n", (unsigned long long)file->seq, file->type);
    bool named = append_text(out, "file ") &&
                 (needs_quotes(file->name) ? append_quoted(out, file->name) : append_text(out, file->name));
    return named && append_text(out, rest);
}
