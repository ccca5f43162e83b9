/* SPDX-License-Identifier: MIT */
/* `rdbferry convert`: a transfer to one output. */
#include "cmd/command.h"
#include "cmd/convert/convert_options.h"
#include "cmd/run/explain_key.h"
#include "cmd/run/transfer.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"

static rf_code open_sink(const struct transfer *transfer, const rf_sink_options *sink_options, rf_sink **out,
                         rf_error *error)
{
    const struct convert_options *options = transfer->ops->ctx;
    const struct output_options *written = &options->written;
    if (written->to == TO_AOF_DIR)
        return rf_sink_open_aofdir(options->output, written->appendfilename, (rf_aof_base)written->base,
                                   sink_options, out, error);
    if (written->to == TO_JSONL)
        return rf_sink_open_jsonl(options->output, (rf_json_bytes)written->binary, sink_options, out, error);
    if (written->to == TO_RDB || written->preamble)
        return rf_sink_open_rdb(options->output, written->preamble, sink_options, out, error);
    return rf_sink_open_aof(options->output, sink_options, out, error);
}

static void print_written(const struct transfer *transfer, const char *read, uint64_t bytes)
{
    const struct convert_options *options = transfer->ops->ctx;
    char size[SIZE_TEXT];
    message_summary("%s -> %s (%s)", read, is_dash(options->output) ? "stdout" : options->output,
                    text_size(bytes, size));
}

static int convert(struct convert_options *options)
{
    const struct transfer_ops ops = {
        .command = "convert", .open = open_sink, .print_summary = print_written, .ctx = options};
    struct transfer transfer = {
        .common = &options->common,
        .written = &options->written,
        .ops = &ops,
        .compress = output_compression_of(options->output),
    };
    int status = transfer_open(&transfer) ? transfer_run(&transfer) : STATUS_OUTPUT;
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
