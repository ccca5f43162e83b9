/* SPDX-License-Identifier: MIT */
/* Keys as lines of CSV (RFC 4180, but lines end with a newline), with the columns of the memory report of
 * redis-rdb-tools. The key is quoted, and quotes in it are doubled; see text_character() for bytes that are
 * not text. */
#include "cmd/inspect/inspect.h"
#include "cmd/term/text.h"
#include <stdio.h>
#include <string.h>

void inspect_put_csv_head(void)
{
    puts("database,type,key,size_in_bytes,encoding,num_elements,len_largest_element,expiry");
}

static bool is_plain(uint8_t byte)
{
    return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

static bool append(struct buffer *line, const char *text)
{
    return buffer_append(line, slice_of(text, strlen(text)));
}

/* `length`: of the whole key; `key` may be only its first bytes. */
static bool append_key(struct buffer *line, rf_slice key, size_t length)
{
    bool is_cut = length > key.len, good = append(line, "\"");
    while (key.len > 0 && good) {
        size_t n = 0;
        while (n < key.len && is_plain(key.ptr[n]))
            n++;
        good = buffer_append(line, (rf_slice){key.ptr, n});
        if (n == 0) {
            char character[CHARACTER_TEXT];
            n = text_character(key, character);
            good = append(line, *character == '"' ? "\"\"" : character);
        }
        key.ptr += n;
        key.len -= n;
    }
    return good && append(line, is_cut ? "...\"" : "\"");
}

/* Appends to the line; returns its end. */
static char *put_number(char *to, uint64_t number)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return mempcpy(to, at, (size_t)(digits + sizeof digits - at));
}

bool inspect_format_csv_row(struct buffer *line, const struct key_row *row)
{
    char before[64], after[256];
    char *end = put_number(before, (uint64_t)row->db);
    end = stpcpy(stpcpy(stpcpy(end, ","), rf_type_name(row->type)), ",");
    if (!append(line, before) || !append_key(line, row->key, row->length))
        return false;
    end = put_number(stpcpy(after, ","), row->measure.memory);
    end = stpcpy(stpcpy(end, ","), row->encoding->name);
    end = put_number(stpcpy(end, ","), row->measure.elements);
    end = put_number(stpcpy(end, ","), row->measure.longest);
    end = stpcpy(end, ",");
    if (row->expire_ms != RF_NO_EXPIRY)
        end += strlen(format_time(row->expire_ms, end));
    strcpy(end, "\n");
    return append(line, after);
}
