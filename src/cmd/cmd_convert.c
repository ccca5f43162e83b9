/* SPDX-License-Identifier: MIT */
/* `rdbferry convert`: a transfer into one output. */
#include "command.h"
#include "convert_options.h"
#include "explain_key.h"
#include "message.h"
#include "report.h"
#include "text.h"
#include "transfer.h"
#include <stdio.h>

static rf_code open_sink(const struct transfer *transfer, const rf_sink_options *sink_options, rf_sink **out,
                         rf_error *error)
{
    const struct convert_options *options = transfer->part->ctx;
    const struct written_options *written = &options->written;

    if (written->to == TO_AOF_DIR)
        return rf_sink_open_aofdir(options->output, written->appendfilename, (rf_aof_base)written->base,
                                   sink_options, out, error);
    if (written->to == TO_JSONL)
        return rf_sink_open_jsonl(options->output, (rf_json_bytes)written->binary, sink_options, out, error);
    if (written->to == TO_RDB || written->preamble)
        return rf_sink_open_rdb(options->output, written->preamble, sink_options, out, error);
    return rf_sink_open_aof(options->output, sink_options, out, error);
}

static void say_written(const struct transfer *transfer, const char *output)
{
    char inputs[256], counts[160], size[SIZE_TEXT];
    uint64_t bytes = transfer_say_outputs(transfer);

    session_format_inputs(&transfer->session, inputs, sizeof inputs);
    session_format_counts(&transfer->session, counts, sizeof counts);
    message_summary("%s: %s -> %s (%s)", inputs, counts, is_dash(output) ? "stdout" : output,
                    text_size(bytes, size));
}

static void put_report(struct json *json, const void *ctx)
{
    transfer_report(json, ctx);
}

static enum status run(struct transfer *transfer, const struct convert_options *options)
{
    const struct report_part part = {put_report, transfer};
    rf_error error;
    rf_code code = transfer_run(transfer, &error);
    enum status status = status_of(code);

    transfer_summarize(transfer);
    if (code == RF_OK)
        say_written(transfer, options->output);
    else
        message_failure(&error);
    if (!report_write(&(const struct report){.command = "convert",
                                             .session = &transfer->session,
                                             .error = code == RF_OK ? NULL : &error,
                                             .part = &part},
                      options->common.report) &&
        status == STATUS_DONE)
        status = STATUS_OUTPUT;
    return status;
}

static int convert(struct convert_options *options)
{
    const struct transfer_part part = {.open = open_sink, .ctx = options};
    struct transfer transfer = {
        .common = &options->common,
        .written = &options->written,
        .part = &part,
        .compress = destination_compression_of(options->output),
    };
    int status = transfer_open(&transfer) ? (int)run(&transfer, options) : STATUS_OUTPUT;

    transfer_close(&transfer);
    return status;
}

int convert_run(int argc, char **argv)
{
    struct convert_options options;
    int status;

    if (convert_options_read(argc, argv, &options, &status))
        status = options.written.explain_key ? explain_key(&options.common.keys, &options.written, NULL)
                                             : convert(&options);
    common_options_free(&options.common);
    return status;
}
