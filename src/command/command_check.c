/* SPDX-License-Identifier: MIT */
/* Checks of commands by two tables: of keys, and of integers. The rows of names that were looked up are kept:
 * a log has few names. */
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

enum { CACHED = 64, NAME_MOST = 16, ANY_SLOT = -1 };

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
    size_t argument = integer_argument(row, command);
    return argument >= command->argc || number_parse_i64(command->argv[argument], &number);
}

static bool is_relative(const struct integer_row *row, const rf_entry *command)
{
    size_t argument = integer_argument(row, command);
    return row->relative && argument < command->argc &&
           !(row->unless && (slice_is_word(command->argv[argument], "0") ||
                             command_find_word(command, argument + 1, row->unless) < command->argc));
}

/* --- names ---------------------------------------------------------------------------------------------- */

/* What the tables have on a name of one word. */
struct known_name {
    size_t length;
    uint8_t name[NAME_MOST]; /* as it was written */
    const struct command_row *row;
    const struct integer_row *integers;
    size_t integer_count;
    bool one_key_only; /* and it is where it always is */
};

struct rf_command_check {
    bool in_transaction;
    struct known_name names[CACHED];
    struct known_name other; /* one that is not kept */
};

rf_command_check *rf_command_check_new(void)
{
    return calloc(1, sizeof(rf_command_check));
}

void rf_command_check_free(rf_command_check *check)
{
    free(check);
}

void rf_command_check_restart(rf_command_check *check)
{
    check->in_transaction = false;
}

static void look_up(struct known_name *known, const rf_entry *command)
{
    known->row = command_row_find(command);
    for (size_t i = 0; known->row && i < sizeof integers / sizeof *integers; i++)
        if (strcmp(integers[i].name, known->row->name) == 0) {
            known->integers = known->integer_count > 0 ? known->integers : &integers[i];
            known->integer_count++;
        }
    known->one_key_only = known->row && command_row_has_one_key(known->row);
}

static const struct known_name *name_of(rf_command_check *check, const rf_entry *command)
{
    rf_slice name = command->argv[0];
    size_t place = name.len > 0 ? (name.len * 31 + name.ptr[0] * 7u + name.ptr[name.len - 1]) % CACHED : 0;
    struct known_name *known = &check->names[place];
    if (LIKELY(known->length == name.len && name.len > 0 && memcmp(known->name, name.ptr, name.len) == 0))
        return known;
    check->other = (struct known_name){0};
    look_up(&check->other, command);
    if (!check->other.row || strchr(check->other.row->name, ' ') || name.len > NAME_MOST)
        return &check->other;
    *known = check->other;
    known->length = name.len;
    memcpy(known->name, name.ptr, name.len);
    return known;
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
    const struct known_name *known = name_of(check, command);
    const struct command_row *row = known->row;
    if (UNLIKELY(!row)) {
        *finding = (rf_command_finding){.unknown = true};
        return true;
    }
    if (UNLIKELY(!command_row_accepts(row, command->argc + command->rest_count))) {
        *finding = (rf_command_finding){0};
        return found(finding, RF_COMMAND_ARITY, row->name, "with a number of arguments that it cannot have");
    }
    for (size_t i = 0; i < known->integer_count; i++)
        if (UNLIKELY(!is_integer(&known->integers[i], command))) {
            *finding = (rf_command_finding){0};
            return found(finding, RF_COMMAND_INTEGER, row->name, "with an argument that is not an integer");
        }
    if (LIKELY(known->one_key_only))
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
    const struct known_name *known = name_of(check, command);
    for (size_t i = 0; i < known->integer_count; i++)
        if (known->integers[i].relative)
            return true;
    return false;
}

bool rf_command_expiry_is_relative(rf_command_check *check, const rf_entry *command)
{
    const struct known_name *known = name_of(check, command);
    for (size_t i = 0; i < known->integer_count; i++)
        if (is_relative(&known->integers[i], command))
            return true;
    return false;
}
