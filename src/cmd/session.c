/* SPDX-License-Identifier: MIT */
/* The loop over an input's entries, and what stands around it. */
#include "session.h"
#include "attend.h"
#include "failure.h"
#include "message.h"
#include "terminal.h"
#include "text.h"
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

bool session_open(struct session *session, const struct common_options *options)
{
    message_set_level(options->quiet ? LEVEL_QUIET : options->verbose ? LEVEL_VERBOSE : LEVEL_NORMAL);
    *session = (struct session){.options = options, .input_count = options->inputs.count, .now = now_ms()};
    session->inputs = calloc(session->input_count + 1, sizeof *session->inputs);
    if (!session->inputs) {
        message_error("out of memory");
        return false;
    }
    for (size_t i = 0; i < session->input_count; i++)
        session->inputs[i].path = options->inputs.paths[i];
    return true;
}

void session_close(struct session *session)
{
    stats_free(&session->stats);
    free(session->inputs);
}

/* --- entries ---------------------------------------------------------------------------------------- */

static bool leaves_out(struct session *session, const rf_entry *entry)
{
    bool out;

    if (session->options->expired == EXPIRED_KEEP || entry->kind != RF_ENTRY_KEY)
        return false;
    out = session_has_expired(session, entry) != (session->options->expired == EXPIRED_ONLY);
    session->left_out += out;
    return out;
}

static rf_code take_entry(struct session *session, struct input *input, rf_entry *entry,
                          session_take_fn *take, void *ctx, rf_error *error)
{
    if (entry->kind == RF_ENTRY_KEY)
        progress_count(&session->progress.keys);
    if (entry->kind == RF_ENTRY_COMMAND)
        progress_count(&session->progress.commands);
    if (leaves_out(session, entry)) {
        stats_pause(&session->stats, entry->offset);
        return RF_OK;
    }
    return stats_add(&session->stats, entry) ? take(ctx, input, entry, error)
                                             : failure(error, RF_E_MEMORY, "out of memory");
}

static void say_found(const struct input *input)
{
    char version[32] = "", writer[32], size[SIZE_TEXT];

    if (input->info.rdb_version > 0)
        snprintf(version, sizeof version, " (version %d)", input->info.rdb_version);
    rf_server_format(input->info.writer, writer, sizeof writer);
    message_detail("%s: %s%s, written by %s, %s%s%s", input_name(input), input->info.format, version,
                   input->info.writer.major ? writer : "an unknown server", text_size(input->read, size),
                   *input->layers ? ", " : "", input->layers);
}

rf_code session_read(struct session *session, struct input *input, session_take_fn *take, void *ctx,
                     rf_error *error)
{
    rf_code code;
    rf_entry entry;

    session->notices.input = input_name(input);
    code = input_open(input, session->resume, notices_listener(&session->notices), error);
    if (code == RF_OK) {
        progress_enter(&session->progress, input->reader);
        while ((code = rf_reader_next(input->reader, &entry, error)) == RF_OK) {
            code = take_entry(session, input, &entry, take, ctx, error);
            if (code != RF_OK)
                break;
        }
        progress_leave(&session->progress);
        input_close(input);
        say_found(input);
    }
    if (code == RF_END) {
        stats_pause(&session->stats, input->decoded);
        return RF_OK;
    }
    if (code < RF_E_WRITE && !*error->input)
        snprintf(error->input, sizeof error->input, "%s", input_name(input));
    return code;
}

/* --- around them ------------------------------------------------------------------------------------ */

static bool wants_progress(const struct common_options *options)
{
    if (options->progress == PROGRESS_AUTO)
        return !options->quiet && terminal_at(STDERR_FILENO);
    return options->progress == PROGRESS_ALWAYS;
}

rf_code session_run(struct session *session, rf_code (*work)(void *ctx, rf_error *error),
                    void (*undo)(void *ctx), void *ctx, rf_error *error)
{
    struct attendant attendant;
    rf_code code;

    progress_start(&session->progress, inputs_size(session->inputs, session->input_count));
    attend_start(&attendant, wants_progress(session->options) ? &session->progress : NULL);
    code = work(ctx, error);
    if (code != RF_OK && undo)
        undo(ctx);
    attend_stop(&attendant);
    return code;
}

void session_format_counts(const struct session *session, char *out, size_t size)
{
    const struct stats *stats = &session->stats;
    uint64_t keys = stats_total(stats).keys, commands = stats->commands;
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
    if (session->input_count > 1)
        snprintf(out, size, "%zu inputs", session->input_count);
    else
        snprintf(out, size, "%s", input_name(session->inputs));
}
