/* SPDX-License-Identifier: MIT */
/* Writes entries to a sink: determines the target version, checks entries, and completes or discards the
 * output. */
#include "cmd/run/transfer.h"
#include "base/fail.h"
#include "cmd/run/command_support.h"
#include "cmd/run/report.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/value.h>
#include <stdio.h>

/* --- the target --------------------------------------------------------------------------------------- */

/* Unknown versions (0.0) are never newer. If both projects are involved, the result is Valkey, which reads
 * the formats they share. */
static rf_server newer(rf_server a, rf_server b)
{
    if (a.major == 0 || b.major == 0)
        return a.major == 0 ? b : a;
    if (a.dialect != b.dialect)
        return a.dialect == RF_VALKEY ? a : b;
    return rf_server_at_least(a, b) ? a : b;
}

/* The newest writer of the inputs after the first, which is known when it is read. */
static rf_code survey_writers(struct transfer *t, rf_error *error)
{
    rf_code code = RF_OK;
    if (t->written->target.major > 0 || !output_options_has_target(t->written))
        return RF_OK;
    for (size_t i = 1; i < t->session.input_count && code == RF_OK; i++) {
        struct input_head head;
        code = input_probe(&t->session.inputs[i], &head, error);
        t->surveyed = newer(t->surveyed, head.writer);
    }
    return code;
}

static void choose_target(struct transfer *t, const struct input *first)
{
    rf_server min_version = output_options_min_version(t->written);
    rf_server target = newer(t->surveyed, input_info(first)->writer);
    if (!output_options_has_target(t->written))
        return;
    if (t->written->target.major > 0)
        target = t->written->target;
    t->target = rf_server_at_least(target, min_version) ? target : min_version;
}

/* --- the sink ----------------------------------------------------------------------------------------- */

static rf_code open_sink(struct transfer *t, rf_error *error)
{
    const struct output_options *written = t->written;
    const rf_sink_options options = {
        .target = t->target,
        .saved_at = t->common->keys.shift ? t->session.now / 1000 : t->saved_at, /* expiries are of now */
        .compress = t->compress,
        .force = written->force,
        .unsafe = written->unsafe,
        .check = written->check,
        .hash = t->common->report || t->common->verbose,
        .prefer_restore = written->restore,
        .drop_unsupported = written->drop_unsupported,
        .drop_detail = written->drop_detail,
        .notify = notices_listener(&t->session.notices),
    };
    return t->ops->open(t, &options, &t->sink, error);
}

static rf_code need_sink(struct transfer *t, const struct input *input, rf_error *error)
{
    if (t->decided)
        return RF_OK;
    t->decided = true;
    choose_target(t, input);
    t->saved_at = input_info(input)->saved_at;
    return t->dry ? RF_OK : open_sink(t, error);
}

/* --- entries ------------------------------------------------------------------------------------------ */

rf_code transfer_check_command(const struct common_options *common, rf_error *error)
{
    if (common->operand_count == 1)
        return RF_OK;
    return fail(error, RF_E_ARGUMENT, "AOF commands cannot be combined with other inputs");
}

static uint64_t count_of(const struct transfer *t, rf_notice_code code)
{
    return t->session.notices.records[code].count;
}

/* A sink that skips an entry issues a notice. *stays: it was not skipped. */
static rf_code put_into_sink(struct transfer *t, rf_entry *entry, bool *kept, rf_error *error)
{
    uint64_t dropped = count_of(t, RF_NOTICE_DROPPED), empty = count_of(t, RF_NOTICE_EMPTY_KEY);
    bool is_key = entry->kind == RF_ENTRY_KEY;
    rf_code code = t->dry ? RF_OK : rf_sink_put(t->sink, entry, error);
    dropped = count_of(t, RF_NOTICE_DROPPED) - dropped;
    empty = count_of(t, RF_NOTICE_EMPTY_KEY) - empty;
    t->unsupported += is_key && dropped > 0;
    t->empty += is_key && empty > 0;
    *kept = dropped + empty == 0;
    return code;
}

/* The module must be loaded in the server that loads the output. */
static void notice_module(struct transfer *t, rf_notice_code code, const rf_entry *entry, const char *module)
{
    if (output_options_has_target(t->written) && !rf_server_has_module(t->target, module))
        session_notice(&t->session, code, entry, module);
}

static rf_code put_key(struct transfer *t, rf_entry *key, rf_error *error)
{
    bool kept = true;
    char module[10] = "";
    rf_code code = key->type == RF_MODULE ? rf_value_module(key->value, module, error) : RF_OK;
    if (code == RF_OK)
        code = put_into_sink(t, key, &kept, error);
    if (code != RF_OK || !kept)
        return code;
    t->kept_keys++;
    if (key->type == RF_MODULE)
        notice_module(t, RF_NOTICE_MODULE_VALUE, key, module);
    if (t->ops->on_written)
        t->ops->on_written(t, key);
    return RF_OK;
}

static rf_code put_module_aux(struct transfer *t, const struct input *input, rf_entry *entry, rf_error *error)
{
    enum module_known known = module_records_note(&t->module_records, input, entry);
    char module[10];
    bool kept;
    rf_code code;
    if (known == MODULE_RECORD_SAME) {
        session_notice(&t->session, RF_NOTICE_SAME_MODULE_AUX, entry, "also in an earlier input");
        return RF_OK;
    }
    code = put_into_sink(t, entry, &kept, error);
    if (code != RF_OK || !kept)
        return code;
    snprintf(module, sizeof module, "%.*s", (int)entry->name.len, (const char *)entry->name.ptr);
    if (known == MODULE_RECORD_OTHER)
        session_notice(&t->session, RF_NOTICE_OTHER_MODULE_AUX, entry, module);
    notice_module(t, RF_NOTICE_MODULE_AUX, entry, module);
    return RF_OK;
}

/* The server that wrote an AOF supports all its commands, whatever version it is taken for: only an explicit
 * target version is checked. */
static rf_code put_command(struct transfer *t, rf_entry *entry, rf_error *error)
{
    rf_command_need need = {.what = ""};
    rf_command_support support = RF_COMMAND_SUPPORTED;
    if (t->written->target.major > 0)
        support = rf_server_knows(t->target, entry, &need);
    if (support == RF_COMMAND_UNSUPPORTED && t->written->drop_unsupported) {
        session_notice(&t->session, RF_NOTICE_DROPPED, entry, need.what);
        return RF_OK;
    }
    if (support == RF_COMMAND_UNSUPPORTED) {
        *error = (rf_error){
            .code = RF_E_INCOMPATIBLE, .offset = (int64_t)entry->offset, .file_offset = -1, .db = -1};
        command_support_format(t->target, &need, error->message, sizeof error->message);
        return error->code;
    }
    if (support == RF_COMMAND_UNKNOWN)
        session_notice_command(&t->session, entry);
    return rf_sink_put(t->sink, entry, error);
}

static rf_code put_entry(struct transfer *t, const struct input *input, rf_entry *entry, rf_error *error)
{
    rf_code code = t->ops->see ? t->ops->see(t, entry, error) : RF_OK;
    if (code != RF_OK)
        return code;
    if (entry->kind == RF_ENTRY_KEY)
        return put_key(t, entry, error);
    if (entry->kind == RF_ENTRY_MODULE_AUX)
        return put_module_aux(t, input, entry, error);
    if (entry->kind == RF_ENTRY_COMMAND)
        return put_command(t, entry, error);
    return t->dry ? RF_OK : rf_sink_put(t->sink, entry, error);
}

static rf_code on_entry(void *ctx, struct input *input, rf_entry *entry, rf_error *error)
{
    struct transfer *t = ctx;
    bool leave_out = false;
    rf_code code;
    if (entry->kind == RF_ENTRY_AUX)
        return RF_OK;
    code = need_sink(t, input, error);
    if (code == RF_OK && entry->kind == RF_ENTRY_COMMAND)
        code = transfer_check_command(t->common, error);
    if (code == RF_OK)
        code = collisions_note(&t->collisions, input, entry, &leave_out, error);
    /* hints are useless for another set of keys */
    if (code != RF_OK || leave_out ||
        (entry->kind == RF_ENTRY_KEY_COUNTS && !session_is_unfiltered(&t->session)))
        return code;
    return put_entry(t, input, entry, error);
}

static rf_code finish(struct transfer *t, rf_error *error)
{
    rf_code code = t->dry ? RF_OK : rf_sink_complete(t->sink, error);
    if (code == RF_OK && t->ops->end)
        code = t->ops->end(t, error);
    return code == RF_OK && !t->dry ? rf_sink_finish(t->sink, error) : code;
}

static rf_code move(void *ctx, rf_error *error)
{
    struct transfer *t = ctx;
    struct session *session = &t->session;
    rf_code code = survey_writers(t, error);
    if (code == RF_OK)
        code = collisions_prescan(&t->collisions, error);
    for (size_t i = 0; i < session->input_count && code == RF_OK; i++) {
        code = session_read(session, &session->inputs[i], on_entry, t, error);
        if (code == RF_OK) /* it may have been empty */
            code = need_sink(t, &session->inputs[i], error);
    }
    if (code == RF_OK)
        code = collisions_end(&t->collisions, error);
    return code == RF_OK ? finish(t, error) : code;
}

/* Removes the output after an error. */
static void drop_output(void *ctx)
{
    struct transfer *t = ctx;
    rf_sink_close(t->sink);
    t->sink = NULL;
}

bool transfer_open(struct transfer *t)
{
    if (!session_open(&t->session, t->common))
        return false;
    t->session.accepts_foreign = true;
    return collisions_open(&t->collisions, &t->session, (enum collision_policy)t->written->on_collision,
                           t->written->memory, t->written->check);
}

void transfer_close(struct transfer *t)
{
    rf_sink_close(t->sink);
    collisions_close(&t->collisions);
    session_close(&t->session);
}

/* --- results ------------------------------------------------------------------------------------------ */

struct transfer_keys transfer_keys(const struct transfer *t)
{
    struct transfer_keys keys = {
        .dropped = session_dropped(&t->session),
        .collided = t->collisions.dropped_keys,
        .unsupported = t->unsupported,
        .empty = t->empty,
    };
    keys.read = tables_total(&t->session.stats.tables).keys + keys.dropped;
    keys.written = t->sink || t->dry ? t->kept_keys : 0;
    return keys;
}

/* Returns the sum of the sizes. */
static uint64_t print_outputs(const struct transfer *t)
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

static void print_written(const struct transfer *t)
{
    const struct transfer_keys keys = transfer_keys(t);
    uint64_t left_out = keys.dropped + keys.collided + keys.unsupported + keys.empty;
    char inputs[256], counts[160], rest[64] = "", read[sizeof inputs + sizeof counts + sizeof rest + 2];
    session_format_inputs(&t->session, inputs, sizeof inputs);
    session_format_counts(&t->session, counts, sizeof counts);
    if (left_out > 0)
        snprintf(rest, sizeof rest, ", %" PRIu64 " of %" PRIu64 " not written", left_out, keys.read);
    snprintf(read, sizeof read, "%s: %s%s", inputs, counts, rest);
    t->ops->print_summary(t, read, print_outputs(t));
}

static bool write_report(const struct transfer *t, const rf_error *error)
{
    const struct report_part part = {transfer_report, t};
    return report_write(
        &(const struct report){
            .command = t->ops->command, .session = &t->session, .error = error, .part = &part},
        t->common->report);
}

int transfer_run(struct transfer *t)
{
    rf_error error;
    rf_code code = session_run(&t->session, move, drop_output, t, &error);
    enum status status = status_of(code);
    notices_summarize(&t->session.notices);
    collisions_summarize(&t->collisions);
    if (code == RF_OK)
        print_written(t);
    else
        message_failure(&error);
    if (!write_report(t, code == RF_OK ? NULL : &error) && status == STATUS_DONE) {
        if (!t->dry)
            message_error("the output is complete, but the report could not be written");
        status = STATUS_OUTPUT;
    }
    return (int)status;
}
