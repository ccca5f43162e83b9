/* SPDX-License-Identifier: MIT */
/* The results of a transfer: as text, and as members of the report: the outcome of the keys, the effect of
 * each rule, and the outputs. */
#include "cmd/run/transfer.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>

/* The outcome of the keys read; the counts add up. */
struct transfer_keys {
    uint64_t read, dropped, collided, unsupported, empty, written;
};

static struct transfer_keys count_keys(const struct transfer *t)
{
    struct transfer_keys keys = {
        .dropped = session_dropped(&t->session),
        .collided = t->collisions.dropped_keys,
        .unsupported = t->unsupported,
        .empty = t->empty,
        .written = t->kept_keys,
    };
    keys.read = tables_total(&t->session.stats.tables).keys + keys.dropped;
    return keys;
}

/* --- text --------------------------------------------------------------------------------------------- */

void transfer_format(const struct transfer *t, char out[TRANSFER_TEXT])
{
    const struct transfer_keys keys = count_keys(t);
    uint64_t left_out = keys.dropped + keys.collided + keys.unsupported + keys.empty;
    uint64_t commands = t->session.commands.dropped + t->session.log.dropped;
    char inputs[256], counts[160], rest[64] = "", commands_rest[64] = "";
    session_format_inputs(&t->session, inputs, sizeof inputs);
    session_format_counts(&t->session, counts, sizeof counts);
    if (left_out > 0)
        snprintf(rest, sizeof rest, ", %" PRIu64 " of %" PRIu64 " not written", left_out, keys.read);
    if (commands > 0)
        snprintf(commands_rest, sizeof commands_rest, ", %" PRIu64 " command%s not written", commands,
                 text_plural(commands));
    snprintf(out, TRANSFER_TEXT, "%s: %s%s%s", inputs, counts, rest, commands_rest);
}

uint64_t transfer_print_outputs(const struct transfer *t)
{
    char size[SIZE_TEXT], target[32], reader[64] = "";
    rf_output_info output;
    uint64_t bytes = 0;
    rf_server_format(t->target, target, sizeof target);
    if (t->target.major > 0)
        snprintf(reader, sizeof reader, " for %s", target);
    for (size_t i = 0; t->sink && rf_sink_output(t->sink, i, &output); i++) {
        message_detail("%s: %s%s, xxh3 %016" PRIx64, output.path, text_size(output.bytes, size), reader,
                       output.xxh3);
        bytes += output.bytes;
    }
    return bytes;
}

/* --- the report --------------------------------------------------------------------------------------- */

int transfer_write_report(const struct transfer *t, const char *command, struct report_part part,
                          rf_code code, const rf_error *error)
{
    const struct report report = {
        .command = command, .session = &t->session, .error = code == RF_OK ? NULL : error, .part = &part};
    report_write(&report, t->common->report);
    return (int)status_of(code);
}

void transfer_put_keys(struct json *json, const struct transfer *t)
{
    const struct transfer_keys keys = count_keys(t);
    json_object(json, "keys");
    json_number(json, "read", keys.read);
    json_number(json, "dropped", keys.dropped);
    json_number(json, "collided", keys.collided);
    json_number(json, "unsupported", keys.unsupported);
    json_number(json, "empty", keys.empty);
    json_number(json, "written", keys.written);
    json_end_object(json);
}

static void put_outputs(struct json *json, const rf_sink *sink)
{
    rf_output_info output;
    char hash[17];
    json_array(json, "outputs");
    for (size_t i = 0; sink && rf_sink_output(sink, i, &output); i++) {
        snprintf(hash, sizeof hash, "%016" PRIx64, output.xxh3);
        json_object(json, NULL);
        json_string(json, "path", output.path);
        json_number(json, "bytes", output.bytes);
        json_string(json, "xxh3", hash);
        json_end_object(json);
    }
    json_end_array(json);
}

/* Nothing, if there were none. */
static void put_commands(struct json *json, const struct session *session)
{
    const struct log_survey *log = &session->log;
    if (session->stats.commands + session->commands.dropped + log->dropped == 0 && !log->cut)
        return;
    json_object(json, "commands");
    json_number(json, "written", session->stats.commands);
    json_number(json, "dropped", session->commands.dropped);
    json_number(json, "narrowed", session->commands.narrowed);
    json_number(json, "left_out", log->dropped);
    if (log->cut) {
        json_object(json, "cut");
        json_string(json, "path", session->inputs[log->cut_input].path);
        json_number(json, "offset", log->cut_offset);
        json_number(json, "commands_after", log->after);
        json_end_object(json);
    }
    json_end_object(json);
}

void transfer_report(struct json *json, const void *transfer)
{
    const struct transfer *t = transfer;
    const struct notice_record *restored = &t->session.notices.records[RF_NOTICE_BY_RESTORE];
    transfer_put_keys(json, t);
    put_commands(json, &t->session);
    log_repair_report(json, &t->session);
    report_put_rules(json, t->common->keys.rewrite);
    collisions_report(json, &t->collisions);
    report_put_server(json, "target", t->target);
    json_object(json, "by_restore");
    json_number(json, "keys", restored->count);
    report_put_reasons(json, restored);
    json_end_object(json);
    put_outputs(json, t->sink);
}
