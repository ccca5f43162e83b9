/* SPDX-License-Identifier: MIT */
/* Parses commands that we have encoded, and writes short ones. */
#include "replay/commands.h"

#include "base/bytes.h"
#include "net/reply.h"
#include "resp/resp_write.h"

/* "<mark><number>\r\n" */
static size_t parse_header(const uint8_t **p)
{
    size_t n = 0;
    for ((*p)++; **p != '\r'; (*p)++)
        n = 10 * n + (size_t)(**p - '0');
    *p += 2;
    return n;
}

bool command_take(rf_slice *rest, struct command *out)
{
    if (rest->len == 0)
        return false;
    const uint8_t *p = rest->ptr;
    out->argc = parse_header(&p);
    for (size_t i = 0; i < out->argc; i++) {
        size_t length = parse_header(&p);
        if (i < COMMAND_ARGS)
            out->argv[i] = slice_of(p, length);
        p += length + 2;
    }
    out->whole = slice_of(rest->ptr, (size_t)(p - rest->ptr));
    *rest = slice_of(p, rest->len - out->whole.len);
    return true;
}

bool command_is_passing(const struct command *command)
{
    static const char *const names[] = {"ASKING", "UNLINK", "DEL"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_equal(command->argv[0], slice_of(names[i], strlen(names[i]))))
            return true;
    return false;
}

bool command_is_control(const struct command *command)
{
    return command->argc == 1 &&
           (slice_equal(command->argv[0], SLICE("ASKING")) || slice_equal(command->argv[0], SLICE("MULTI")));
}

void command_name(rf_slice word, char *out, size_t size)
{
    reply_text((struct reply){.text = word}, out, size);
}

rf_slice command_key(rf_slice commands)
{
    struct command last = {.argc = 0}, command;
    while (command_take(&commands, &command))
        if (command.argc > 1)
            last = command;
    bool renames = last.argc == 3 && last.argv[0].len >= 6 && memcmp(last.argv[0].ptr, "RENAME", 6) == 0;
    if (last.argc < 2)
        return (rf_slice){0};
    return renames ? last.argv[2] : last.argv[1];
}

void command_put(struct outbuf *out, const rf_slice *argv, size_t argc)
{
    resp_array(out, argc);
    for (size_t i = 0; i < argc; i++)
        resp_bulk(out, argv[i]);
}
