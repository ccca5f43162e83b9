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

/* `length`: of the whole key; `key` may be only its first bytes. */
static void put_key(rf_slice key, size_t length)
{
    bool is_cut = length > key.len;
    putchar_unlocked('"');
    while (key.len > 0) {
        size_t n = 0;
        while (n < key.len && is_plain(key.ptr[n]))
            n++;
        fwrite_unlocked(key.ptr, 1, n, stdout);
        if (n == 0) {
            char character[CHARACTER_TEXT];
            n = text_character(key, character);
            fputs_unlocked(*character == '"' ? "\"\"" : character, stdout);
        }
        key.ptr += n;
        key.len -= n;
    }
    fputs_unlocked(is_cut ? "...\"" : "\"", stdout);
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

bool inspect_put_csv_row(const struct key_row *row)
{
    char before[64];
    char *end = put_number(before, (uint64_t)row->db);
    end = stpcpy(stpcpy(stpcpy(end, ","), rf_type_name(row->type)), ",");
    fwrite_unlocked(before, 1, (size_t)(end - before), stdout);
    put_key(row->key, row->length);
    char after[256];
    end = put_number(stpcpy(after, ","), row->measure.memory);
    end = stpcpy(stpcpy(end, ","), row->encoding->name);
    end = put_number(stpcpy(end, ","), row->measure.elements);
    end = put_number(stpcpy(end, ","), row->measure.longest);
    *end++ = ',';
    if (row->expire_ms != RF_NO_EXPIRY)
        end += strlen(format_time(row->expire_ms, end));
    *end++ = '\n';
    fwrite_unlocked(after, 1, (size_t)(end - after), stdout);
    return !ferror_unlocked(stdout);
}
