/* SPDX-License-Identifier: MIT */
#include "replay/position_key.h"

#include "base/bytes.h"
#include "base/list.h"
#include "base/number.h"
#include "replay/slot_letters.h"

static const char start[] = "rdbferry:", end[] = ":position";
enum { START = sizeof start - 1, END = sizeof end - 1 };

static bool append_stream(unsigned stream, struct buffer *out)
{
    uint8_t text[NUMBER_TEXT_MAX];
    return stream == 0 || (buffer_append(out, SLICE(":")) &&
                           buffer_append(out, slice_of(text, number_print_u64(text, stream))));
}

bool position_key_make(const char *run, unsigned stream, int slot, struct buffer *out)
{
    out->len = 0;
    bool good = buffer_append(out, slice_of(start, START)) &&
                buffer_append(out, slice_of(run, strlen(run))) && buffer_append(out, slice_of(end, END)) &&
                append_stream(stream, out);
    if (slot == NO_SLOT)
        return good;
    return good && buffer_append(out, SLICE(":{")) &&
           buffer_append(out, slice_of(slot_letters((unsigned)slot), SLOT_LETTERS)) &&
           buffer_append(out, SLICE("}"));
}

static bool starts_with(rf_slice text, const char *with, size_t length)
{
    return text.len >= length && memcmp(text.ptr, with, length) == 0;
}

static bool is_tag(rf_slice text)
{
    return text.len == SLOT_LETTERS + 3 && starts_with(text, ":{", 2) && text.ptr[text.len - 1] == '}' &&
           is_slot_letter(text.ptr[2]) && is_slot_letter(text.ptr[3]) && is_slot_letter(text.ptr[4]);
}

/* Skips ":1". */
static void skip_stream(rf_slice *rest)
{
    size_t digits = 1;
    if (rest->len < 2 || rest->ptr[0] != ':' || rest->ptr[1] == '0')
        return;
    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9')
        digits++;
    if (digits > 1)
        *rest = slice_of(rest->ptr + digits, rest->len - digits);
}

bool is_position_key(rf_slice name)
{
    size_t run = START;
    if (!starts_with(name, start, START))
        return false;
    while (run < name.len && is_slot_letter(name.ptr[run]))
        run++;
    rf_slice rest = slice_of(name.ptr + run, name.len - run);
    if (run == START || !starts_with(rest, end, END))
        return false;
    rest = slice_of(rest.ptr + END, rest.len - END);
    skip_stream(&rest);
    return rest.len == 0 || is_tag(rest);
}

/* "<input> <offset> <input> <offset>" */
size_t position_print(uint8_t out[POSITION_TEXT], const struct slot_position *position)
{
    const uint64_t numbers[] = {position->after.input, position->after.offset, position->flushed.input,
                                position->flushed.offset};
    uint8_t *p = out;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (i > 0)
            *p++ = ' ';
        p += number_print_u64(p, numbers[i]);
    }
    return (size_t)(p - out);
}

static bool parse_place(rf_slice *text, rf_position *out)
{
    rf_slice input, offset;
    uint64_t number;
    if (!list_next(text, ' ', &input) || !list_next(text, ' ', &offset) ||
        !number_parse_u64(input, &number) || number > UINT32_MAX)
        return false;
    out->input = (uint32_t)number;
    return number_parse_u64(offset, &out->offset);
}

bool position_parse(rf_slice text, struct slot_position *out)
{
    rf_slice more;
    return parse_place(&text, &out->after) && parse_place(&text, &out->flushed) &&
           !list_next(&text, ' ', &more);
}
