/* SPDX-License-Identifier: MIT */
/* Finds the damage in all logs, and says what has become of it. */
#include "cmd/run/log_repair.h"
#include "base/bytes.h"
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/run/session.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    NAMED = 20,    /* stretches in messages */
    MOST = 100000, /* that are kept */
};

/* The state of a pass over the inputs. */
struct pass {
    struct session *session;
    uint64_t commands;
    bool in_transaction, after_damage;
    uint64_t multi,
        before_multi; /* the offset of the open transaction, and the number of commands before it */
    size_t flushed;   /* damages before this one have a FLUSHALL or FLUSHDB after them */
};

void log_repair_free(struct log_repair *repair)
{
    free(repair->damages);
    free(repair->unpaired);
    free((char *)(uintptr_t)repair->saved_as);
}

/* --- order ---------------------------------------------------------------------------------------------- */

/* Whether a command is within the stretch (0), before or after it. */
static int compare_damage(const void *key, const void *element)
{
    const struct log_command *place = key;
    const struct log_damage *damage = element;
    if (place->input != damage->input)
        return place->input < damage->input ? -1 : 1;
    return place->offset < damage->offset ? -1 : place->offset >= damage->offset + damage->length;
}

static int compare_places(const void *a, const void *b)
{
    const struct log_command *x = a, *y = b;
    if (x->input != y->input)
        return x->input < y->input ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool is_in_damage(const struct log_repair *repair, struct log_command place)
{
    return repair->count > 0 &&
           bsearch(&place, repair->damages, repair->count, sizeof *repair->damages, compare_damage);
}

static bool leaves_out(const struct session *session, size_t number, const rf_entry *command)
{
    const struct log_repair *repair = &session->log.repair;
    const struct log_command place = {number, command->offset};
    return (command->db_unknown && session->options->log.unknown_db == UNKNOWN_DB_DROP) ||
           (repair->unpaired_count > 0 &&
            bsearch(&place, repair->unpaired, repair->unpaired_count, sizeof place, compare_places)) ||
           is_in_damage(repair, place);
}

/* --- finding -------------------------------------------------------------------------------------------- */

static rf_code grow(void **array, size_t count, size_t size, rf_error *error)
{
    if (count == MOST)
        return fail(error, RF_E_CORRUPT, "more than %d places of the log are damaged", MOST);
    if (count > 0 && (count & (count - 1)) != 0)
        return RF_OK;
    void *grown = realloc(*array, (count > 0 ? 2 * count : 1) * size);
    if (!grown)
        return fail(error, RF_E_MEMORY, "out of memory");
    *array = grown;
    return RF_OK;
}

static rf_code add_unpaired(struct pass *pass, size_t number, uint64_t offset, rf_error *error)
{
    struct log_repair *repair = &pass->session->log.repair;
    void *array = repair->unpaired;
    rf_code code = grow(&array, repair->unpaired_count, sizeof *repair->unpaired, error);
    repair->unpaired = array;
    if (code == RF_OK)
        repair->unpaired[repair->unpaired_count++] = (struct log_command){number, offset};
    return code;
}

/* A transaction that is damaged is not one any more; what is left of it are commands of their own. One that
 * has no end is left out, as a server does. */
static rf_code add_damage(struct pass *pass, size_t number, const rf_log_damage *found,
                          const rf_error *failure, rf_error *error)
{
    struct log_repair *repair = &pass->session->log.repair;
    void *array = repair->damages;
    bool extends = pass->in_transaction && found->at_end;
    uint64_t offset = extends ? pass->multi : found->offset;
    rf_code code = grow(&array, repair->count, sizeof *repair->damages, error);
    repair->damages = array;
    if (code != RF_OK)
        return code;
    struct log_damage *damage = &repair->damages[repair->count++];
    *damage = (struct log_damage){.input = number,
                                  .offset = offset,
                                  .length = found->end - offset,
                                  .command = extends ? pass->before_multi : pass->commands};
    snprintf(damage->message, sizeof damage->message, "%s", failure->message);
    if (pass->in_transaction && !extends)
        code = add_unpaired(pass, number, pass->multi, error);
    pass->in_transaction = false;
    pass->after_damage = true;
    return code;
}

static void describe(const rf_entry *command, struct log_damage *damage)
{
    char name[64], argument[64] = "";
    escape_text(command->argv[0], name, sizeof name);
    if (command->argc > 1)
        escape_name(command->argv[1], argument, sizeof argument);
    snprintf(damage->next, sizeof damage->next, "%s%s%s%s", name, command->argc > 1 ? " '" : "", argument,
             command->argc > 1 ? "'" : "");
}

static rf_code note_command(struct pass *pass, size_t number, const rf_entry *command, rf_error *error)
{
    struct log_repair *repair = &pass->session->log.repair;
    rf_slice name = command->argv[0];
    if (pass->after_damage)
        describe(command, &repair->damages[repair->count - 1]);
    pass->after_damage = false;
    pass->commands++;
    if (command->db_unknown && repair->unknown_db++ == 0)
        repair->last_db = command->db;
    if (slice_is_word(name, "FLUSHALL") || slice_is_word(name, "FLUSHDB"))
        while (pass->flushed < repair->count)
            repair->damages[pass->flushed++].flush_follows = true;
    if (slice_is_word(name, "MULTI")) {
        if (pass->in_transaction)
            TRY(add_unpaired(pass, number, pass->multi, error));
        pass->in_transaction = true;
        pass->multi = command->offset;
        pass->before_multi = pass->commands - 1;
    } else if (slice_is_word(name, "EXEC")) {
        if (!pass->in_transaction)
            TRY(add_unpaired(pass, number, command->offset, error));
        pass->in_transaction = false;
    }
    return RF_OK;
}

/* A server drops only what the end of the last file cuts off. */
static bool may_leave_out(const struct session *session, size_t number, const rf_log_damage *damage)
{
    const struct log_options *options = &session->options->log;
    bool torn = damage->kind == RF_LOG_TORN || damage->kind == RF_LOG_OPEN_TRANSACTION;
    return options->repair == REPAIR_SKIP ||
           (options->truncated == TRUNCATED_DROP && torn && session_is_last_of_operand(session, number));
}

static rf_code read_log(struct pass *pass, struct input *input, size_t number, rf_error *error)
{
    rf_entry entry;
    rf_code code = RF_OK;
    pass->in_transaction = pass->after_damage = false;
    while (code == RF_OK) {
        code = rf_reader_next(input->reader, &entry, error);
        const rf_log_damage *damage = &input_info(input)->damage;
        if (code == RF_OK && entry.kind == RF_ENTRY_COMMAND)
            code = note_command(pass, number, &entry, error);
        else if (rf_code_is_input(code) && damage->kind != RF_LOG_INTACT &&
                 may_leave_out(pass->session, number, damage)) {
            const rf_error failure = *error;
            code = add_damage(pass, number, damage, &failure, error);
            if (code == RF_OK && damage->at_end)
                code = RF_END;
        }
    }
    return code;
}

/* What cannot be read is found again when it is read for good. */
static rf_code read_input(struct pass *pass, size_t number, rf_error *error)
{
    struct input_head head;
    struct input input = input_of(&pass->session->options->inputs, number);
    rf_code code = input_probe(&input, &head, error);
    if (code != RF_OK && !rf_code_is_input(code))
        return code;
    if (code == RF_OK && !head.may_hold_commands)
        return RF_OK;
    code = input_open(&input, true, (rf_notify){0}, error);
    if (code == RF_OK)
        code = read_log(pass, &input, number, error);
    input_close(&input);
    return code == RF_END || rf_code_is_input(code) ? RF_OK : code;
}

/* --- messages ------------------------------------------------------------------------------------------- */

static void print_damage(const struct session *session, const struct log_damage *damage)
{
    message_warning("%s: %s: %" PRIu64 " byte%s at offset 0x%" PRIx64 " left out, after command %" PRIu64
                    "%s%s%s",
                    input_name(&session->inputs[damage->input]), damage->message, damage->length,
                    text_plural(damage->length), damage->offset, damage->command,
                    *damage->next ? "; next: " : "; nothing follows in this file", damage->next,
                    damage->flush_follows ? "; a FLUSH follows" : "");
}

static void print_all(const struct session *session)
{
    const struct log_repair *repair = &session->log.repair;
    uint64_t bytes = 0;
    for (size_t i = 0; i < repair->count; i++) {
        bytes += repair->damages[i].length;
        if (i < NAMED)
            print_damage(session, &repair->damages[i]);
    }
    if (repair->count > 1)
        message_warning("%zu damaged stretches with %" PRIu64 " bytes are left out", repair->count, bytes);
    if (repair->unpaired_count > 0)
        message_warning("%zu MULTI or EXEC without the other: the commands are kept without a transaction",
                        repair->unpaired_count);
    if (repair->unknown_db > 0)
        message_warning("%" PRIu64 " command%s after damage %s, as a SELECT may have been lost",
                        repair->unknown_db, text_plural(repair->unknown_db),
                        session->options->log.unknown_db == UNKNOWN_DB_DROP
                            ? "left out"
                            : "attributed to the last known database");
}

static rf_code check_databases(const struct session *session, rf_error *error)
{
    const struct log_repair *repair = &session->log.repair;
    if (repair->unknown_db == 0 || session->options->log.unknown_db != UNKNOWN_DB_FAIL)
        return RF_OK;
    const struct log_damage *first = &repair->damages[0];
    fail(error, RF_E_CORRUPT,
         "%" PRIu64
         " command%s after damage (the first: %s) up to the next SELECT: the database is unknown, as a "
         "SELECT may have been lost: use --unknown-database last (database %" PRId64 ") or drop",
         repair->unknown_db, text_plural(repair->unknown_db), first->next, repair->last_db);
    error->offset = (int64_t)first->offset;
    snprintf(error->input, sizeof error->input, "%s", input_name(&session->inputs[first->input]));
    return error->code;
}

rf_code log_repair_survey(struct session *session, rf_error *error)
{
    struct pass pass = {.session = session};
    struct log_repair *repair = &session->log.repair;
    if (!log_options_repair(&session->options->log) || repair->surveyed)
        return RF_OK;
    repair->surveyed = true;
    for (size_t i = 0; i < session->input_count; i++)
        TRY(read_input(&pass, i, error));
    TRY(check_databases(session, error));
    print_all(session);
    session->read.resume |= repair->count > 0;
    return RF_OK;
}

/* --- reading -------------------------------------------------------------------------------------------- */

rf_code log_repair_resolve(const struct session *session, size_t number, rf_reader *reader, rf_code code,
                           rf_entry *entry, bool *present_end, rf_error *error)
{
    const struct log_repair *repair = &session->log.repair;
    for (;; code = rf_reader_next(reader, entry, error)) {
        if (LIKELY(code == RF_OK && repair->count == 0))
            return code;
        if (code == RF_OK && entry->kind == RF_ENTRY_COMMAND && leaves_out(session, number, entry))
            continue;
        const rf_log_damage *damage = &rf_reader_info_get(reader)->damage;
        if (!rf_code_is_input(code) || damage->kind == RF_LOG_INTACT)
            return code;
        if (is_in_damage(repair, (struct log_command){number, damage->offset})) {
            if (damage->at_end)
                return RF_END;
            continue;
        }
        *present_end = damage->kind == RF_LOG_TORN && damage->at_end && !damage->in_transaction &&
                       rf_files_grew(&session->options->inputs, number);
        return *present_end ? RF_END : code;
    }
}

/* --- the report ----------------------------------------------------------------------------------------- */

void log_repair_report(struct json *json, const struct session *session)
{
    const struct log_repair *repair = &session->log.repair;
    if (repair->count == 0)
        return;
    json_object(json, "damage");
    json_array(json, "left_out");
    for (size_t i = 0; i < repair->count; i++) {
        const struct log_damage *damage = &repair->damages[i];
        json_object(json, NULL);
        json_string(json, "path", session->inputs[damage->input].path);
        json_number(json, "offset", damage->offset);
        json_number(json, "length", damage->length);
        json_number(json, "command", damage->command);
        json_string(json, "message", damage->message);
        json_string(json, "next", *damage->next ? damage->next : NULL);
        json_bool(json, "flush_follows", damage->flush_follows);
        json_end_object(json);
    }
    json_end_array(json);
    json_number(json, "unpaired", repair->unpaired_count);
    json_number(json, "unknown_database", repair->unknown_db);
    json_string(json, "saved_as", repair->saved_as);
    json_end_object(json);
}
