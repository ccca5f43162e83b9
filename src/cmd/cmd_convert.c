/* SPDX-License-Identifier: MIT */
/* `rdbferry convert`: entries of all inputs, one after the other, go into one sink. */
#include "command.h"
#include "convert_options.h"
#include "failure.h"
#include "message.h"
#include "report.h"
#include "session.h"
#include "text.h"
#include <inttypes.h>
#include <rdbferry/seen.h>
#include <stdio.h>
#include <string.h>

struct conversion {
    const struct convert_options *options;
    struct session session;
    rf_server surveyed; /* the newest writer of the inputs behind the first; 0.0: unknown */
    rf_server target;   /* known when the sink is open; 0.0: none */
    int64_t saved_at;   /* likewise */
    rf_sink *sink;      /* opened with the first entry: by then the input has said who wrote it */
    rf_seen *seen;      /* NULL: keys are not searched for duplicates */
};

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

    if (conversion->options->target.major > 0 || !convert_options_has_target(conversion->options))
        return RF_OK;
    for (size_t i = 1; i < conversion->session.input_count && code == RF_OK; i++) {
        rf_server writer;

        code = input_probe(&conversion->session.inputs[i], &writer, error);
        conversion->surveyed = newer(conversion->surveyed, writer);
    }
    return code;
}

static void settle_target(struct conversion *conversion, const struct input *first)
{
    rf_server floor = convert_options_floor(conversion->options);
    rf_server target = newer(conversion->surveyed, input_info(first)->writer);

    if (!convert_options_has_target(conversion->options))
        return;
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
        .hash = options->common.report || options->common.verbose,
        .prefer_restore = options->restore,
        .drop_unsupported = options->drop_unsupported,
        .notify = notices_listener(&conversion->session.notices),
    };

    if (options->to == TO_AOF_DIR)
        return rf_sink_open_aofdir(options->output, options->appendfilename, (rf_aof_base)options->base,
                                   &sink_options, &conversion->sink, error);
    if (options->to == TO_JSONL)
        return rf_sink_open_jsonl(options->output, (rf_json_bytes)options->binary, &sink_options,
                                  &conversion->sink, error);
    if (options->to == TO_RDB || options->preamble)
        return rf_sink_open_rdb(options->output, options->preamble, &sink_options, &conversion->sink, error);
    return rf_sink_open_aof(options->output, &sink_options, &conversion->sink, error);
}

static rf_code need_sink(struct conversion *conversion, const struct input *input, rf_error *error)
{
    if (conversion->sink)
        return RF_OK;
    settle_target(conversion, input);
    conversion->saved_at = input_info(input)->saved_at;
    return open_sink(conversion, error);
}

/* --- the flow --------------------------------------------------------------------------------------- */

static void leave_out_function(struct conversion *conversion, const rf_entry *entry)
{
    rf_notify listener = notices_listener(&conversion->session.notices);

    listener.fn(listener.ctx, &(rf_notice){.code = RF_NOTICE_SAME_FUNCTION,
                                           .offset = (int64_t)entry->offset,
                                           .db = -1,
                                           .detail = "an earlier input has it too"});
}

static rf_code put_entry(void *ctx, struct input *input, rf_entry *entry, rf_error *error)
{
    struct conversion *conversion = ctx;
    bool again = false;
    rf_code code;

    if (entry->kind == RF_ENTRY_AUX)
        return RF_OK;
    code = need_sink(conversion, input, error);
    if (code != RF_OK)
        return code;
    /* What commands do to the keys of other inputs, nobody can tell without running them. */
    if (entry->kind == RF_ENTRY_COMMAND && conversion->options->common.operand_count > 1)
        return failure(error, RF_E_ARGUMENT, "the commands of an AOF cannot be joined with other inputs");
    if (conversion->seen)
        code = rf_seen_add(conversion->seen, entry, &again, error);
    if (again)
        leave_out_function(conversion, entry);
    return code == RF_OK && !again ? rf_sink_put(conversion->sink, entry, error) : code;
}

static rf_code convert(void *ctx, rf_error *error)
{
    struct conversion *conversion = ctx;
    struct session *session = &conversion->session;
    rf_code code = survey(conversion, error);

    for (size_t i = 0; i < session->input_count && code == RF_OK; i++) {
        code = session_read(session, &session->inputs[i], put_entry, conversion, error);
        if (code == RF_OK) /* it may have had no entry */
            code = need_sink(conversion, &session->inputs[i], error);
    }
    return code == RF_OK ? rf_sink_finish(conversion->sink, error) : code;
}

/* After an error nothing is left of the output. */
static void drop_output(void *ctx)
{
    struct conversion *conversion = ctx;

    rf_sink_close(conversion->sink);
    conversion->sink = NULL;
}

/* --- around it -------------------------------------------------------------------------------------- */

static void say_written(const struct conversion *conversion)
{
    const struct convert_options *options = conversion->options;
    char inputs[256], counts[160], size[SIZE_TEXT], target[32], reader[64] = "";
    rf_output_info output;
    uint64_t bytes = 0;

    rf_server_format(conversion->target, target, sizeof target);
    if (conversion->target.major > 0)
        snprintf(reader, sizeof reader, " for %s", target);
    for (size_t i = 0; rf_sink_output(conversion->sink, i, &output); i++) {
        message_detail("%s: %s%s, xxh3 %016" PRIx64, output.path, text_size(output.bytes, size), reader,
                       output.xxh3);
        bytes += output.bytes;
    }
    session_format_inputs(&conversion->session, inputs, sizeof inputs);
    session_format_counts(&conversion->session, counts, sizeof counts);
    message_summary("%s: %s -> %s (%s)", inputs, counts,
                    is_dash(options->output) ? "stdout" : options->output, text_size(bytes, size));
}

static bool write_report(const struct conversion *conversion, const rf_error *error)
{
    const struct report_part written = {
        report_put_written, &(const struct report_written){.target = conversion->target,
                                                           .sink = conversion->sink,
                                                           .notices = &conversion->session.notices}};

    return report_write(
        &(const struct report){
            .command = "convert", .session = &conversion->session, .error = error, .part = &written},
        conversion->options->common.report);
}

static enum status run(struct conversion *conversion)
{
    rf_error error;
    rf_code code = session_run(&conversion->session, convert, drop_output, conversion, &error);
    enum status status = status_of(code);

    notices_summarize(&conversion->session.notices);
    if (code == RF_OK)
        say_written(conversion);
    else
        message_failure(&error);
    if (!write_report(conversion, code == RF_OK ? NULL : &error) && status == STATUS_DONE)
        status = STATUS_OUTPUT;
    return status;
}

static bool remember_keys(struct conversion *conversion)
{
    if (conversion->options->common.operand_count == 1 && !conversion->options->check)
        return true;
    conversion->seen = rf_seen_new();
    if (!conversion->seen)
        message_error("out of memory");
    return conversion->seen != NULL;
}

int convert_run(int argc, char **argv)
{
    struct convert_options options;
    struct conversion conversion = {.options = &options};
    int status;

    if (convert_options_read(argc, argv, &options, &status)) {
        status = STATUS_OUTPUT;
        if (session_open(&conversion.session, &options.common) && remember_keys(&conversion))
            status = run(&conversion);
        rf_sink_close(conversion.sink);
        rf_seen_free(conversion.seen);
        session_close(&conversion.session);
    }
    common_options_free(&options.common);
    return status;
}
