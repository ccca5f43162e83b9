/* SPDX-License-Identifier: MIT */
/* Reads one command at a time; numbers in headers are validated, never trusted. */
#include "resp/resp_header.h"

#include "base/fail.h"
#include "base/number.h"

enum { NAME_MOST = 64 * 1024 };

void resp_arguments_free(struct rf_arguments *command)
{
    buffer_free(&command->argv);
    buffer_free(&command->copy);
}

static rf_slice *argv_of(const struct rf_arguments *command)
{
    return (rf_slice *)(void *)command->argv.data;
}

static bool is_large(const struct rf_arguments *command, uint64_t length)
{
    return command->stream_from > 0 && length >= command->stream_from;
}

/* --- a command that is in the window as a whole --------------------------------------------------------- */

enum { DIGITS_MOST = 9 };

/* "<mark><digits>\r\n" with any number of digits. */
const uint8_t *resp_long_header_end(const uint8_t *p, uint8_t mark, uint64_t *n)
{
    uint64_t value = (uint64_t)p[1] - '0';
    if (p[0] != mark || value > 9)
        return NULL;
    p += 2;
    for (uint64_t digit, digits = 1; (digit = (uint64_t)*p - '0') <= 9; p++, digits++) {
        if (value == 0 || digits == DIGITS_MOST)
            return NULL;
        value = 10 * value + digit;
    }
    *n = value;
    return load_le16(p) == CRLF ? p + 2 : NULL;
}

/* The length of the argument at *p, which is moved to its bytes. False: it is not complete, or large. */
static inline bool begin_argument(const uint8_t **p, const uint8_t *end, uint64_t large, uint64_t *length)
{
    return LIKELY(end - *p >= RESP_HEADER_MAX && (*p = resp_header_end(*p, '$', length)) &&
                  end - *p >= (ptrdiff_t)*length + 2 && *length < large && load_le16(*p + *length) == CRLF);
}

bool resp_read_head(struct command_head *head, const uint8_t *p, const uint8_t *end, uint64_t large)
{
    uint64_t argc, length;
    const uint8_t *header, *name;
    head->first = 0;
    head->row = NULL;
    if (end - p < RESP_HEADER_MAX || !(header = resp_header_end(p, '*', &argc)) || argc == 0)
        return false;
    name = header;
    if (!begin_argument(&name, end, large, &length))
        return false;
    head->argc = argc;
    head->header = (size_t)(header - p);
    head->name = (size_t)(name - p);
    head->length = head->name + length + 2;
    if (head->length > RESP_HEADER_MAX)
        return true;
    head->first = load_le64(p);
    head->second = load_le64(p + 8);
    head->last = load_le64(p + head->length - sizeof head->last);
    return true;
}

bool resp_read_at_once(struct rf_arguments *command)
{
    const uint8_t *start = command->w->pos, *end = command->w->end, *p;
    const uint64_t large = command->stream_from > 0 ? command->stream_from : UINT64_MAX;
    struct command_head *head = &command->head;
    command->argv.len = 0;
    command->repeats = end - start >= RESP_HEADER_MAX && resp_is_head(head, start);
    if (UNLIKELY(!command->repeats) && !resp_read_head(head, start, end, large))
        return false;
    const size_t n = head->argc;
    if (n > (size_t)(end - start) / BULK_LEAST || !buffer_reserve(&command->argv, n * sizeof(rf_slice)))
        return false;
    rf_slice *argument = argv_of(command), *last = argument + n;
    p = start + head->length;
    *argument = (rf_slice){start + head->name, head->length - head->name - 2};
    while (++argument < last) {
        uint64_t length;
        if (UNLIKELY(!begin_argument(&p, end, large, &length)))
            return false;
        *argument = (rf_slice){p, length};
        p += length + 2;
    }
    command->argc = n;
    command->raw = slice_of(start + head->header, (size_t)(p - start) - head->header);
    command->w->pos = p;
    return true;
}

/* --- any command ---------------------------------------------------------------------------------------- */

/* "<mark><digits>\r\n" */
static rf_code read_header(struct window *w, char mark, uint64_t *n)
{
    uint8_t line[NUMBER_TEXT_MAX + 2];
    size_t len = 0;
    TRY(window_need(w, 1));
    if (*w->pos != mark)
        return window_fail(w, RF_E_CORRUPT, "unexpected byte 0x%02x (expected '%c')", *w->pos, mark);
    for (w->pos++;; w->pos++) {
        TRY(window_need(w, 1));
        if (*w->pos == '\n')
            break;
        if (len == sizeof line)
            return window_fail(w, RF_E_CORRUPT, "RESP header is not terminated");
        line[len++] = *w->pos;
    }
    w->pos++;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (!number_parse_u64((rf_slice){line, len}, n))
        return window_fail(w, RF_E_CORRUPT, "RESP header: invalid number");
    return RF_OK;
}

static rf_code read_length(struct window *w, uint64_t *length)
{
    TRY(read_header(w, '$', length));
    if (*length > UINT64_MAX - 2)
        return window_fail(w, RF_E_CORRUPT, "RESP string too long: %llu bytes", (unsigned long long)*length);
    return RF_OK;
}

static rf_code read_terminator(struct window *w)
{
    TRY(window_need(w, 2));
    if (load_le16(w->pos) != CRLF)
        return window_fail(w, RF_E_CORRUPT, "RESP string: length mismatch");
    w->pos += 2;
    return RF_OK;
}

/* An argument whose header has been read. */
static rf_code read_argument(struct rf_arguments *command, uint64_t length)
{
    struct window *w = command->w;
    TRY(window_need(w, length + 2));
    const rf_slice argument = {w->pos, length};
    command->argv.len = command->argc * sizeof argument;
    if (!buffer_append(&command->argv, slice_of(&argument, sizeof argument)))
        return window_fail(w, RF_E_MEMORY, "out of memory for a command of %zu arguments", command->argc);
    w->pos += length;
    TRY(read_terminator(w));
    command->argc++;
    return RF_OK;
}

/* The window moves on when the rest is streamed. */
static rf_code copy_arguments(struct rf_arguments *command)
{
    rf_slice *argv = argv_of(command);
    size_t size = 0;
    for (size_t i = 0; i < command->argc; i++)
        size += argv[i].len;
    command->copy.len = 0;
    if (!buffer_reserve(&command->copy, size + 1))
        return window_fail(command->w, RF_E_MEMORY, "out of memory for a command");
    for (size_t i = 0; i < command->argc; i++) {
        uint8_t *at = command->copy.data + command->copy.len;
        buffer_append(&command->copy, argv[i]);
        argv[i].ptr = at;
    }
    return RF_OK;
}

static __attribute__((noinline)) rf_code read_in_parts(struct rf_arguments *command)
{
    uint64_t n, length;
    command->argc = 0;
    command->raw.len = 0;
    TRY(read_header(command->w, '*', &n));
    if (n == 0)
        return window_fail(command->w, RF_E_CORRUPT, "command without a name");
    while (command->argc < n) {
        TRY(read_length(command->w, &length));
        if (command->argc == 0 && is_large(command, length) && length > NAME_MOST)
            return window_fail(command->w, RF_E_CORRUPT, "command name of %llu bytes",
                               (unsigned long long)length);
        if (command->argc > 0 && is_large(command, length)) {
            command->rest = n - command->argc;
            command->length = length;
            return copy_arguments(command);
        }
        TRY(read_argument(command, length));
    }
    return RF_OK;
}

rf_code resp_read_command(struct rf_arguments *command)
{
    return LIKELY(resp_read_at_once(command)) ? RF_OK : read_in_parts(command);
}

/* --- the rest of a command ------------------------------------------------------------------------------ */

/* Moves on to the next argument of the rest, if there is one. */
static rf_code next_argument(struct rf_arguments *command)
{
    if (command->rest == 1)
        command->rest = 0;
    if (command->rest == 0)
        return RF_OK;
    TRY(read_length(command->w, &command->length));
    command->rest--;
    return RF_OK;
}

/* The bytes of an argument and its terminator. */
static rf_code stream_bytes(struct rf_arguments *command, rf_bytes_fn fn, void *ctx)
{
    struct window *w = command->w;
    while (command->length > 0) {
        window_release(w);
        TRY(window_need(w, 1));
        size_t there = (size_t)(w->end - w->pos);
        size_t n = command->length < there ? command->length : there;
        TRY(fn(ctx, slice_of(w->pos, n)));
        w->pos += n;
        command->length -= n;
    }
    TRY(read_terminator(w));
    return fn(ctx, slice_of("\r\n", 2));
}

/* Of several copies of an entry only one can be streamed or held. */
static rf_code begin_rest(const rf_entry *entry, rf_error *error)
{
    struct rf_arguments *command = entry->rest;
    command->w->error = error;
    return command->rest == entry->rest_count
               ? RF_OK
               : fail(error, RF_E_ARGUMENT, "the rest of this command has been read before");
}

static void end_rest(rf_entry *entry)
{
    entry->rest = NULL;
    entry->rest_count = 0;
}

rf_code rf_command_stream(rf_entry *entry, rf_bytes_fn fn, void *ctx, rf_error *error)
{
    struct rf_arguments *command = entry->rest;
    if (!command)
        return RF_OK;
    TRY(begin_rest(entry, error));
    while (command->rest > 0) {
        uint8_t header[RESP_HEADER_MAX];
        const uint8_t *end = resp_print_header(header, '$', command->length);
        TRY(fn(ctx, slice_of(header, (size_t)(end - header))));
        TRY(stream_bytes(command, fn, ctx));
        TRY(next_argument(command));
    }
    end_rest(entry);
    return RF_OK;
}

rf_code resp_hold_rest(struct rf_arguments *command)
{
    while (command->rest > 0) {
        if (command->length > RF_ARGUMENT_HELD_MAX)
            return window_fail(command->w, RF_E_UNSUPPORTED,
                               "an argument of %llu bytes, more than a server accepts of a client, in a "
                               "command that has to be held in memory",
                               (unsigned long long)command->length);
        TRY(read_argument(command, command->length));
        TRY(next_argument(command));
    }
    return RF_OK;
}

/* The arguments of an entry may have been rewritten. */
static rf_code take_arguments(struct rf_arguments *command, const rf_entry *entry)
{
    if (entry->argv == resp_argv(command))
        return RF_OK;
    command->argv.len = 0;
    if (!buffer_append(&command->argv, slice_of(entry->argv, entry->argc * sizeof *entry->argv)))
        return window_fail(command->w, RF_E_MEMORY, "out of memory for a command");
    command->argc = entry->argc;
    return RF_OK;
}

rf_code rf_command_hold(rf_entry *entry, rf_error *error)
{
    struct rf_arguments *command = entry->rest;
    if (!command)
        return RF_OK;
    TRY(begin_rest(entry, error));
    TRY(take_arguments(command, entry));
    TRY(resp_hold_rest(command));
    entry->argv = resp_argv(command);
    entry->argc = command->argc;
    end_rest(entry);
    return RF_OK;
}

static rf_code ignore_bytes(void *ctx, rf_slice bytes)
{
    (void)ctx, (void)bytes;
    return RF_OK;
}

rf_code resp_skip_rest(struct rf_arguments *command)
{
    while (command->rest > 0) {
        TRY(stream_bytes(command, ignore_bytes, NULL));
        TRY(next_argument(command));
    }
    return RF_OK;
}
