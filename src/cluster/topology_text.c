/* SPDX-License-Identifier: MIT */
/* Lines, their words, and errors in them. */
#include "cluster/topology_text.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

rf_code topology_fault(const struct topology_text *text, rf_error *error, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fail(error, RF_E_FORMAT, "%.160s: line %zu: %s", text->name, text->line, what);
}

rf_code topology_unknown(const struct topology_text *text, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    return topology_fault(
        text, error, "not a topology: use CLUSTER NODES output, nodes.conf, nodes.json or a redis:// URL: %s",
        topology_quote(text->rest, quoted));
}

const char *topology_quote(rf_slice piece, char out[TOPOLOGY_QUOTED])
{
    for (size_t i = 0; i < piece.len; i++)
        if (memchr("\r\n", piece.ptr[i], 2))
            piece.len = i;
    size_t length = piece.len < TOPOLOGY_QUOTED ? piece.len : TOPOLOGY_QUOTED - 4;
    for (size_t i = 0; i < length; i++)
        out[i] = piece.ptr[i] >= ' ' && piece.ptr[i] <= '~' ? (char)piece.ptr[i] : '?';
    strcpy(out + length, length < piece.len ? "..." : "");
    return out;
}

void topology_skip(struct topology_text *text, size_t n)
{
    for (const uint8_t *end = text->rest.ptr + n; text->rest.ptr < end; text->rest.ptr++)
        text->line += *text->rest.ptr == '\n';
    text->rest.len -= n;
}

void topology_skip_blanks(struct topology_text *text)
{
    size_t n = 0;
    while (n < text->rest.len && memchr(" \t\r\n", text->rest.ptr[n], 4))
        n++;
    topology_skip(text, n);
}

bool topology_line(struct topology_text *text, rf_slice *line)
{
    if (text->rest.len == 0)
        return false;
    const uint8_t *end = memchr(text->rest.ptr, '\n', text->rest.len);
    *line = slice_of(text->rest.ptr, end ? (size_t)(end - text->rest.ptr) : text->rest.len);
    topology_skip(text, line->len + (end != NULL));
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

bool topology_is_id(rf_slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (!isxdigit(word.ptr[i]))
            return false;
    return word.len == TOPOLOGY_ID;
}

rf_code topology_read_host(const struct topology_text *text, rf_slice word, rf_slice *host, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    if (word.len == 0 || slice_equal(word, SLICE("?")))
        return RF_OK;
    bool printable = word.len <= TOPOLOGY_HOST_MAX;
    for (size_t i = 0; i < word.len && printable; i++)
        printable = word.ptr[i] > ' ' && word.ptr[i] <= '~';
    if (!printable)
        return topology_fault(text, error, "'%s' is not a host", topology_quote(word, quoted));
    *host = word;
    return RF_OK;
}

rf_code topology_read_port(const struct topology_text *text, rf_slice word, int *port, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    uint64_t number;
    if (!number_parse_u64(word, &number) || number > TOPOLOGY_PORT_MAX)
        return topology_fault(text, error, "'%s' is not a port", topology_quote(word, quoted));
    *port = (int)number;
    return RF_OK;
}

rf_code topology_read_range(const struct topology_text *text, rf_slice first, rf_slice last,
                            rf_slot_range *range, rf_error *error)
{
    char from[TOPOLOGY_QUOTED], to[TOPOLOGY_QUOTED];
    uint64_t a, b;
    if (!number_parse_u64(first, &a) || !number_parse_u64(last, &b) || a > b || b >= RF_SLOTS)
        return topology_fault(text, error, "'%s' to '%s' is not a slot range", topology_quote(first, from),
                              topology_quote(last, to));
    *range = (rf_slot_range){(uint16_t)a, (uint16_t)b};
    return RF_OK;
}
