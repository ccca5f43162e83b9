/* SPDX-License-Identifier: MIT */
#include "support/commands.h"
#include "base/bytes.h"
#include "support/exact.h"
#include "support/record.h"
#include <criterion/criterion.h>

enum { ARGUMENT_MAX = 256 };

/* The next argument of a command, up to a blank; its length, or -1 at the end of the command. *text is
 * advanced. */
static int next_argument(const char **text, uint8_t out[ARGUMENT_MAX])
{
    int length = 0;
    const char *at = *text + strspn(*text, " ");
    bool ends = *at == '\0' || *at == '|';
    for (; !ends && *at != '\0' && *at != ' '; at++) {
        char digits[3] = {0};
        cr_assert_lt(length, ARGUMENT_MAX);
        if (at[0] == '\\' && at[1] == 'x') {
            memcpy(digits, at + 2, 2);
            out[length++] = (uint8_t)strtoul(digits, NULL, 16);
            at += 3;
        } else
            out[length++] = (uint8_t)*at;
    }
    *text = at;
    if (length == 2 && memcmp(out, "\"\"", 2) == 0)
        return 0;
    return ends ? -1 : length;
}

static size_t count_arguments(const char *text)
{
    uint8_t argument[ARGUMENT_MAX];
    size_t count = 0;
    while (next_argument(&text, argument) >= 0)
        count++;
    return count;
}

void commands_resp(const char *text, struct buffer *resp)
{
    uint8_t argument[ARGUMENT_MAX];
    int length;
    for (; *text; text += *text == '|') {
        record_text(resp, "*%zu\r\n", count_arguments(text));
        while ((length = next_argument(&text, argument)) >= 0) {
            record_text(resp, "$%d\r\n", length);
            cr_assert(buffer_append(resp, slice_of(argument, (size_t)length)));
            record_text(resp, "\r\n");
        }
    }
}

struct command_text command_of(const char *text)
{
    struct command_text command = {
        .entry = {.kind = RF_ENTRY_COMMAND, .slot = -1, .expire_ms = RF_NO_EXPIRY}};
    uint8_t argument[ARGUMENT_MAX];
    int length;
    command.argv = calloc(count_arguments(text), sizeof *command.argv);
    cr_assert(command.argv);
    while ((length = next_argument(&text, argument)) >= 0)
        command.argv[command.entry.argc++] = exact_copy(argument, (size_t)length);
    command.entry.argv = command.argv;
    return command;
}

void command_free(struct command_text *command)
{
    for (size_t i = 0; i < command->entry.argc; i++)
        exact_free(command->argv[i]);
    free(command->argv);
}
