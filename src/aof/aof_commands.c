/* SPDX-License-Identifier: MIT */
/* Finds the borders of plain commands, in one pass over the window:
 *
 *     *3\r\n$3\r\nSET\r\n   $4\r\n key1 \r\n   $5\r\n value \r\n
 *            head                key                rest
 *
 * Everything else ends the run: other commands, headers that servers do not write so, and what is not in the
 * window as a whole. Few different heads make up a log: what is known of them is kept. */
#include "aof/aof_commands.h"
#include "command/command_expiry.h"
#include "command/command_keys.h"
#include "resp/resp_header.h"

/* Where a head is kept: by the number of arguments, and the first letters of the name. */
static inline struct command_head *place_of(struct aof_reader *r, const uint8_t *p)
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
static __attribute__((noinline)) void learn_head(struct command_head *head, const uint8_t *p,
                                                 const uint8_t *end, uint64_t large)
{
    if (!resp_read_head(head, p, end, large))
        return;
    const rf_slice name = {p + head->name, head->length - head->name - 2};
    const struct command_row *row = command_row_look_up(&name, 1);
    head->row = is_plain(row, head->argc) ? row : NULL;
}

/* The head of a plain command at p; NULL: it is another one. */
static inline const struct command_head *head_of(struct aof_reader *r, const uint8_t *p, const uint8_t *end,
                                                 uint64_t large)
{
    if (end - p < RESP_HEADER_MAX)
        return NULL;
    struct command_head *head = place_of(r, p);
    if (UNLIKELY(!resp_is_head(head, p)))
        learn_head(head, p, end, large);
    return head->first != 0 && head->row ? head : NULL;
}

/* The next command, at p; returns where it ends, or NULL: it is another one. */
static inline const uint8_t *read_command(struct aof_reader *r, const uint8_t *p, const uint8_t *end,
                                          uint64_t large, rf_plain_command *command)
{
    const struct command_head *head = head_of(r, p, end, large);
    uint64_t length;
    if (!head)
        return NULL;
    command->head = (rf_slice){p, head->length};
    p += head->length;
    if (UNLIKELY(!resp_begin_argument(&p, end, large, &length)))
        return NULL;
    command->key = (rf_slice){p, length};
    p += length + 2;
    command->rest.ptr = p;
    for (size_t left = head->argc - 2; left > 0; left--) {
        if (UNLIKELY(!resp_begin_argument(&p, end, large, &length)))
            return NULL;
        p += length + 2;
    }
    command->rest.len = (size_t)(p - command->rest.ptr);
    command->slot = -1;
    return p;
}

/* Returns how many there are. */
static size_t read_commands(struct aof_reader *r, rf_plain_command *commands, size_t most)
{
    const uint64_t large = r->command.stream_from > 0 ? r->command.stream_from : UINT64_MAX;
    const struct window *w = r->w;
    size_t count = 0;
    for (const uint8_t *p = w->pos; count < most; count++)
        if (!(p = read_command(r, p, w->end, large, &commands[count])))
            break;
    return count;
}

/* A command that the end of the block cuts is complete with the next one. */
void aof_commands_peek(struct aof_reader *r, rf_plain_command *commands, size_t most, rf_plain_commands *run)
{
    struct window *w = r->w;
    *run = (rf_plain_commands){.db = r->db, .commands = commands};
    if (!aof_reader_is_between(r))
        return;
    window_release(w);
    run->offset = window_offset(w);
    run->count = read_commands(r, commands, most);
    if (run->count == 0 && window_extend_short(w))
        run->count = read_commands(r, commands, most);
}

void aof_commands_skip(struct aof_reader *r, const rf_plain_command *last)
{
    r->w->pos = last->rest.ptr + last->rest.len;
    aof_reader_skip(r, r->db, r->time);
}
