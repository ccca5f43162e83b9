/* SPDX-License-Identifier: MIT */
/* Lists commands, and remembers flushes. */
#include "cmd/inspect/inspect_log.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "cmd/term/text.h"
#include <ctype.h>
#include <inttypes.h>
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

/* --- facts ---------------------------------------------------------------------------------------------- */

void log_facts_add(struct log_facts *facts, const struct input *input, const rf_entry *command)
{
    bool all = slice_is_word(command->argv[0], "FLUSHALL");
    if (command->time > 0) {
        facts->first_time = facts->first_time > 0 ? facts->first_time : command->time;
        facts->last_time = command->time;
    }
    if ((!all && !slice_is_word(command->argv[0], "FLUSHDB")) || facts->flush_count++ >= FLUSHES_KEPT)
        return;
    facts->flushes[facts->flush_count - 1] = (struct flush_record){
        .input = input, .offset = command->offset, .db = command->db, .time = command->time, .all = all};
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

/* --- printing ------------------------------------------------------------------------------------------- */

/* Files of an AOF directory are called by their names, as --until-offset takes them. */
static const char *short_name(const struct input *input)
{
    const char *name = input_name(input), *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

void print_place(const struct input *input, uint64_t offset, int64_t time, int64_t db)
{
    char when[TIME_TEXT] = "-";
    if (time > 0)
        format_time(time * 1000, when);
    text_put(stdout, short_name(input));
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
