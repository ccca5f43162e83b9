/* SPDX-License-Identifier: MIT */
/* `rdbferry convert`: entries of all inputs, one after the other, go into one sink. */
#include "attend.h"
#include "command.h"
#include "convert_options.h"
#include "message.h"
#include "report.h"
#include "status.h"
#include "terminal.h"
#include "text.h"
#include <inttypes.h>
#include <rdbferry/seen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct conversion {
    const struct convert_options *options;
    struct input *inputs;
    rf_server surveyed; /* the newest writer of the inputs behind the first; 0.0: unknown */
    rf_server target;   /* known when the sink is open */
    int64_t saved_at;   /* likewise */
    rf_sink *sink;      /* opened with the first entry: by then the input has said who wrote it */
    rf_seen *seen;      /* NULL: keys are not searched for duplicates */
    struct stats stats;
    struct notices notices;
    struct progress progress;
};

/* An error of the program's own; an empty text leaves it to the code's. */
static rf_code fail(rf_error *error, rf_code code, const char *text)
{
    *error = (rf_error){.code = code, .offset = -1, .file_offset = -1, .db = -1};
    snprintf(error->message, sizeof error->message, "%s", text);
    return code;
}

/* --- the target ------------------------------------------------------------------------------------- */

/* Unknown ones (0.0) are never newer. Where both projects meet it is Valkey, which reads what the two have
 * in common. */
static rf_server newer(rf_server a, rf_server b)
{
    if (a.major == 0 || b.major == 0)
        return a.major == 0 ? b : a;
    if (a.dialect != b.dialect)
        return a.dialect == RF_VALKEY ? a : b;
    return rf_server_at_least(a, b) ? a : b;
}

/* Who wrote the inputs behind the first, which will tell by itself. */
static rf_code survey(struct conversion *conversion, rf_error *error)
{
    rf_code code = RF_OK;

    if (conversion->options->target.major > 0)
        return RF_OK;
    for (size_t i = 1; i < conversion->options->inputs.count && code == RF_OK; i++) {
        rf_server writer;

        code = input_probe(&conversion->inputs[i], &writer, error);
        conversion->surveyed = newer(conversion->surveyed, writer);
    }
    return code;
}

static void settle_target(struct conversion *conversion, const struct input *first)
{
    rf_server floor = convert_options_floor(conversion->options);
    rf_server target = newer(conversion->surveyed, rf_reader_info_get(first->reader)->writer);

    if (conversion->options->target.major > 0)
        target = conversion->options->target;
    conversion->target = rf_server_at_least(target, floor) ? target : floor;
}

/* --- the sink --------------------------------------------------------------------------------------- */

static rf_code open_sink(struct conversion *conversion, rf_error *error)
{
    const struct convert_options *options = conversion->options;
    const rf_sink_options sink_options = {
        .target = conversion->target,
        .saved_at = conversion->saved_at,
        .compress = destination_compression_of(options->output),
        .force = options->force,
        .check = options->check,
        .hash = options->report || options->verbose,
        .prefer_restore = options->restore,
        .drop_unsupported = options->drop_unsupported,
        .notify = notices_listener(&conversion->notices),
    };

    if (options->to == TO_AOF_DIR)
        return rf_sink_open_aofdir(options->output, options->appendfilename, (rf_aof_base)options->base,
                                   &sink_options, &conversion->sink, error);
    if (options->to == TO_RDB || options->preamble)
        return rf_sink_open_rdb(options->output, options->preamble, &sink_options, &conversion->sink, error);
    return rf_sink_open_aof(options->output, &sink_options, &conversion->sink, error);
}

static rf_code need_sink(struct conversion *conversion, const struct input *input, rf_error *error)
{
    if (conversion->sink)
        return RF_OK;
    settle_target(conversion, input);
    conversion->saved_at = rf_reader_info_get(input->reader)->saved_at;
    return open_sink(conversion, error);
}

/* --- the flow --------------------------------------------------------------------------------------- */

static void leave_out_function(struct conversion *conversion, const rf_entry *entry)
{
    rf_notify listener = notices_listener(&conversion->notices);

    listener.fn(listener.ctx, &(rf_notice){.code = RF_NOTICE_SAME_FUNCTION,
                                           .offset = (int64_t)entry->offset,
                                           .db = -1,
                                           .detail = "an earlier input has it too"});
}

static rf_code put_entry(struct conversion *conversion, rf_entry *entry, rf_error *error)
{
    bool again = false;
    rf_code code = RF_OK;

    if (entry->kind == RF_ENTRY_KEY)
        progress_count(&conversion->progress.keys);
    if (entry->kind == RF_ENTRY_COMMAND)
        progress_count(&conversion->progress.commands);
    if (!stats_add(&conversion->stats, entry))
        return fail(error, RF_E_MEMORY, "");
    /* What commands do to the keys of other inputs, nobody can tell without running them. */
    if (entry->kind == RF_ENTRY_COMMAND && conversion->options->operand_count > 1)
        return fail(error, RF_E_ARGUMENT, "the commands of an AOF cannot be joined with other inputs");
    if (conversion->seen)
        code = rf_seen_add(conversion->seen, entry, &again, error);
    if (again)
        leave_out_function(conversion, entry);
    return code == RF_OK && !again ? rf_sink_put(conversion->sink, entry, error) : code;
}

static rf_code put_entries(struct conversion *conversion, struct input *input, rf_error *error)
{
    rf_entry entry;
    rf_code code;

    while ((code = input_next(input, &entry, error)) == RF_OK) {
        code = need_sink(conversion, input, error);
        if (code == RF_OK)
            code = put_entry(conversion, &entry, error);
        if (code != RF_OK)
            return code;
    }
    return code == RF_END ? need_sink(conversion, input, error) : code;
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

static rf_code convert_input(struct conversion *conversion, struct input *input, rf_error *error)
{
    rf_code code;

    conversion->notices.input = input_name(input);
    code = input_open(input, notices_listener(&conversion->notices), error);
    if (code == RF_OK) {
        progress_enter(&conversion->progress, input->reader);
        code = put_entries(conversion, input, error);
        progress_leave(&conversion->progress);
        input_close(input);
        say_found(input);
    }
    if (code == RF_OK)
        stats_end_input(&conversion->stats, input->decoded);
    else if (code < RF_E_WRITE && !*error->input)
        snprintf(error->input, sizeof error->input, "%s", input_name(input));
    return code;
}

static rf_code convert(struct conversion *conversion, rf_error *error)
{
    rf_code code = survey(conversion, error);

    for (size_t i = 0; i < conversion->options->inputs.count && code == RF_OK; i++)
        code = convert_input(conversion, &conversion->inputs[i], error);
    return code == RF_OK ? rf_sink_finish(conversion->sink, error) : code;
}

/* --- around it -------------------------------------------------------------------------------------- */

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* "183 keys in 3 databases", "12 commands", or both. */
static void format_counts(const struct stats *stats, char *out, size_t size)
{
    uint64_t keys = stats_total(stats).keys, commands = stats->commands;
    size_t databases = stats_databases(stats);
    char keys_text[64] = "", commands_text[64] = "";

    if (keys > 0 || commands == 0)
        snprintf(keys_text, sizeof keys_text, "%" PRIu64 " key%s in %zu database%s", keys, plural(keys),
                 databases, plural(databases));
    if (commands > 0)
        snprintf(commands_text, sizeof commands_text, "%" PRIu64 " command%s", commands, plural(commands));
    snprintf(out, size, "%s%s%s", keys_text, *keys_text && *commands_text ? ", " : "", commands_text);
}

static void say_written(const struct conversion *conversion)
{
    const struct convert_options *options = conversion->options;
    char inputs[32], counts[160], size[SIZE_TEXT], target[32];
    rf_output_info output;
    uint64_t bytes = 0;

    rf_server_format(conversion->target, target, sizeof target);
    for (size_t i = 0; rf_sink_output(conversion->sink, i, &output); i++) {
        message_detail("%s: %s for %s, xxh3 %016" PRIx64, output.path, text_size(output.bytes, size), target,
                       output.xxh3);
        bytes += output.bytes;
    }
    snprintf(inputs, sizeof inputs, "%zu inputs", options->inputs.count);
    format_counts(&conversion->stats, counts, sizeof counts);
    message_summary("%s: %s -> %s (%s)", options->inputs.count > 1 ? inputs : input_name(conversion->inputs),
                    counts, strcmp(options->output, "-") == 0 ? "stdout" : options->output,
                    text_size(bytes, size));
}

static bool write_report(const struct conversion *conversion, const rf_error *error)
{
    const struct report report = {
        .command = "convert",
        .inputs = conversion->inputs,
        .input_count = conversion->options->inputs.count,
        .stats = &conversion->stats,
        .notices = &conversion->notices,
        .target = conversion->target,
        .sink = conversion->sink,
        .error = error,
        .seconds = progress_seconds(&conversion->progress),
    };

    return !conversion->options->report || report_write(&report, conversion->options->report);
}

static bool wants_progress(const struct convert_options *options)
{
    if (options->progress == PROGRESS_AUTO)
        return !options->quiet && terminal_at(STDERR_FILENO);
    return options->progress == PROGRESS_ALWAYS;
}

/* Runs with the attendant by its side. After an error nothing is left of the output. */
static rf_code convert_attended(struct conversion *conversion, rf_error *error)
{
    struct attendant attendant;
    rf_code code;

    progress_start(&conversion->progress, inputs_size(conversion->inputs, conversion->options->inputs.count));
    attend_start(&attendant, wants_progress(conversion->options) ? &conversion->progress : NULL);
    code = convert(conversion, error);
    if (code != RF_OK) {
        rf_sink_close(conversion->sink);
        conversion->sink = NULL;
    }
    attend_stop(&attendant);
    return code;
}

static enum status run(struct conversion *conversion)
{
    rf_error error;
    rf_code code = convert_attended(conversion, &error);
    enum status status = status_of(code);

    notices_summarize(&conversion->notices);
    if (code == RF_OK)
        say_written(conversion);
    else
        message_failure(&error);
    if (!write_report(conversion, code == RF_OK ? NULL : &error) && status == STATUS_DONE)
        status = STATUS_OUTPUT;
    return status;
}

static bool prepare(struct conversion *conversion, const struct convert_options *options)
{
    bool remembers = options->operand_count > 1 || options->check;

    *conversion = (struct conversion){.options = options};
    conversion->inputs = calloc(options->inputs.count, sizeof *conversion->inputs);
    conversion->seen = remembers ? rf_seen_new() : NULL;
    if (!conversion->inputs || (remembers && !conversion->seen))
        return false;
    for (size_t i = 0; i < options->inputs.count; i++)
        conversion->inputs[i].path = options->inputs.paths[i];
    return true;
}

static void discard(struct conversion *conversion)
{
    rf_sink_close(conversion->sink);
    rf_seen_free(conversion->seen);
    stats_free(&conversion->stats);
    free(conversion->inputs);
}

int convert_run(int argc, char **argv)
{
    struct convert_options options;
    struct conversion conversion;
    int status;

    if (!convert_options_read(argc, argv, &options, &status)) {
        rf_files_free(&options.inputs);
        return status;
    }
    message_set_level(options.quiet ? LEVEL_QUIET : options.verbose ? LEVEL_VERBOSE : LEVEL_NORMAL);
    status = STATUS_OUTPUT;
    if (prepare(&conversion, &options))
        status = run(&conversion);
    else
        message_error("out of memory");
    discard(&conversion);
    rf_files_free(&options.inputs);
    return status;
}
