/* SPDX-License-Identifier: MIT */
/* Checks of commands by two tables: of keys, and of integers. */
#include "base/bytes.h"
#include "base/number.h"
#include "command/command_expiry.h"
#include "command/command_keys.h"
#include <rdbferry/command_check.h>
#include <rdbferry/slot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ANY_SLOT = -1, NEVER = UINT16_MAX };

/* --- integers ------------------------------------------------------------------------------------------- */

struct integer_row {
    const char *name;
    size_t argument; /* or from where the word is looked for */
    const char *word, *unless;
    bool relative;
};

static const struct integer_row integers[] = {
#define INTEGER(name, argument)               {name, argument, NULL, NULL, false},
#define RELATIVE(name, argument)              {name, argument, NULL, NULL, true},
#define RELATIVE_UNLESS(name, argument, word) {name, argument, NULL, word, true},
#define INTEGER_AFTER(name, from, word)       {name, from, word, NULL, false},
#define RELATIVE_AFTER(name, from, word)      {name, from, word, NULL, true},
#include "command/command_integers.def"
};

static size_t integer_argument(const struct integer_row *row, const rf_entry *command)
{
    return row->word ? command_find_word(command, row->argument, row->word) + 1 : row->argument;
}

static bool is_integer(const struct integer_row *row, const rf_entry *command)
{
    int64_t number;
    if (row->argument >= command->argc)
        return true;
    size_t argument = integer_argument(row, command);
    return argument >= command->argc || number_parse_i64(command->argv[argument], &number);
}

static bool is_relative(const struct integer_row *row, const rf_entry *command)
{
    if (!row->relative || row->argument >= command->argc)
        return false;
    size_t argument = integer_argument(row, command);
    return argument < command->argc &&
           !(row->unless && (slice_is_word(command->argv[argument], "0") ||
                             command_find_word(command, argument + 1, row->unless) < command->argc));
}

/* --- rows ----------------------------------------------------------------------------------------------- */

/* What the tables have on a command. */
struct row_check {
    const struct integer_row *integers;
    unsigned char integer_count;
    unsigned short relative_from; /* the first argument that may be a relative expiry; NEVER: there is none */
    bool has_one_key;             /* where it always is */
};

struct rf_command_check {
    bool in_transaction;
    struct row_check rows[COMMAND_ROWS];
};

/* Both tables are sorted by name. */
static void add_integers(rf_command_check *check)
{
    size_t at = 0;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        while (at < COMMAND_ROWS && strcmp(command_rows[at].name, integers[i].name) < 0)
            at++;
        struct row_check *row = &check->rows[at];
        row->integers = row->integer_count++ > 0 ? row->integers : &integers[i];
        if (integers[i].relative && integers[i].argument < row->relative_from)
            row->relative_from = (unsigned short)integers[i].argument;
    }
}

rf_command_check *rf_command_check_new(void)
{
    rf_command_check *check = calloc(1, sizeof *check);
    if (!check)
        return NULL;
    for (size_t i = 0; i < COMMAND_ROWS; i++)
        check->rows[i] = (struct row_check){.relative_from = NEVER,
                                            .has_one_key = command_row_has_one_key(&command_rows[i])};
    add_integers(check);
    return check;
}

void rf_command_check_free(rf_command_check *check)
{
    free(check);
}

void rf_command_check_restart(rf_command_check *check)
{
    check->in_transaction = false;
}

size_t command_relative_from(const struct command_row *row)
{
    size_t from = SIZE_MAX;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (integers[i].relative && integers[i].argument < from && strcmp(integers[i].name, row->name) == 0)
            from = integers[i].argument;
    return from;
}

static const struct row_check *check_of(const rf_command_check *check, const struct command_row *row)
{
    return &check->rows[row - command_rows];
}

/* --- one command ---------------------------------------------------------------------------------------- */

static bool found(rf_command_finding *finding, rf_command_fault fault, const char *name, const char *what)
{
    finding->fault = fault;
    snprintf(finding->what, sizeof finding->what, "%s %s", name, what);
    return true;
}

static bool check_transaction(rf_command_check *check, const struct command_row *row,
                              rf_command_finding *finding)
{
    bool begins = strcmp(row->name, "MULTI") == 0, was = check->in_transaction;
    check->in_transaction = begins;
    if (begins == was)
        return begins ? found(finding, RF_COMMAND_NESTED_MULTI, row->name, "in a transaction")
                      : found(finding, RF_COMMAND_EXEC_ALONE, row->name, "without MULTI");
    return false;
}

static void check_keys(const struct command_row *row, const rf_entry *command, rf_command_finding *finding)
{
    struct command_key_walk walk;
    struct command_key key;
    int slot = ANY_SLOT;
    command_keys_begin(&walk, row, command);
    while (command_keys_next(&walk, &key)) {
        int of_key = key.role == KEY_PATTERN ? slot : (int)rf_slot_of(command->argv[key.argument]);
        finding->several_slots |= slot != ANY_SLOT && of_key != slot;
        slot = of_key;
    }
    if (walk.wrong && !command->rest)
        found(finding, RF_COMMAND_KEY_COUNT, row->name, "with a wrong number of keys");
}

bool rf_command_check_put(rf_command_check *check, const rf_entry *command, rf_command_finding *finding)
{
    const struct command_row *row = command_row_find(command);
    if (UNLIKELY(!row)) {
        *finding = (rf_command_finding){.unknown = true};
        return true;
    }
    if (UNLIKELY(!command_row_accepts(row, command->argc + command->rest_count))) {
        *finding = (rf_command_finding){0};
        return found(finding, RF_COMMAND_ARITY, row->name, "with a number of arguments that it cannot have");
    }
    const struct row_check *known = check_of(check, row);
    for (size_t i = 0; i < known->integer_count; i++)
        if (UNLIKELY(!is_integer(&known->integers[i], command))) {
            *finding = (rf_command_finding){0};
            return found(finding, RF_COMMAND_INTEGER, row->name, "with an argument that is not an integer");
        }
    if (LIKELY(known->has_one_key))
        return false;
    *finding = (rf_command_finding){0};
    if (row->kind == CLASS_CONTROL)
        return check_transaction(check, row, finding);
    check_keys(row, command, finding);
    return finding->fault != RF_COMMAND_SOUND || finding->several_slots;
}

bool rf_command_expiry_is_streamed(rf_command_check *check, const rf_entry *command)
{
    if (command->rest_count <= 1)
        return false;
    const struct command_row *row = command_row_find(command);
    return row && check_of(check, row)->relative_from < NEVER;
}

static __attribute__((noinline)) bool has_relative(const struct row_check *known, const rf_entry *command)
{
    bool relative = false;
    for (size_t i = 0; i < known->integer_count && !relative; i++)
        relative = is_relative(&known->integers[i], command);
    return relative;
}

bool rf_command_expiry_is_relative(rf_command_check *check, const rf_entry *command)
{
    const struct command_row *row = command_row_find(command);
    return row && command->argc > check_of(check, row)->relative_from &&
           has_relative(check_of(check, row), command);
}
