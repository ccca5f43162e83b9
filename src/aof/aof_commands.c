/* SPDX-License-Identifier: MIT */
/* Finds the borders of plain commands, in one pass over the window:
 *
 *     *3\r\n$3\r\nSET\r\n   $4\r\n key1 \r\n   $5\r\n value \r\n
 *            head                key                rest
 *
 * Everything else ends the run: other commands, headers that servers do not write so, and what is not in the
 * window as a whole. Few different heads make up a log, and they follow each other in few ways: what is known
 * of them is kept. */
#include "aof/aof_commands.h"
#include "command/command_expiry.h"
#include "command/command_keys.h"
#include "resp/resp_header.h"

/* Of what is read. Up to `last`, two headers are in the window. */
struct bounds {
    const uint8_t *last, *end;
    uint64_t large;
};

/* Where a head is kept: by the number of arguments, and the first letters of the name. */
static inline struct aof_head *place_of(struct aof_reader *r, const uint8_t *p)
{
    const uint64_t start = load_le64(p) ^ (uint64_t)load_le32(p + 8) << 32;
    return &r->heads[start * UINT64_C(0x9e3779b97f4a7c15) >> (64 - AOF_HEAD_BITS)];
}

static bool is_plain(const struct command_row *row, size_t argc)
{
    return row && command_row_has_first_key(row, argc) && command_row_accepts(row, argc) &&
           argc <= command_relative_from(row);
}

/* A name of two words is not looked for, and not found. */
static void learn_head(struct command_head *head, const uint8_t *p, const struct bounds *bounds)
{
    if (!resp_read_head(head, p, bounds->end, bounds->large))
        return;
    const rf_slice name = {p + head->name, head->length - head->name - 2};
    const struct command_row *row = command_row_look_up(&name, 1);
    head->row = is_plain(row, head->argc) ? row : NULL;
}

static __attribute__((noinline)) struct aof_head *look_up(struct aof_reader *r, const uint8_t *p,
                                                          const struct bounds *bounds)
{
    struct aof_head *head = place_of(r, p);
    if (!resp_is_head(&head->head, p))
        learn_head(&head->head, p, bounds);
    return head;
}

/* The head at p, after another one. */
static inline struct aof_head *head_after(struct aof_reader *r, struct aof_head *before, const uint8_t *p,
                                          const struct bounds *bounds)
{
    struct aof_head *head = &r->heads[before->next];
    if (LIKELY(resp_is_head(&head->head, p)))
        return head;
    head = look_up(r, p, bounds);
    before->next = (unsigned)(head - r->heads);
    return head;
}

/* Moves *p past an argument; false: it is none, or ends after the last place where another one may begin. */
static inline bool take_argument(const uint8_t **p, const struct bounds *bounds, rf_slice *argument)
{
    uint64_t length;
    const uint8_t *start = resp_header_end(*p, '$', &length);
    if (UNLIKELY(!start || (int64_t)length > bounds->last - start - 2 || length >= bounds->large ||
                 load_le16(start + length) != CRLF))
        return false;
    *argument = (rf_slice){start, length};
    *p = start + length + 2;
    return true;
}

/* The command at p, which begins like that; returns where it ends, or NULL: it is another one. */
static inline const uint8_t *read_command(const struct command_head *head, const uint8_t *p,
                                          const struct bounds *bounds, rf_plain_command *command)
{
    if (UNLIKELY(head->first == 0 || !head->row))
        return NULL;
    command->head = (rf_slice){p, head->length};
    p += head->length;
    if (UNLIKELY(!take_argument(&p, bounds, &command->key)))
        return NULL;
    command->rest.ptr = p;
    for (size_t left = head->argc - 2; left > 0; left--) {
        rf_slice argument;
        if (UNLIKELY(!take_argument(&p, bounds, &argument)))
            return NULL;
    }
    command->rest.len = (size_t)(p - command->rest.ptr);
    command->slot = -1;
    return p;
}

/* Returns how many there are. */
static size_t read_commands(struct aof_reader *r, rf_plain_command *commands, size_t most)
{
    const struct window *w = r->w;
    if (w->end - w->pos < 2 * RESP_HEADER_MAX)
        return 0;
    const struct bounds bounds = {.last = w->end - 2 * RESP_HEADER_MAX,
                                  .end = w->end,
                                  .large = r->command.stream_from > 0 ? r->command.stream_from : UINT64_MAX};
    struct aof_head *head = r->heads;
    const uint8_t *p = w->pos;
    size_t count = 0;
    for (; count < most; count++) {
        head = head_after(r, head, p, &bounds);
        if (!(p = read_command(&head->head, p, &bounds, &commands[count])))
            break;
    }
    return count;
}

void aof_commands_peek(struct aof_reader *r, rf_plain_command *commands, size_t most, rf_plain_commands *run)
{
    struct window *w = r->w;
    *run = (rf_plain_commands){.db = r->db, .commands = commands};
    if (!aof_reader_is_between(r))
        return;
    window_release(w);
    run->offset = window_offset(w);
    run->count = read_commands(r, commands, most);
}

void aof_commands_skip(struct aof_reader *r, const rf_plain_command *last)
{
    r->w->pos = last->rest.ptr + last->rest.len;
    aof_reader_skip(r, r->db, r->time);
}
