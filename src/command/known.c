/* SPDX-License-Identifier: MIT */
/* commands.def as two tables, and the check of a command against them. */
#include "base/bytes.h"
#include <ctype.h>
#include <rdbferry/command.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum key_position { ANYWHERE, LEADING, ARGUMENT };

enum { NEVER = 9999, NAME_SIZE = 40 /* more than any name has */ };

struct command {
    const char *name;
    int since[2]; /* of Redis and of Valkey */
};

struct option {
    const char *command, *word;
    size_t argument;
    enum key_position position;
    int since[2];
};

static const struct command commands[] = {
#define OPTION(command, word, argument, position, redis, valkey)
#define COMMAND(name, redis, valkey) {name, {[RF_REDIS] = redis, [RF_VALKEY] = valkey}},
#include "command/commands.def"
#undef COMMAND
#undef OPTION
};

static const struct option options[] = {
#define COMMAND(name, redis, valkey)
#define OPTION(command, word, argument, position, redis, valkey) \
    {command, word, argument, position, {[RF_REDIS] = redis, [RF_VALKEY] = valkey}},
#include "command/commands.def"
#undef COMMAND
#undef OPTION
};

/* Those of Dragonfly, without release numbers. */
static const char *const dragonfly_commands[] = {
#define COMMAND(name) name,
#include "command/commands_dragonfly.def"
#undef COMMAND
};

/* --- names -------------------------------------------------------------------------------------------- */

static bool is_word(rf_slice text)
{
    return text.len > 0 && !memchr(text.ptr, '\0', text.len) && !memchr(text.ptr, ' ', text.len);
}

/* Joins the first words of a command by spaces. False: it has fewer, one of them is not a word, or the name
 * is longer than any. */
static bool name_of(const rf_entry *command, size_t words, char out[NAME_SIZE])
{
    size_t length = 0;
    if (command->argc < words)
        return false;
    for (size_t i = 0; i < words; i++) {
        rf_slice word = command->argv[i];
        if (!is_word(word) || length + word.len + 2 > NAME_SIZE)
            return false;
        if (i > 0)
            out[length++] = ' ';
        memcpy(out + length, word.ptr, word.len);
        length += word.len;
    }
    out[length] = '\0';
    return true;
}

static int compare_texts(const void *name, const void *row)
{
    return strcasecmp(name, *(const char *const *)row);
}

static int compare_names(const void *name, const void *row)
{
    return strcasecmp(name, ((const struct command *)row)->name);
}

/* The entry of the subcommand, if it is known, else of the command. */
static const struct command *find_command(const rf_entry *command)
{
    char name[NAME_SIZE];
    const struct command *found = NULL;
    for (size_t words = 2; words > 0 && !found; words--)
        if (name_of(command, words, name))
            found = bsearch(name, commands, sizeof commands / sizeof *commands, sizeof *commands,
                            compare_names);
    return found;
}

/* --- options ------------------------------------------------------------------------------------------ */

/* Scores may be infinite. */
static bool is_number_or_id(rf_slice argument)
{
    return argument.len == 0 || !isalpha(argument.ptr[0]) || slice_is_word(argument, "inf") ||
           slice_is_word(argument, "infinity");
}

static bool has_option(const rf_entry *command, const struct option *option)
{
    if (option->position == ARGUMENT)
        return command->argc > option->argument;
    for (size_t i = option->argument; i < command->argc; i++) {
        if (slice_is_word(command->argv[i], option->word))
            return true;
        if (option->position == LEADING && is_number_or_id(command->argv[i]))
            return false;
    }
    return false;
}

/* --- what a server supports ------------------------------------------------------------------------- */

/* Options of Dragonfly are taken to be those of the Redis that it claims to be. */
static bool has(rf_server server, const int since[2])
{
    static const int claimed = 602;
    if (server.dialect == RF_DRAGONFLY)
        return since[RF_REDIS] <= claimed;
    return 100 * server.major + server.minor >= since[server.dialect];
}

/* Its table has no subcommands. */
static bool dragonfly_has(const struct command *command)
{
    char first[NAME_SIZE];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(command->name, " "), command->name);
    return bsearch(first, dragonfly_commands, sizeof dragonfly_commands / sizeof *dragonfly_commands,
                   sizeof *dragonfly_commands, compare_texts) != NULL;
}

static bool has_command(rf_server server, const struct command *command)
{
    return server.dialect == RF_DRAGONFLY ? dragonfly_has(command) : has(server, command->since);
}

static rf_server release(rf_dialect dialect, const int since[2])
{
    int number = since[dialect];
    return number == NEVER ? (rf_server){dialect, 0, 0} : (rf_server){dialect, number / 100, number % 100};
}

static rf_command_support needs(rf_command_need *need, const char *name, const char *option,
                                const int since[2])
{
    snprintf(need->what, sizeof need->what, "%s%s%s", name, option ? " with " : "", option ? option : "");
    need->redis = release(RF_REDIS, since);
    need->valkey = release(RF_VALKEY, since);
    return RF_COMMAND_UNSUPPORTED;
}

rf_command_support rf_server_knows(rf_server server, const rf_entry *command, rf_command_need *need)
{
    const struct command *found = find_command(command);
    if (!found)
        return RF_COMMAND_UNKNOWN;
    if (!has_command(server, found))
        return needs(need, found->name, NULL, found->since);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (!has(server, options[i].since) && strcmp(options[i].command, found->name) == 0 &&
            has_option(command, &options[i]))
            return needs(need, found->name, options[i].word, options[i].since);
    return RF_COMMAND_SUPPORTED;
}
