/* SPDX-License-Identifier: MIT */
/* Finds the end of a reply, iterates over its elements, and recognizes errors. Lengths are never trusted,
 * only compared with what was received. */
#include "net/reply.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include <strings.h>

static rf_code garbage(struct reply_scan *scan, const char *fault)
{
    scan->fault = fault;
    return RF_E_TARGET;
}

/* The first line, including its type byte, without CRLF. RF_END: it is incomplete. */
static rf_code find_line(struct reply_scan *scan, rf_slice bytes, rf_slice *line)
{
    size_t within = bytes.len < REPLY_LINE_MAX ? bytes.len : REPLY_LINE_MAX;
    const uint8_t *end = within ? memchr(bytes.ptr, '\n', within) : NULL;
    if (!end)
        return within < REPLY_LINE_MAX ? RF_END : garbage(scan, "protocol error: line too long");
    if (memchr(bytes.ptr, '\r', (size_t)(end - bytes.ptr)) != end - 1 || end - bytes.ptr < 2)
        return garbage(scan, "protocol error: bad line");
    *line = (rf_slice){bytes.ptr, (size_t)(end - 1 - bytes.ptr)};
    return RF_OK;
}

/* --- the end of a reply ------------------------------------------------------------------------------ */

/* Parses the number of a ':', '$' or '*' line. Lengths and counts are at least -1, which is nil. */
static bool line_number(rf_slice line, int64_t *number)
{
    return number_parse_i64((rf_slice){line.ptr + 1, line.len - 1}, number) &&
           (*line.ptr == ':' || *number >= -1);
}

/* The maximum size of the rest of the reply. */
static uint64_t bytes_left(const struct reply_scan *scan)
{
    uint64_t limit = scan->limit ? scan->limit : REPLY_MAX;
    return limit > scan->at ? limit - scan->at : 0;
}

/* Finds the end of a string after its line, and adds its size to *size. */
static rf_code find_string(struct reply_scan *scan, rf_slice bytes, uint64_t length, size_t *size)
{
    scan->announced = scan->at + *size + length + 2;
    if (bytes.len - *size < length || bytes.len - *size - length < 2)
        return RF_END;
    const uint8_t *end = bytes.ptr + *size + length;
    if (end[0] != '\r' || end[1] != '\n')
        return garbage(scan, "protocol error: string longer than announced");
    *size += length + 2;
    return RF_OK;
}

/* The minimum size of each unit that a line announces: a byte of a string, or an element of an array. */
static uint64_t least_bytes(uint8_t mark)
{
    return mark == '*' ? 3 : 1;
}

/* Finds the size of one element, without those of an array, of which *count follow. */
static rf_code find_element(struct reply_scan *scan, rf_slice bytes, size_t *size, uint64_t *count)
{
    rf_slice line;
    int64_t number;
    TRY(find_line(scan, bytes, &line));
    *size = line.len + 2;
    *count = 0;
    if (*line.ptr == '+' || *line.ptr == '-')
        return RF_OK;
    if (!memchr(":$*", *line.ptr, 3))
        return garbage(scan, "protocol error: not a RESP reply");
    if (!line_number(line, &number))
        return garbage(scan, "protocol error: invalid number");
    if (*line.ptr != ':' && number > 0 && (uint64_t)number > bytes_left(scan) / least_bytes(*line.ptr))
        return garbage(scan, "reply larger than expected");
    if (*line.ptr == '$' && number >= 0)
        return find_string(scan, bytes, (uint64_t)number, size);
    if (*line.ptr == '*' && number > 0)
        *count = (uint64_t)number;
    return RF_OK;
}

/* Counts one element; an array is complete with its last element. */
static void count_down(struct reply_scan *scan)
{
    while (scan->depth > 0 && --scan->left[scan->depth] == 0)
        scan->depth--;
}

rf_code reply_scan(struct reply_scan *scan, rf_slice bytes)
{
    do {
        size_t size;
        uint64_t count;
        rf_slice rest = {bytes.ptr + scan->at, bytes.len - scan->at};
        scan->announced = 0;
        TRY(find_element(scan, rest, &size, &count));
        if (size > bytes_left(scan))
            return garbage(scan, "reply larger than expected");
        scan->at += size;
        if (count == 0) {
            count_down(scan);
            continue;
        }
        if (scan->depth == REPLY_DEPTH)
            return garbage(scan, "protocol error: arrays nested too deeply");
        scan->left[++scan->depth] = count;
    } while (scan->depth > 0);
    return RF_OK;
}

/* --- elements ------------------------------------------------------------------------------------------ */

/* Takes `size` bytes and the two after them off `rest`. */
static rf_slice next_bytes(rf_slice *rest, size_t size)
{
    rf_slice bytes = {rest->ptr, size};
    rest->ptr += size + 2;
    rest->len -= size + 2;
    return bytes;
}

struct reply reply_next(rf_slice *rest)
{
    const uint8_t *end = memchr(rest->ptr, '\r', rest->len);
    rf_slice line = next_bytes(rest, (size_t)(end - rest->ptr));
    rf_slice text = {line.ptr + 1, line.len - 1};
    int64_t number = 0;
    switch (*line.ptr) {
    case '+': return (struct reply){.kind = REPLY_STATUS, .text = text};
    case '-': return (struct reply){.kind = REPLY_ERROR, .text = text};
    default: number_parse_i64(text, &number);
    }
    if (*line.ptr == ':')
        return (struct reply){.kind = REPLY_NUMBER, .number = number};
    if (number < 0)
        return (struct reply){.kind = REPLY_NIL};
    if (*line.ptr == '*')
        return (struct reply){.kind = REPLY_ARRAY, .number = number};
    return (struct reply){.kind = REPLY_STRING, .text = next_bytes(rest, (size_t)number)};
}

void reply_skip(rf_slice *rest, struct reply head)
{
    uint64_t left = head.kind == REPLY_ARRAY ? (uint64_t)head.number : 0;
    for (; left > 0; left--) {
        struct reply element = reply_next(rest);
        if (element.kind == REPLY_ARRAY)
            left += (uint64_t)element.number;
    }
}

bool reply_is_error(struct reply reply, const char *code)
{
    size_t length = strlen(code);
    return reply.kind == REPLY_ERROR && reply.text.len >= length &&
           memcmp(reply.text.ptr, code, length) == 0 &&
           (reply.text.len == length || reply.text.ptr[length] == ' ');
}

void reply_text(struct reply reply, char *out, size_t size)
{
    size_t length = reply.text.len < size - 1 ? reply.text.len : size - 1;
    for (size_t i = 0; i < length; i++)
        out[i] = reply.text.ptr[i] >= ' ' && reply.text.ptr[i] <= '~' ? (char)reply.text.ptr[i] : '?';
    out[length] = '\0';
}

/* --- refusals ------------------------------------------------------------------------------------------- */

/* A refusal is recognized by the texts of servers, proxies and services, because it has no error code:
 * "ERR unknown command 'x'" (Redis, Valkey, Predixy, kvrocks), "NOPERM ... no permissions to run the 'x'
 * command", "ERR command 'x' is not allowed" (Codis), "ERR invalid request" (Envoy), and similar. */
static const char *const phrases[] = {
    "unknown command", "unknown redis command", "unsupported command", "not supported", "not allowed",
    "invalid command", "invalid request",       "is disabled",         "to run the ",
};

static bool contains(rf_slice text, const char *phrase)
{
    size_t length = strlen(phrase);
    for (size_t i = 0; i + length <= text.len; i++)
        if (strncasecmp((const char *)text.ptr + i, phrase, length) == 0)
            return true;
    return false;
}

/* "OOM command not allowed when used memory > 'maxmemory'" has its own code, and is transient. */
static bool has_own_code(struct reply reply)
{
    size_t i = 0;
    while (i < reply.text.len && reply.text.ptr[i] >= 'A' && reply.text.ptr[i] <= 'Z')
        i++;
    return i > 1 && !reply_is_error(reply, "ERR") && !reply_is_error(reply, "NOPERM");
}

bool reply_refuses_command(struct reply reply)
{
    if (reply.kind != REPLY_ERROR || has_own_code(reply))
        return false;
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (contains(reply.text, phrases[i]))
            return true;
    return false;
}

/* --- limits of size, by command ------------------------------------------------------------------------- */

#define MIB (UINT64_C(1) << 20)

static const struct {
    const char *command, *subcommand; /* NULL: any */
    uint64_t limit;
} limits[] = {
    {"DUMP", NULL, REPLY_MAX},
    {"FUNCTION", "LIST", REPLY_MAX},
    {"SCAN", NULL, 1024 * MIB}, /* key names may be long, too */
    {"CLIENT", "LIST", 64 * MIB},
    {"CLUSTER", NULL, 32 * MIB}, /* 16,384 slot ranges, each with its replicas */
    {"SENTINEL", NULL, 16 * MIB},
    {"INFO", NULL, 4 * MIB},
    {"MODULE", NULL, MIB},
    {"CONFIG", "GET", MIB},
    {"COMMAND", NULL, 4 * MIB},
    {"ACL", NULL, MIB},
};

uint64_t reply_limit(const rf_slice *argv, size_t argc)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (slice_is_word(argv[0], limits[i].command) &&
            (!limits[i].subcommand || (argc > 1 && slice_is_word(argv[1], limits[i].subcommand))))
            return limits[i].limit;
    return REPLY_MAX_STATUS;
}
