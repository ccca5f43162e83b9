/* SPDX-License-Identifier: MIT */
/* `rdbferry convert`: writes the entries of all inputs to one output. */
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/convert/convert_options.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/explain_key.h"
#include "cmd/run/files.h"
#include "cmd/run/ownership.h"
#include "cmd/run/transfer.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"

static rf_code open_sink(struct transfer *t, const struct convert_options *options, rf_error *error)
{
    const struct output_options *written = &options->written;
    rf_sink_options sink = transfer_begin(t);
    sink.compress = output_compression_of(options->output);
    if (written->to == TO_AOF_DIR)
        return rf_sink_open_aofdir(options->output, written->appendfilename, (rf_aof_base)written->base,
                                   &sink, &t->sink, error);
    if (written->to == TO_JSONL)
        return rf_sink_open_jsonl(options->output, (rf_json_bytes)written->binary, &sink, &t->sink, error);
    if (written->to == TO_RDB || written->preamble)
        return rf_sink_open_rdb(options->output, written->preamble, &sink, &t->sink, error);
    return rf_sink_open_aof(options->output, &sink, &t->sink, error);
}

/* The sink is opened with the first entry: by then the writer of the input is known. */
static rf_code transfer_entries(struct transfer *t, const struct convert_options *options, rf_error *error)
{
    struct cursor cursor;
    rf_entry *entry;
    rf_code code = RF_OK;
    cursor_open(&cursor, &t->session, 0, t->session.input_count);
    while (code == RF_OK && (code = cursor_next(&cursor, &entry, error)) == RF_OK) {
        bool accepted = false, written;
        if (entry->kind == RF_ENTRY_AUX)
            continue;
        if (!t->begun)
            code = open_sink(t, options, error);
        if (code == RF_OK)
            code = transfer_accept(t, cursor.input, entry, &accepted, error);
        if (code == RF_OK && accepted)
            code = transfer_put(t, cursor.input, entry, &written, error);
    }
    return cursor_close(&cursor, code, error);
}

static rf_code write_output(struct transfer *t, const struct convert_options *options, rf_error *error)
{
    remove_leftovers(options->output,
                     options->written.to == TO_AOF_DIR ? options->written.appendfilename : NULL);
    TRY(transfer_survey(t, error));
    TRY(transfer_entries(t, options, error));
    if (!t->begun) /* there was no entry */
        TRY(open_sink(t, options, error));
    TRY(collisions_end(&t->collisions, error));
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
    struct transfer transfer;
    int status = STATUS_OUTPUT;
    if (transfer_open(&transfer, &options->common, &options->written)) {
        rf_error error;
        session_begin(&transfer.session);
        session_if_killed(&transfer.session,
                          is_dash(options->output) ? "the output is incomplete" : "nothing was written");
        rf_code code = write_output(&transfer, options, &error);
        if (code != RF_OK)
            transfer_discard(&transfer);
        session_end(&transfer.session);
        notices_summarize(&transfer.session.notices);
        collisions_summarize(&transfer.collisions);
        if (code == RF_OK)
            print_written(&transfer, options);
        else if (!is_unread(options, code))
            message_failure(&error);
        status = transfer_write_report(&transfer, "convert", (struct report_part){transfer_report, &transfer},
                                       code, &error);
        if (is_unread(options, code))
            status = stdout_status();
    }
    transfer_close(&transfer);
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
