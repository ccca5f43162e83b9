/* SPDX-License-Identifier: MIT */
/* Reads the commands of all inputs, once for the cut and once for what the databases undergo before it. */
#include "cmd/run/log_survey.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "cmd/run/session.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>

/* One pass over the inputs that have commands. */
struct pass {
    struct session *session;
    rf_code (*note)(struct pass *pass, size_t number, const rf_entry *command, rf_error *error);
    bool in_transaction;
    uint64_t multi,
        before_multi;   /* the offset of the open transaction, and the number of commands before it */
    bool has_times;     /* some command has a time */
    bool found;         /* the command of --drop-at */
    bool ends;          /* the rest need not be read */
    const char *damage; /* why the log was cut, if it was damaged */
    char damage_text[512];
    uint64_t damage_offset;
};

void log_survey_free(struct log_survey *log)
{
    rf_command_history_free(log->history);
    log_repair_free(&log->repair);
}

static const struct log_options *options_of(const struct pass *pass)
{
    return &pass->session->options->log;
}

/* A cut inside of a transaction is before its MULTI. */
static void cut_at(struct pass *pass, size_t number, uint64_t offset)
{
    struct log_survey *log = &pass->session->log;
    log->cut = true;
    log->cut_input = number;
    log->cut_offset = pass->in_transaction ? pass->multi : offset;
    if (!pass->in_transaction)
        return;
    log->after += log->before - pass->before_multi;
    log->before = pass->before_multi;
}

/* --- the cut -------------------------------------------------------------------------------------------- */

static bool is_after(const struct pass *pass, size_t number, const rf_entry *command)
{
    const struct log_options *options = options_of(pass);
    const char *path = pass->session->inputs[number].path;
    return (options->until > 0 && command->time > options->until) ||
           (options->until_command != OPT_UNSET && pass->session->log.before >= options->until_command) ||
           (options->until_offset.text && log_place_is_in(&options->until_offset, path) &&
            command->offset >= options->until_offset.offset);
}

static void follow_transaction(struct pass *pass, const rf_entry *command)
{
    if (slice_is_word(command->argv[0], "MULTI") && !pass->in_transaction) {
        pass->in_transaction = true;
        pass->multi = command->offset;
        pass->before_multi = pass->session->log.before;
    } else if (slice_is_word(command->argv[0], "EXEC")) {
        pass->in_transaction = false;
    }
}

/* Without one of the two a server takes what follows for another thing than it was. */
static rf_code find_dropped(struct pass *pass, const rf_entry *command, rf_error *error)
{
    const rf_slice name = command->argv[0];
    pass->found = true;
    if (!slice_is_word(name, "MULTI") && !slice_is_word(name, "EXEC"))
        return RF_OK;
    return fail(error, RF_E_ARGUMENT,
                "--drop-at: %.*s cannot be left out alone: leave out the commands of its transaction, or use "
                "--until-offset",
                (int)name.len, (const char *)name.ptr);
}

static rf_code find_cut(struct pass *pass, size_t number, const rf_entry *command, rf_error *error)
{
    struct log_survey *log = &pass->session->log;
    pass->has_times |= command->time > 0;
    if (log_place_is_of(&options_of(pass)->drop_at, pass->session->inputs[number].path, command))
        TRY(find_dropped(pass, command, error));
    if (!log->cut && is_after(pass, number, command))
        cut_at(pass, number, command->offset);
    follow_transaction(pass, command);
    log->before += !log->cut;
    log->after += log->cut;
    return RF_OK;
}

/* --- the databases -------------------------------------------------------------------------------------- */

static rf_code note_history(struct pass *pass, size_t number, const rf_entry *command, rf_error *error)
{
    const struct session *session = pass->session;
    pass->ends = log_survey_ends(&session->log, number, command->offset);
    if (pass->ends || session_drops_command(session, number, command))
        return RF_OK;
    return rf_command_history_note(session->log.history, (uint32_t)number, command, error);
}

/* --- reading -------------------------------------------------------------------------------------------- */

/* Few logs have a SWAPDB or FLUSHDB. What cannot be scanned fails in the same way when it is read. */
static bool may_have_history(const struct pass *pass, size_t number)
{
    rf_error ignored;
    bool found;
    return input_scan_history(&pass->session->inputs[number], &found, &ignored) != RF_OK || found;
}

/* What is after a cut need not be intact. With --repair the damage is where the log is cut. */
static rf_code on_damage(struct pass *pass, const struct input *input, size_t number, const rf_error *error)
{
    if (pass->session->log.cut) {
        pass->ends = true;
        return RF_OK;
    }
    int64_t complete = input_info(input)->complete_bytes;
    if (options_of(pass)->repair != REPAIR_CUT || complete < 0)
        return error->code;
    rf_error_format(error, pass->damage_text, sizeof pass->damage_text);
    pass->damage = pass->damage_text;
    pass->ends = true;
    cut_at(pass, number, (uint64_t)complete);
    return RF_OK;
}

static rf_code read_input(struct pass *pass, size_t number, rf_error *error)
{
    struct input input = input_of(&pass->session->options->inputs, number);
    rf_entry entry;
    bool present_end;
    input.streams = true;
    TRY(input_open(&input, pass->session->read.resume, (rf_notify){0}, error));
    rf_code code = RF_OK;
    pass->in_transaction = false;
    while (code == RF_OK && !pass->ends &&
           (code = log_repair_next(pass->session, &pass->session->log.repair, number, input.reader, &entry,
                                   &present_end, error)) == RF_OK)
        if (entry.kind == RF_ENTRY_COMMAND)
            code = pass->note(pass, number, &entry, error);
    if (rf_code_is_input(code) && !*error->input)
        snprintf(error->input, sizeof error->input, "%s", input_name(&input));
    if (rf_code_is_input(code))
        code = on_damage(pass, &input, number, error);
    input_close(&input);
    return code == RF_END ? RF_OK : code;
}

/* What is damaged from its start on is found when it is read. */
static rf_code probe(const struct input *input, struct input_head *head, rf_error *error)
{
    rf_code code = input_probe(input, head, error);
    head->may_hold_commands |= rf_code_is_input(code);
    return rf_code_is_input(code) ? RF_OK : code;
}

/* Inputs without commands are not read. *count: of those with commands. */
static rf_code read_all(struct pass *pass, size_t *count, rf_error *error)
{
    struct session *session = pass->session;
    struct input_head head;
    *count = 0;
    for (size_t i = 0; i < session->input_count && !pass->ends; i++) {
        TRY(probe(&session->inputs[i], &head, error));
        if (options_of(pass)->until > 0 && head.saved_at > options_of(pass)->until)
            return fail(error, RF_E_ARGUMENT, "%s was saved after the time of --until",
                        input_name(&session->inputs[i]));
        if (!head.may_hold_commands)
            continue;
        ++*count;
        if (pass->note != note_history || (!session->log.may_assume && may_have_history(pass, i)))
            TRY(read_input(pass, i, error));
    }
    return RF_OK;
}

static bool has_place(const struct session *session, const struct log_place *place)
{
    for (size_t i = 0; i < session->input_count; i++)
        if (log_place_is_in(place, session->inputs[i].path))
            return true;
    return false;
}

static rf_code check_places(const struct session *session, size_t files, rf_error *error)
{
    const struct log_place *const places[] = {&session->options->log.until_offset,
                                              &session->options->log.drop_at};
    for (size_t i = 0; i < 2; i++) {
        if (!places[i]->text)
            continue;
        if (places[i]->file_length == 0 && files > 1)
            return fail(error, RF_E_ARGUMENT, "'%.128s': there are %zu files with commands: use FILE:OFFSET",
                        places[i]->text, files);
        if (!has_place(session, places[i]))
            return fail(error, RF_E_ARGUMENT, "'%.128s': no input has this name", places[i]->text);
    }
    return RF_OK;
}

static void print_cut(const struct pass *pass)
{
    const struct log_survey *log = &pass->session->log;
    const char *name = input_name(&pass->session->inputs[log->cut_input]);
    size_t rest = pass->session->input_count - log->cut_input - 1;
    char files[64] = "", left[32];
    if (pass->damage)
        message_warning("%s", pass->damage);
    if (rest > 0)
        snprintf(files, sizeof files, ", with %zu later file%s", rest, text_plural(rest));
    snprintf(left, sizeof left, "%" PRIu64, log->after);
    message_summary("%s: cut at offset 0x%" PRIx64 " after %" PRIu64 " command%s; %s%s left out%s", name,
                    log->cut_offset, log->before, text_plural(log->before), pass->damage ? "the rest" : left,
                    pass->damage || log->after == 1 ? " is" : " are", files);
}

static rf_code survey_cut(struct session *session, rf_error *error)
{
    struct pass pass = {.session = session, .note = find_cut};
    size_t files;
    TRY(read_all(&pass, &files, error));
    TRY(check_places(session, files, error));
    if (files == 0 && session->options->log.repair == REPAIR_NONE)
        return fail(error, RF_E_ARGUMENT, "no input is a file with AOF commands: it cannot be cut");
    if (session->options->log.until > 0 && !pass.has_times)
        return fail(error, RF_E_ARGUMENT,
                    "the log has no times (#TS annotations, aof-timestamp-enabled): use --until-offset or "
                    "--until-command");
    if (session->options->log.drop_at.text && !pass.found)
        return fail(error, RF_E_ARGUMENT, "no command begins at '%.128s'",
                    session->options->log.drop_at.text);
    if (session->log.cut)
        print_cut(&pass);
    return RF_OK;
}

static rf_code survey_history(struct session *session, rf_error *error)
{
    struct pass pass = {.session = session, .note = note_history};
    size_t files;
    session->log.history = rf_command_history_new(session->options->keys.rewrite);
    if (!session->log.history)
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(read_all(&pass, &files, error));
    session->log.assumes = session->log.may_assume && files > 0;
    if (files > 0 && !session->log.assumes)
        return rf_command_history_end(session->log.history, error);
    rf_command_history_free(session->log.history);
    session->log.history = NULL;
    return RF_OK;
}

rf_code log_survey(struct session *session, rf_error *error)
{
    const struct key_options *keys = &session->options->keys;
    const struct log_options *options = &session->options->log;
    TRY(log_repair_survey(session, error));
    if (options->drop_at.text || log_options_cut(options))
        TRY(survey_cut(session, error));
    return session->read.rewrites_commands && rf_command_history_is_needed(keys->filter, keys->rewrite)
               ? survey_history(session, error)
               : RF_OK;
}
