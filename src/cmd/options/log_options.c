/* SPDX-License-Identifier: MIT */
/* Parses places and times of a log. */
#include "cmd/options/log_options.h"
#include "base/fail.h"
#include "cmd/options/parse.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <rdbferry/evaluate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* --- times ---------------------------------------------------------------------------------------------- */

/* "Z", "+02:00", "-0530", or nothing for the local time. */
static bool apply_zone(const char *zone, struct tm *time, int64_t *seconds)
{
    int hours, minutes, end = 0;
    if (*zone == '\0') {
        time->tm_isdst = -1;
        *seconds = mktime(time);
        return true;
    }
    *seconds = timegm(time);
    if (strcmp(zone, "Z") == 0 || strcasecmp(zone, " UTC") == 0)
        return true;
    if ((*zone != '+' && *zone != '-') ||
        (sscanf(zone + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 &&
         sscanf(zone + 1, "%2d%2d%n", &hours, &minutes, &end) != 2) ||
        zone[1 + end] != '\0')
        return false;
    *seconds += (*zone == '+' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

/* "2026-11-20 03:00:00", with a T and with a zone; or Unix seconds. */
static rf_code opt_time(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    int64_t *seconds = into;
    struct tm time = {0};
    uint64_t number;
    (void)row;
    if (parse_count(argument, &number) && number > 0 && number <= INT64_MAX) {
        *seconds = (int64_t)number;
        return RF_OK;
    }
    const char *rest = strptime(argument, "%Y-%m-%d", &time);
    if (rest && (*rest == ' ' || *rest == 'T'))
        rest = strptime(rest + 1, "%H:%M:%S", &time);
    if (rest && *rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789"); /* as inspect prints it */
    if (rest && apply_zone(rest, &time, seconds) && *seconds > 0)
        return RF_OK;
    return fail(error, RF_E_ARGUMENT,
                "'%.64s' is not a time such as '2026-11-20 03:00:00', 2026-11-20T03:00:00Z or 1795143600",
                argument);
}

/* --- places --------------------------------------------------------------------------------------------- */

/* Decimal, or hexadecimal as in messages. */
static bool parse_offset(const char *text, uint64_t *offset)
{
    char *end;
    if (strncmp(text, "0x", 2) != 0 || strspn(text + 2, "0123456789abcdefABCDEF") == 0)
        return parse_count(text, offset);
    errno = 0;
    *offset = strtoull(text + 2, &end, 16);
    return errno == 0 && *end == '\0';
}

static rf_code opt_place(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    struct log_place *place = into;
    const char *colon = strrchr(argument, ':');
    (void)row;
    place->text = argument;
    place->file_length = colon ? (size_t)(colon - argument) : 0;
    return parse_offset(colon ? colon + 1 : argument, &place->offset) && (!colon || colon > argument)
               ? RF_OK
               : fail(error, RF_E_ARGUMENT, "'%.128s' is not [FILE:]OFFSET, with an offset in bytes",
                      argument);
}

bool log_place_is_in(const struct log_place *place, const char *path)
{
    size_t length = strlen(path), n = place->file_length;
    return length >= n && strncmp(path + length - n, place->text, n) == 0 &&
           (n == 0 || length == n || path[length - n - 1] == '/');
}

bool log_place_is_of(const struct log_place *place, const char *path, const rf_entry *command)
{
    return place->text && place->offset == command->offset && log_place_is_in(place, path);
}

bool log_options_drop(const struct log_options *log, const rf_entry *command)
{
    rf_slice name = command->argv[0];
    for (const char *at = log->drop_command; at && *at; at += strspn(at, ",")) {
        size_t length = strcspn(at, ",");
        if (length == name.len && strncasecmp(at, (const char *)name.ptr, length) == 0)
            return true;
        at += length;
    }
    return false;
}

static rf_code opt_names(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    static const char *const groups[] = {"MULTI", "EXEC", "SELECT"};
    const struct log_options log = {.drop_command = argument};
    (void)row;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        const rf_slice name = {(const uint8_t *)groups[i], strlen(groups[i])};
        const rf_entry command = {.argv = &name, .argc = 1};
        if (log_options_drop(&log, &command))
            return fail(error, RF_E_ARGUMENT, "%s cannot be left out: other commands depend on it",
                        groups[i]);
    }
    *(const char **)into = argument;
    return RF_OK;
}

/* --- keys of commands ----------------------------------------------------------------------------------- */

/* "JSON.SET=1,1,1" */
static rf_code opt_keys(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    struct log_options *log = into;
    rf_command_keys keys;
    int end = 0;
    size_t length = strcspn(argument, "=");
    (void)row;
    if (sscanf(argument + length, "=%5d,%5d,%5d%n", &keys.first, &keys.last, &keys.step, &end) != 3 ||
        argument[length + (size_t)end] != '\0' || length == 0 || keys.first < 1 || keys.first > SHRT_MAX ||
        keys.last < -SHRT_MAX || keys.last > SHRT_MAX || keys.last == 0 || keys.step < 1 ||
        keys.step > SHRT_MAX)
        return fail(error, RF_E_ARGUMENT,
                    "'%.128s' is not NAME=FIRST,LAST,STEP, as COMMAND INFO has them: JSON.MSET=1,-1,3",
                    argument);
    if (log->command_count == LOG_COMMANDS)
        return fail(error, RF_E_ARGUMENT, "at most %d commands can be given", LOG_COMMANDS);
    char *name = strndup(argument, length);
    keys.name = name;
    if (!name)
        return fail(error, RF_E_MEMORY, "out of memory");
    log->commands[log->command_count++] = keys;
    return RF_OK;
}

/* --- the server ----------------------------------------------------------------------------------------- */

static rf_code opt_server(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    char **path = into;
    (void)row;
    free(*path);
    *path = NULL;
    return rf_server_program(argument, path, error);
}

/* --- the struct ----------------------------------------------------------------------------------------- */

void log_options_applied(struct log_options *log)
{
    const struct log_options none = LOG_OPTIONS;
    log->until = none.until;
    log->until_command = none.until_command;
    log->until_offset = none.until_offset;
    log->drop_at = none.drop_at;
    log->drop_command = none.drop_command;
    log->repair = none.repair;
}

static void put_place(FILE *out, const char *option, const struct log_place *place)
{
    if (place->text)
        fprintf(out, "%s %s\n", option, place->text);
}

char *log_options_text(const struct log_options *log)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    if (log->until > 0)
        fprintf(out, "until %" PRId64 "\n", log->until);
    if (log->until_command != OPT_UNSET)
        fprintf(out, "until-command %" PRIu64 "\n", log->until_command);
    put_place(out, "until-offset", &log->until_offset);
    put_place(out, "drop-at", &log->drop_at);
    if (log->drop_command)
        fprintf(out, "drop-command %s\n", log->drop_command);
    if (log->repair || log->truncated || log->unknown_db || log->unknown)
        fprintf(out, "repair %d, truncated %d, unknown-database %d, unknown-commands %d\n", log->repair,
                log->truncated, log->unknown_db, log->unknown);
    for (size_t i = 0; i < log->command_count; i++)
        fprintf(out, "command-keys %s=%d,%d,%d\n", log->commands[i].name, log->commands[i].first,
                log->commands[i].last, log->commands[i].step);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

void log_options_free(struct log_options *log)
{
    free(log->server);
    for (size_t i = 0; i < log->command_count; i++)
        free((char *)(uintptr_t)log->commands[i].name);
}

/* --- the table ------------------------------------------------------------------------------------------ */

static const struct option_choice repairs[] = {{"cut", REPAIR_CUT}, {"skip", REPAIR_SKIP}, {NULL, 0}};
static const struct option_choice truncated[] = {
    {"fail", TRUNCATED_FAIL}, {"drop", TRUNCATED_DROP}, {NULL, 0}};
static const struct option_choice unknown_dbs[] = {
    {"fail", UNKNOWN_DB_FAIL}, {"last", UNKNOWN_DB_LAST}, {"drop", UNKNOWN_DB_DROP}, {NULL, 0}};
static const struct option_choice unknowns[] = {
    {"fail", RF_UNKNOWN_FAIL}, {"copy", RF_UNKNOWN_COPY}, {"drop", RF_UNKNOWN_DROP}, {NULL, 0}};

#define AT(member) .offset = offsetof(struct log_options, member)

/* clang-format off */
#define TRUNCATED_ROW {OPTION_CHOICE, 0, "truncated", "HOW", "a command or transaction that the end of an AOF cuts off: fail, or drop as a server does (fail)", AT(truncated), .choices = truncated}
#define SERVER_ROW {OPTION_HANDLER, 0, "server", "PATH", "evaluate the commands: let a private server of this program (redis-server) load them and save an RDB, which takes their place", AT(server), .handle = opt_server}

const struct option_row log_rows[] = {
    {OPTION_HEADING, .help = "Commands of an AOF"},
    {OPTION_HANDLER, 0, "until", "TIME", "leave out commands after this time, by the log's #TS annotations: '2026-11-20 03:00:00' (local time, or with a zone: Z, +02:00) or Unix seconds", AT(until), .handle = opt_time},
    {OPTION_HANDLER, 0, "until-offset", "PLACE", "leave out commands that begin at PLACE or later: [FILE:]OFFSET", AT(until_offset), .handle = opt_place},
    {OPTION_COUNT, 0, "until-command", "N", "leave out commands after the first N, without SELECT", AT(until_command)},
    {OPTION_HANDLER, 0, "drop-command", "NAMES", "leave out these commands, such as FLUSHALL,FLUSHDB", AT(drop_command), .handle = opt_names},
    {OPTION_HANDLER, 0, "drop-at", "PLACE", "leave out the command that begins at PLACE", AT(drop_at), .handle = opt_place},
    TRUNCATED_ROW,
    {OPTION_CHOICE, 0, "repair", "HOW", "cut: leave out what follows damage, or a transaction without its end; skip: leave out damage up to the next sound command", AT(repair), .choices = repairs},
    {OPTION_CHOICE, 0, "unknown-database", "HOW", "after --repair skip, commands up to the next SELECT: fail, take the last database, or drop (fail)", AT(unknown_db), .choices = unknown_dbs},
    {OPTION_CHOICE, 0, "unknown-commands", "HOW", "when filtering or rewriting: fail, copy or drop (fail)", AT(unknown), .choices = unknowns},
    {OPTION_HANDLER, 0, "command-keys", "NAME=FIRST,LAST,STEP", "which arguments of a module's command are keys, as COMMAND INFO shows them; may be repeated", .offset = 0, .handle = opt_keys},
    SERVER_ROW,
    {.kind = OPTION_END},
};

const struct option_row log_input_rows[] = {
    {OPTION_HEADING, .help = "Commands of an AOF"},
    TRUNCATED_ROW,
    SERVER_ROW,
    {.kind = OPTION_END},
};
/* clang-format on */
