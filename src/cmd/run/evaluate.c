/* SPDX-License-Identifier: MIT */
/* An operand's log goes through a transfer, as `convert` has it, into the directory of a private server: what
 * this loads is complete, decompressed, in a format of its version, and its own. */
#include "cmd/run/evaluate.h"
#include "base/bytes.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/memory_limit.h"
#include "base/number.h"
#include "cmd/run/transfer.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/command.h>
#include <rdbferry/evaluate.h>
#include <stdio.h>
#include <string.h>

enum { DATABASES_MAX = 65536 /* each needs memory in the server, used or not */ };

struct run {
    const char *name; /* of the operand */
    struct common_options common;
    struct output_options written;
    struct transfer transfer;
    rf_evaluation *server;
    int64_t databases;
    uint64_t log_bytes;
};

/* --- which --------------------------------------------------------------------------------------------- */

/* What can be read only once is not probed. */
static bool may_hold_commands(const struct common_options *common, size_t number)
{
    struct input input = input_of(&common->inputs, number);
    struct input_head head;
    struct stat st;
    rf_error error;
    if (is_dash(input.path) || (input_stat(&input, &st) && !S_ISREG(st.st_mode)))
        return true;
    rf_code code = input_probe(&input, &head, &error);
    return head.may_hold_commands || (rf_code_is_input(code) && common->log.repair != REPAIR_NONE);
}

static bool any_may_hold_commands(const struct common_options *common, size_t first, size_t end)
{
    while (first < end)
        if (may_hold_commands(common, first++))
            return true;
    return false;
}

/* --- the log ------------------------------------------------------------------------------------------- */

/* Besides SELECT, which an entry's database shows, the commands that name another one. */
static const struct {
    const char *name;
    size_t first;
} db_arguments[] = {{"MOVE", 2}, {"COPY", 4}, {"SWAPDB", 1}};

static void note_db(struct run *run, int64_t db)
{
    if (db >= run->databases)
        run->databases = db + 1;
}

static void note_argument(struct run *run, rf_slice argument)
{
    int64_t db;
    if (number_parse_db(argument, &db))
        note_db(run, db);
}

static rf_code note_databases(struct run *run, const rf_entry *entry, rf_error *error)
{
    if (entry->kind == RF_ENTRY_KEY || entry->kind == RF_ENTRY_COMMAND)
        note_db(run, entry->db);
    for (size_t i = 0; entry->kind == RF_ENTRY_COMMAND && i < sizeof db_arguments / sizeof *db_arguments; i++)
        for (size_t arg = db_arguments[i].first;
             slice_is_word(entry->argv[0], db_arguments[i].name) && arg < entry->argc; arg++)
            note_argument(run, entry->argv[arg]);
    return run->databases <= DATABASES_MAX
               ? RF_OK
               : fail(error, RF_E_UNSUPPORTED, "database %" PRId64 ": a private server has at most %d",
                      run->databases - 1, DATABASES_MAX);
}

/* A server that loads executes everything: CONFIG SET and SAVE could overwrite any file of the user. */
static rf_code check_command(const rf_entry *entry, rf_error *error)
{
    char name[64];
    if (entry->kind != RF_ENTRY_COMMAND || !rf_command_is_forbidden(entry))
        return RF_OK;
    escape_name(entry->argv[0], name, sizeof name);
    fail(error, RF_E_UNSUPPORTED, "%s does not belong in a log: it is not given to the server", name);
    error->offset = (int64_t)entry->offset;
    return error->code;
}

static rf_code check_entry(void *ctx, const struct session *session, rf_entry *entry, rf_error *error)
{
    (void)session;
    TRY(check_command(entry, error));
    return note_databases(ctx, entry, error);
}

static rf_code open_sink(void *ctx, rf_error *error)
{
    struct run *run = ctx;
    struct transfer *t = &run->transfer;
    const char *path = rf_evaluation_log(run->server);
    rf_sink_options sink = transfer_begin(t);
    return run->written.preamble ? rf_sink_open_rdb(path, true, &sink, &t->sink, error)
                                 : rf_sink_open_aof(path, &sink, &t->sink, error);
}

static rf_code write_log(struct run *run, rf_error *error)
{
    struct transfer *t = &run->transfer;
    const struct transfer_steps steps = {.open = open_sink, .check = check_entry, .ctx = run};
    rf_output_info output;
    TRY(transfer_survey(t, error));
    TRY(transfer_entries(t, &steps, error));
    TRY(rf_sink_finish(t->sink, error));
    if (rf_sink_output(t->sink, 0, &output))
        run->log_bytes = output.bytes;
    return RF_OK;
}

/* --- the server ---------------------------------------------------------------------------------------- */

static void on_loading(void *ctx, double fraction)
{
    struct run *run = ctx;
    atomic_store(&run->transfer.session.progress.acked, (uint64_t)((double)run->log_bytes * fraction));
}

static void on_saving(void *ctx)
{
    struct run *run = ctx;
    progress_phase(&run->transfer.session.progress, "the server saves", 0);
}

static void print_needs(const struct run *run)
{
    uint64_t limit = memory_default().limit;
    char log[SIZE_TEXT], memory[SIZE_TEXT], server[32];
    rf_server_format(rf_evaluation_server(run->server), server, sizeof server);
    message_detail("%s: %" PRIu64 " command%s to be evaluated by %s; a log of %s in $TMPDIR, and an RDB",
                   run->name, run->transfer.session.stats.commands,
                   text_plural(run->transfer.session.stats.commands), server, text_size(run->log_bytes, log));
    if (run->log_bytes > limit)
        message_warning("%s: the log has %s, and the server may use %s of memory", run->name,
                        text_size(run->log_bytes, log), text_size(limit, memory));
}

static void print_result(const struct run *run, const rf_evaluation_result *result)
{
    char snapshot[SIZE_TEXT], memory[SIZE_TEXT];
    message_detail("%s: evaluated to an RDB of %s by a server with %s of memory", run->name,
                   text_size(result->bytes, snapshot), text_size(result->memory, memory));
    if (result->errors > 0)
        message_warning("%s: %" PRIu64 " command%s failed in the server, and changed nothing%s%s", run->name,
                        result->errors, text_plural(result->errors), *result->first_error ? ": " : "",
                        result->first_error);
}

static rf_code evaluate(struct run *run, rf_evaluation_result *result, rf_error *error)
{
    static const rf_server has_preamble = {RF_REDIS, 5, 0}; /* 4.0 drops expired keys of it */
    rf_evaluation_options options = {.on_loading = on_loading, .on_saving = on_saving, .ctx = run};
    TRY(rf_evaluation_open(run->common.log.server, &run->server, error));
    run->written.target = rf_evaluation_server(run->server);
    run->written.preamble = rf_server_at_least(run->written.target, has_preamble);
    rf_code code = write_log(run, error);
    if (code == RF_E_INCOMPATIBLE) /* with this server: no output is concerned */
        code = error->code = RF_E_UNSUPPORTED;
    TRY(code);
    print_needs(run);
    progress_phase(&run->transfer.session.progress, "the server loads", run->log_bytes);
    atomic_store(&run->transfer.session.progress.acked, 0);
    options.databases = run->databases;
    return rf_evaluation_run(run->server, &options, result, error);
}

/* Between its begin and end the session's signals stop everything: when the server has been killed for one,
 * the end of the session is not reached. */
static rf_code evaluate_in_session(struct run *run, rf_evaluation_result *result, rf_error *error)
{
    struct session *session = &run->transfer.session;
    session->read.streams = false; /* all arguments are looked at */
    session_begin(session);
    session_if_killed(session, "nothing was written");
    rf_code code = evaluate(run, result, error);
    if (code != RF_OK)
        transfer_discard(&run->transfer);
    if (code == RF_OK)
        code = log_repair_save(session, NULL, error);
    session_end(session);
    session->notices.records[RF_NOTICE_MANY_DATABASES].count = 0; /* this server has enough */
    notices_summarize(&session->notices);
    if (code == RF_OK)
        print_result(run, result);
    return code;
}

/* Replaces the files `first` to `end` - 1. */
static rf_code evaluate_files(struct common_options *common, size_t first, size_t end, const char *name,
                              rf_error *error)
{
    size_t count = end - first;
    struct run run = {.name = name,
                      .common = {.progress = common->progress,
                                 .quiet = common->quiet,
                                 .verbose = common->verbose,
                                 .log = common->log,
                                 .inputs = rf_files_part(&common->inputs, first, end),
                                 .operand_ends = &count,
                                 .operand_count = 1},
                      .written = {.to = TO_AOF, .check = true}};
    rf_evaluation_result result = {.fd = -1};
    rf_error why;
    rf_code code = key_options_finalize(&run.common.keys, NULL) &&
                           transfer_open(&run.transfer, &run.common, &run.written)
                       ? evaluate_in_session(&run, &result, &why)
                       : fail(&why, RF_E_MEMORY, "out of memory");
    if (code != RF_OK)
        error_input(&why, name);
    transfer_close(&run.transfer);
    rf_evaluation_close(run.server);
    key_options_free(&run.common.keys);
    return rf_files_replace(&common->inputs, first, end, name, code == RF_OK ? result.fd : -1, &why, error);
}

/* --- operands ------------------------------------------------------------------------------------------ */

/* Operands that follow move up. */
static void shorten(struct common_options *common, size_t from, size_t files)
{
    for (size_t i = from; i < common->operand_count; i++)
        common->operand_ends[i] -= files - 1;
}

bool evaluate_inputs(struct common_options *common, const char *rest)
{
    rf_error error;
    bool evaluated = false;
    for (size_t i = 0, first = 0; common->log.server && i < common->operand_count + (rest != NULL); i++) {
        bool is_operand = i < common->operand_count;
        const char *name = is_operand ? common->operands[i] : rest;
        size_t end = is_operand ? common->operand_ends[i] : common->inputs.count;
        if (any_may_hold_commands(common, first, end)) {
            if (evaluate_files(common, first, end, is_dash(name) ? "stdin" : name, &error) != RF_OK) {
                message_failure(&error);
                return false;
            }
            shorten(common, i, end - first);
            evaluated = true;
            end = first + 1;
        }
        first = end;
    }
    if (evaluated)
        log_options_applied(&common->log);
    return true;
}

bool evaluate_inputs_first(struct common_options *common, int *status)
{
    *status = STATUS_OUTPUT;
    if (!evaluate_inputs(common, NULL))
        return false;
    for (size_t i = 0; common->log.server && i < common->inputs.count; i++) {
        const rf_error *failure = rf_files_failure(&common->inputs, i);
        if (failure) {
            message_failure(failure);
            *status = (int)status_of(failure->code);
            return false;
        }
    }
    return true;
}
