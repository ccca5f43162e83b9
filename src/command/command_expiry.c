/* SPDX-License-Identifier: MIT */
/* The table of absolute expiries. */
#include "command/command_expiry.h"
#include "base/bytes.h"
#include "base/number.h"

enum { KEY, ELEMENTS };
enum { MILLISECONDS, SECONDS };
enum place { AT, AT_IF, AFTER, AFTER_PAIRS };

static const struct expiry_row {
    const char *name;
    enum place place;
    size_t argument;
    const char *word;
    bool in_seconds, of_elements;
} rows[] = {
#define EXPIRY(name, argument, unit, of)             {name, AT, argument, NULL, unit, of},
#define EXPIRY_IF(name, argument, word, unit, of)    {name, AT_IF, argument, word, unit, of},
#define EXPIRY_AFTER(name, from, word, unit, of)     {name, AFTER, from, word, unit, of},
#define EXPIRY_PAIRS(name, argument, word, unit, of) {name, AFTER_PAIRS, argument, word, unit, of},
#include "command/command_expiry.def"
};

size_t command_find_word(const rf_entry *command, size_t from, const char *word)
{
    for (size_t i = from; i < command->argc && !slice_is_word(command->argv[i], "FIELDS") &&
                          !slice_is_word(command->argv[i], "MEMBERS");
         i++)
        if (slice_is_word(command->argv[i], word))
            return i;
    return command->argc;
}

static size_t after_pairs(const rf_entry *command, size_t argument)
{
    int64_t count;
    if (argument >= command->argc || !number_parse_i64(command->argv[argument], &count) || count < 0 ||
        (uint64_t)count > command->argc / 2)
        return command->argc;
    return argument + 1 + 2 * (size_t)count;
}

static size_t argument_of(const struct expiry_row *row, const rf_entry *command)
{
    switch (row->place) {
    case AT: break;
    case AT_IF: {
        bool holds = command_find_word(command, row->argument + 1, row->word) < command->argc &&
                     !slice_is_word(command->argv[row->argument], "0");
        return holds ? row->argument : command->argc;
    }
    case AFTER: return command_find_word(command, row->argument, row->word) + 1;
    case AFTER_PAIRS: return command_find_word(command, after_pairs(command, row->argument), row->word) + 1;
    }
    return row->argument;
}

static int64_t to_ms(int64_t time, bool in_seconds)
{
    return !in_seconds ? time : time > INT64_MAX / 1000 ? INT64_MAX : time < 0 ? -1 : time * 1000;
}

static bool read_expiry(const struct expiry_row *row, const rf_entry *command, struct command_expiry *expiry)
{
    int64_t time;
    size_t argument = argument_of(row, command);
    if (argument >= command->argc || !number_parse_i64(command->argv[argument], &time))
        return false;
    *expiry = (struct command_expiry){argument, to_ms(time, row->in_seconds), row->in_seconds,
                                      row->of_elements};
    return true;
}

bool command_expiry_find(const rf_entry *command, struct command_expiry *expiry)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_is_word(command->argv[0], rows[i].name) && read_expiry(&rows[i], command, expiry))
            return true;
    return false;
}
