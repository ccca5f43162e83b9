/* SPDX-License-Identifier: MIT */
/* Chooses and prints commands. */
#include "cmd/inspect/inspect_log.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/number.h"
#include "cmd/run/paths.h"
#include "cmd/term/text.h"
#include <ctype.h>
#include <inttypes.h>
#include <rdbferry/command.h>
#include <rdbferry/slot.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 64, ARGUMENT_SHOWN = 64, ARGUMENTS_SHOWN = 16 };

/* The same in upper case, cut; returns its length. */
static size_t upper(const char *text, size_t length, char out[NAME_MAX_LENGTH])
{
    size_t n = length < NAME_MAX_LENGTH - 1 ? length : NAME_MAX_LENGTH - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)toupper((unsigned char)text[i]);
    out[n] = '\0';
    return n;
}

/* --- choosing commands ---------------------------------------------------------------------------------- */

rf_code command_filter_new(const char *globs, rf_filter **out, rf_error *error)
{
    char glob[NAME_MAX_LENGTH];
    *out = rf_filter_new();
    if (!*out)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (size_t length; *globs; globs += length + (globs[length] == ',')) {
        length = strcspn(globs, ",");
        upper(globs, length, glob);
        rf_code code = rf_filter_glob(*out, RF_INCLUDE, glob, error);
        if (code != RF_OK) {
            rf_filter_free(*out);
            return code;
        }
    }
    return RF_OK;
}

bool command_filter_accepts(rf_filter *filter, const rf_entry *command)
{
    char name[NAME_MAX_LENGTH];
    rf_drop_reason drop = RF_DROP_BY_NAME;
    rf_error ignored;
    size_t length = upper((const char *)command->argv[0].ptr, command->argv[0].len, name);
    const rf_entry key = {
        .kind = RF_ENTRY_KEY, .key = {(const uint8_t *)name, length}, .expire_ms = RF_NO_EXPIRY};
    return rf_filter_match(filter, &key, &drop, &ignored) == RF_OK && drop == RF_DROP_NONE;
}

struct key_search {
    rf_filter *filter;
    int64_t db;
    bool found;
    rf_code code;
    rf_error *error;
};

/* Goes on until a key is accepted. */
static bool search_key(void *ctx, rf_slice name)
{
    struct key_search *search = ctx;
    const rf_entry key = {.kind = RF_ENTRY_KEY, .db = search->db, .key = name, .expire_ms = RF_NO_EXPIRY};
    rf_drop_reason drop = RF_DROP_BY_NAME;
    search->code = rf_filter_match(search->filter, &key, &drop, search->error);
    search->found = drop == RF_DROP_NONE && (!rf_filter_uses_slots(search->filter) ||
                                             rf_filter_accepts_slot(search->filter, rf_slot_of(name)));
    return search->code == RF_OK && !search->found;
}

/* The databases of a command that concerns all of their keys. */
static bool is_of_databases(rf_filter *filter, const rf_entry *command, bool *accepted)
{
    int64_t one, other;
    if (slice_is_word(command->argv[0], "FLUSHALL"))
        *accepted = true;
    else if (slice_is_word(command->argv[0], "FLUSHDB"))
        *accepted = rf_filter_accepts_db(filter, command->db);
    else if (slice_is_word(command->argv[0], "SWAPDB"))
        *accepted = command->argc != 3 || !number_parse_i64(command->argv[1], &one) ||
                    !number_parse_i64(command->argv[2], &other) || rf_filter_accepts_db(filter, one) ||
                    rf_filter_accepts_db(filter, other);
    else
        return false;
    return true;
}

rf_code key_filter_accepts(rf_filter *filter, const rf_entry *command, bool *accepted, bool *known,
                           rf_error *error)
{
    struct key_search search = {.filter = filter, .db = command->db, .error = error};
    *known = *accepted = true;
    if (rf_filter_is_all(filter) || is_of_databases(filter, command, accepted))
        return RF_OK;
    *known = rf_command_each_key(command, search_key, &search);
    *accepted = search.found;
    return search.code;
}

/* --- printing ------------------------------------------------------------------------------------------- */

/* Files of an AOF directory are called by their names, as --until-offset takes them. */
const char *place_name(const struct input *input)
{
    return path_last_part(input_name(input));
}

void print_place(const struct input *input, uint64_t offset, int64_t time, int64_t db)
{
    char when[TIME_TEXT] = "-";
    if (time > 0)
        format_time(time * 1000, when);
    text_put(stdout, place_name(input));
    printf(":0x%" PRIx64 "  %s  db %" PRId64 "  ", offset, when, db);
}

bool print_command(const struct input *input, const rf_entry *command)
{
    char name[NAME_MAX_LENGTH];
    print_place(input, command->offset, command->time, command->db);
    fputs(text_readable(command->argv[0], name, sizeof name), stdout);
    for (size_t i = 1; i < command->argc && i <= ARGUMENTS_SHOWN; i++) {
        putchar(' ');
        print_bytes_cut(stdout, command->argv[i], ARGUMENT_SHOWN);
    }
    if (command->argc > ARGUMENTS_SHOWN + 1)
        printf(" ... and %zu more", command->argc - ARGUMENTS_SHOWN - 1);
    putchar('\n');
    return !ferror(stdout);
}

bool print_command_json(const struct input *input, const rf_entry *command, uint64_t number)
{
    struct json json = {.out = stdout, .one_line = true};
    char when[TIME_TEXT];
    json_object(&json, NULL);
    json_bytes(&json, "file", (rf_slice){(const uint8_t *)place_name(input), strlen(place_name(input))});
    json_number(&json, "offset", command->offset);
    json_number(&json, "number", number);
    json_string(&json, "time", command->time > 0 ? format_time(command->time * 1000, when) : NULL);
    json_signed(&json, "db", command->db);
    json_bytes(&json, "command", command->argv[0]);
    json_array(&json, "arguments");
    for (size_t i = 1; i < command->argc; i++)
        json_bytes(&json, NULL, command->argv[i]);
    json_end_array(&json);
    json_end_object(&json);
    return !ferror(stdout);
}
