/* SPDX-License-Identifier: MIT */
/* Start and end of a session, and what it has counted. */
#include "cmd/run/session.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/memory_limit.h"
#include "cmd/run/files.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t session_fields_until(void)
{
    enum { ANSWERED_WITHIN_MS = 10 * 1000 };
    return now_ms() + ANSWERED_WITHIN_MS;
}

rf_code session_error_key(const struct session *session, const rf_entry *entry, rf_error *error)
{
    escape_name(session_source_key(session, entry), error->key, sizeof error->key);
    error->db = (int)session_source_db(session, entry);
    return error->code;
}

bool session_open(struct session *session, const struct common_options *options)
{
    message_set_level(options->quiet ? LEVEL_QUIET : options->verbose ? LEVEL_VERBOSE : LEVEL_NORMAL);
    *session = (struct session){.options = options, .input_count = options->inputs.count, .now = now_ms()};
    session->inputs = calloc(2 * session->input_count, sizeof *session->inputs);
    if (!session->inputs) {
        message_error("out of memory");
        return false;
    }
    for (size_t i = 0; i < session->input_count; i++)
        session->inputs[i] = input_of(&options->inputs, i);
    rf_filter_expired(options->keys.filter, (rf_expired)options->keys.expired, session->now);
    session->unfiltered = rf_filter_is_all(options->keys.filter) && !options->keys.rewrite;
    session->read.raw_from = SIZE_MAX;
    return true;
}

void session_close(struct session *session)
{
    stats_free(&session->stats);
    log_survey_free(&session->log);
    joined_logs_free(session->joined);
    free(session->inputs);
}

void session_detail_memory(uint64_t given)
{
    struct memory_default chosen = memory_default();
    char memory[SIZE_TEXT], limit[SIZE_TEXT];
    if (given == 0 && chosen.limit < UINT64_MAX)
        message_detail("memory for tables: %s, as this process may use %s (see --memory)",
                       text_size(chosen.memory, memory), text_size(chosen.limit, limit));
}

void session_notice(struct session *session, rf_notice_code code, const rf_entry *entry, const char *detail)
{
    rf_notify listener = notices_listener(&session->notices);
    bool has_key = entry->kind == RF_ENTRY_KEY || entry->kind == RF_ENTRY_FOREIGN ||
                   entry->kind == RF_ENTRY_FOREIGN_DETAIL;
    listener.fn(listener.ctx, &(rf_notice){.code = code,
                                           .offset = (int64_t)entry->offset,
                                           .db = has_key ? (int)entry->db : -1,
                                           .key = has_key ? entry->key : (rf_slice){0},
                                           .detail = detail});
}

void session_notice_command(struct session *session, const rf_entry *command)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", command->argv[0].len < sizeof name ? (int)command->argv[0].len : 32,
             (const char *)command->argv[0].ptr);
    session_notice(session, RF_NOTICE_UNKNOWN_COMMAND, command, name);
}

bool session_is_last_of_operand(const struct session *session, size_t input)
{
    const struct common_options *options = session->options;
    for (size_t i = 0; i < options->operand_count; i++)
        if (options->operand_ends[i] == input + 1)
            return true;
    return input + 1 == session->input_count;
}

bool session_expects_commands(const struct session *session)
{
    struct input_head head = {0};
    rf_error error;
    for (size_t i = 0; i < session->input_count; i++)
        if (input_probe(&session->inputs[i], &head, &error) == RF_OK && head.may_hold_commands)
            return true;
    return false;
}

rf_code session_join_logs(struct session *session, rf_error *error)
{
    if (session->options->operand_count == 1 || !session_expects_commands(session))
        return RF_OK;
    session->joined = calloc(1, sizeof *session->joined);
    return session->joined ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* --- running ------------------------------------------------------------------------------------------ */

static bool wants_progress(const struct common_options *options)
{
    return options->progress == PROGRESS_ALWAYS || (options->progress == PROGRESS_AUTO && !options->quiet);
}

void session_begin(struct session *session)
{
    remove_leftovers(session->options->report, NULL);
    progress_start(&session->progress, inputs_size(session->inputs, session->input_count),
                   !terminal_at(STDERR_FILENO));
    signal_thread_start(&session->signals, wants_progress(session->options) ? &session->progress : NULL);
}

void session_if_killed(struct session *session, const char *outcome)
{
    atomic_store(&session->signals.outcome, outcome);
}

void session_end(struct session *session)
{
    signal_thread_stop(&session->signals);
}

uint64_t session_dropped(const struct session *session)
{
    uint64_t dropped = 0;
    for (int i = 0; i < RF_DROP_COUNT; i++)
        dropped += session->dropped[i];
    return dropped;
}

void session_format_counts(const struct session *session, char *out, size_t size)
{
    const struct stats *stats = &session->stats;
    uint64_t keys = tables_total(&stats->tables).keys, commands = stats->commands;
    size_t databases = stats_databases(stats);
    char keys_text[64] = "", commands_text[64] = "";
    if (keys > 0 || commands == 0)
        snprintf(keys_text, sizeof keys_text, "%" PRIu64 " key%s in %zu database%s", keys, text_plural(keys),
                 databases, text_plural(databases));
    if (commands > 0)
        snprintf(commands_text, sizeof commands_text, "%" PRIu64 " command%s", commands,
                 text_plural(commands));
    snprintf(out, size, "%s%s%s", keys_text, *keys_text && *commands_text ? ", " : "", commands_text);
}

void session_format_inputs(const struct session *session, char *out, size_t size)
{
    if (session->input_count > 1 && !session->inputs->is_followed)
        snprintf(out, size, "%zu inputs", session->input_count);
    else if (session->input_count > 2)
        snprintf(out, size, "%zu servers", session->input_count / 2);
    else
        snprintf(out, size, "%s", input_name(session->inputs));
}
