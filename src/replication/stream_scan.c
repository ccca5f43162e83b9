/* SPDX-License-Identifier: MIT */
/* A state machine over "*<n>\r\n", and n times "$<length>\r\n<bytes>\r\n". */
#include "replication/stream_scan.h"
#include "base/bytes.h"

/* A command has at most this many arguments, and an argument this many bytes, as in servers. */
#define ARGUMENTS_MAX (UINT64_C(1) << 31)
#define STRING_MAX    (UINT64_C(1) << 40)

/* Reads "<digits>\r\n". *done: its end has been reached. */
static bool read_number(struct stream_scan *scan, uint8_t c, uint64_t most, bool *done)
{
    *done = c == '\n';
    if (c == '\r' || *done)
        return scan->has_digit;
    scan->number = scan->number * 10 + (uint64_t)(c - '0');
    scan->has_digit = true;
    return c >= '0' && c <= '9' && scan->number <= most;
}

static bool begin_number(struct stream_scan *scan, uint8_t c, char mark)
{
    scan->number = 0;
    scan->has_digit = false;
    return c == (uint8_t)mark;
}

static bool on_header(struct stream_scan *scan, uint8_t c)
{
    bool done = false, valid = true;
    switch (scan->state) {
    case SCAN_AT_COMMAND:
        valid = begin_number(scan, c, '*');
        scan->state = SCAN_IN_COUNT;
        break;
    case SCAN_IN_COUNT:
        valid = read_number(scan, c, ARGUMENTS_MAX, &done) && (!done || scan->number > 0);
        if (!done)
            break;
        scan->arguments = scan->number;
        scan->index = 0;
        memset(scan->lengths, 0, sizeof scan->lengths);
        scan->state = SCAN_AT_LENGTH;
        break;
    case SCAN_AT_LENGTH:
        valid = begin_number(scan, c, '$');
        scan->state = SCAN_IN_LENGTH;
        break;
    case SCAN_IN_LENGTH:
        valid = read_number(scan, c, STRING_MAX, &done);
        scan->left = scan->number;
        if (done)
            scan->state = scan->left > 0 ? SCAN_IN_STRING : SCAN_AT_END;
        break;
    case SCAN_AT_END:
        valid = c == (scan->has_digit ? '\r' : '\n');
        scan->has_digit = false;
        if (c != '\n')
            break;
        scan->index++;
        scan->state = --scan->arguments > 0 ? SCAN_AT_LENGTH : SCAN_AT_COMMAND;
        break;
    case SCAN_IN_STRING: break;
    }
    return valid;
}

static void on_string(struct stream_scan *scan, rf_slice *in)
{
    size_t n = in->len < scan->left ? in->len : (size_t)scan->left;
    if (scan->index < SCAN_WORDS && scan->number <= SCAN_WORD_MAX) {
        memcpy(scan->words[scan->index] + scan->lengths[scan->index], in->ptr, n);
        scan->lengths[scan->index] += n;
    }
    *in = slice_of(in->ptr + n, in->len - n);
    scan->left -= n;
    if (scan->left == 0)
        scan->state = SCAN_AT_END;
}

enum scan_event stream_scan(struct stream_scan *scan, rf_slice *in)
{
    while (in->len > 0) {
        if (scan->state == SCAN_IN_STRING) {
            on_string(scan, in);
            continue;
        }
        uint8_t c = *in->ptr;
        bool ends = scan->state == SCAN_AT_END;
        *in = slice_of(in->ptr + 1, in->len - 1);
        if (!on_header(scan, c))
            return SCAN_INVALID;
        if (ends && scan->state == SCAN_AT_COMMAND)
            return SCAN_COMMAND;
    }
    return SCAN_MORE;
}

static bool is_word(const struct stream_scan *scan, size_t index, const char *word)
{
    return scan->lengths[index] == strlen(word) &&
           strncasecmp(scan->words[index], word, scan->lengths[index]) == 0;
}

bool stream_scan_is(const struct stream_scan *scan, const char *first, const char *second)
{
    return is_word(scan, 0, first) && (!second || is_word(scan, 1, second));
}
