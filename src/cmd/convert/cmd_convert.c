/* SPDX-License-Identifier: MIT */
/* `rdbferry convert`: writes the entries of all inputs to one output. */
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/convert/convert_options.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/explain_key.h"
#include "cmd/run/files.h"
#include "cmd/run/ownership.h"
#include "cmd/run/stage.h"
#include "cmd/run/transfer.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"

struct conversion {
    const struct convert_options *options;
    struct transfer transfer;
};

static rf_code open_sink(void *ctx, rf_error *error)
{
    struct conversion *conversion = ctx;
    rf_sink **out = &conversion->transfer.sink;
    const char *output = conversion->options->output;
    const struct output_options *written = &conversion->options->written;
    rf_sink_options sink = transfer_begin(&conversion->transfer);
    sink.compress = output_compression_of(output);
    sink.rdb_compression = (rf_compression)written->rdb_compression;
    if (written->to == TO_AOF_DIR)
        return rf_sink_open_aofdir(output, written->appendfilename, (rf_aof_base)written->base, &sink, out,
                                   error);
    if (written->to == TO_JSONL)
        return rf_sink_open_jsonl(output, (rf_json_bytes)written->binary, &sink, out, error);
    if (written->to == TO_RDB || written->preamble)
        return rf_sink_open_rdb(output, written->preamble, &sink, out, error);
    return rf_sink_open_aof(output, &sink, out, error);
}

static rf_code write_output(void *ctx, rf_error *error)
{
    struct conversion *conversion = ctx;
    const struct convert_options *options = conversion->options;
    const struct transfer_steps steps = {.open = open_sink, .ctx = conversion};
    struct transfer *t = &conversion->transfer;
    remove_leftovers(options->output,
                     options->written.to == TO_AOF_DIR ? options->written.appendfilename : NULL);
    TRY(transfer_survey(t, error));
    t->session.read.batches = stage_batches(&options->common, 1, output_options_copies(&options->written));
    TRY(transfer_entries(t, &steps, error));
    TRY(log_repair_save(&t->session, options->output, error));
    session_if_killed(&t->session, NULL);
    return rf_sink_finish(t->sink, error);
}

static void print_written(const struct transfer *t, const struct convert_options *options)
{
    char read[TRANSFER_TEXT], size[SIZE_TEXT];
    transfer_format(t, read);
    text_size(transfer_print_outputs(t), size);
    ownership_summarize();
    message_summary("%s -> %s (%s)", read, is_dash(options->output) ? "stdout" : options->output, size);
}

/* stdout has no reader any more, which needs no message. */
static bool is_unread(const struct convert_options *options, rf_code code)
{
    return code == RF_E_WRITE && is_dash(options->output) && stdout_status() > STATUS_SIGNAL;
}

static int convert(const struct convert_options *options)
{
    struct conversion conversion = {.options = options};
    const struct transfer_attempt attempt = {
        .write = write_output, .ctx = &conversion, .output = options->output};
    struct transfer *t = &conversion.transfer;
    int status = STATUS_OUTPUT;
    if (transfer_open(t, &options->common, &options->written)) {
        rf_error error;
        session_begin(&t->session);
        session_if_killed(&t->session,
                          is_dash(options->output) ? "the output is incomplete" : "nothing was written");
        rf_code code = transfer_attempt(t, &attempt, &error);
        if (code != RF_OK)
            transfer_discard(t);
        session_end(&t->session);
        notices_summarize(&t->session.notices);
        collisions_summarize(&t->collisions);
        if (code == RF_OK)
            print_written(t, options);
        else if (!is_unread(options, code))
            message_failure(&error);
        status = transfer_write_report(t, "convert", (struct report_part){transfer_report, t}, code, &error);
        if (is_unread(options, code))
            status = stdout_status();
    }
    transfer_close(t);
    return status;
}

int convert_run(int argc, char **argv)
{
    struct convert_options options;
    int status;
    if (convert_options_read(argc, argv, &options, &status))
        status = options.written.explain_key ? explain_key(&options.common.keys, &options.written, NULL)
                 : evaluate_inputs(&options.common, NULL) ? convert(&options)
                                                          : STATUS_OUTPUT;
    common_options_free(&options.common);
    return status;
}
