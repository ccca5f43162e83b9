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

size_t command_take_header(rf_slice *rest)
{
    const uint8_t *p = rest->ptr;
    size_t argc = parse_header(&p);
    *rest = slice_of(p, (size_t)(rest->ptr + rest->len - p));
    return argc;
}

rf_slice command_take_argument(rf_slice *rest)
{
    const uint8_t *p = rest->ptr;
    size_t length = parse_header(&p);
    const uint8_t *end = p + length + 2;
    *rest = slice_of(end, (size_t)(rest->ptr + rest->len - end));
    return slice_of(p, length);
}

bool command_take(rf_slice *rest, struct command *out)
{
    if (rest->len == 0)
        return false;
    const uint8_t *start = rest->ptr;
    out->argc = command_take_header(rest);
    for (size_t i = 0; i < out->argc; i++) {
        const rf_slice argument = command_take_argument(rest);
        if (i < COMMAND_ARGS)
            out->argv[i] = argument;
    }
    out->whole = slice_of(start, (size_t)(rest->ptr - start));
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
