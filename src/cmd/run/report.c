/* SPDX-License-Identifier: MIT */
/* The fields of the report, in order. It is built in memory, so that it is written completely or not at all.
 */
#include "cmd/run/report.h"
#include "base/json.h"
#include "cmd/run/files.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <string.h>

static const char *code_name(rf_code code)
{
    switch (code) {
#define CODE_CASE(name, number, text) \
    case RF_##name: return #name;
        RF_CODES(CODE_CASE)
#undef CODE_CASE
    }
    return "";
}

static const char *dialect_name(rf_dialect dialect)
{
    static const char *const names[RF_DIALECTS] = {
        [RF_REDIS] = "redis", [RF_VALKEY] = "valkey", [RF_DRAGONFLY] = "dragonfly"};
    return names[dialect];
}

void report_put_server(struct json *json, const char *name, rf_server server)
{
    char text[32];
    rf_server_format(server, text, sizeof text);
    json_string(json, name, server.major > 0 ? text : NULL);
}

/* --- inputs ------------------------------------------------------------------------------------------- */

void report_put_writer(struct json *json, const rf_reader_info *info)
{
    report_put_server(json, "writer", info->writer);
    if (info->product)
        json_string(json, "saved_by", info->product);
}

static void put_saved(struct json *json, int64_t seconds)
{
    char text[TIME_TEXT];
    json_string(json, "saved", seconds >= 0 ? format_time(seconds * 1000, text) : NULL);
}

void report_put_layers(struct json *json, const char *layers)
{
    json_array(json, "layers");
    while (*layers) {
        char layer[64];
        size_t length = strcspn(layers, ",");
        snprintf(layer, sizeof layer, "%.*s", (int)length, layers);
        json_string(json, NULL, layer);
        layers += length;
        layers += strspn(layers, ", ");
    }
    json_end_array(json);
}

static void put_input(struct json *json, const struct input *input)
{
    json_object(json, NULL);
    json_string(json, "path", input->path);
    if (input->opened) {
        json_string(json, "format", input->info.format);
        report_put_layers(json, input->layers);
        json_string(json, "dialect", dialect_name(input->info.dialect));
        json_signed(json, "rdb_version", input->info.rdb_version);
        report_put_writer(json, &input->info);
        put_saved(json, input->info.saved_at);
        if (input->info.complete_bytes >= 0)
            json_signed(json, "complete_bytes", input->info.complete_bytes);
        if (input->size >= 0)
            json_signed(json, "size", input->size);
        json_number(json, "bytes_read", input->read);
        json_number(json, "bytes_decoded", input->decoded);
    }
    json_end_object(json);
}

static void put_inputs(struct json *json, const struct report *report)
{
    json_array(json, "inputs");
    for (size_t i = 0; i < report->session->input_count; i++)
        put_input(json, &report->session->inputs[i]);
    json_end_array(json);
}

/* --- counts ------------------------------------------------------------------------------------------- */

static void put_count(struct json *json, struct key_totals count)
{
    json_number(json, "keys", count.keys);
    json_number(json, "bytes", count.bytes);
    json_number(json, "expiring", count.expiring);
}

static void put_keys(struct json *json, struct key_totals count)
{
    json_number(json, "keys", count.keys);
}

void report_put_db(struct json *json, size_t place)
{
    if (place < STATS_DATABASES)
        json_number(json, "db", place);
    else
        json_string(json, "db", "others");
}

static void put_databases(struct json *json, const struct tables *tables, report_put_tally *put)
{
    json_array(json, "databases");
    for (size_t db = 0; db <= STATS_DATABASES; db++) {
        if (!tables->databases[db])
            continue;
        json_object(json, NULL);
        report_put_db(json, db);
        put(json, tables_of_database(tables, db));
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_types(struct json *json, const struct tables *tables, report_put_tally *put)
{
    json_array(json, "types");
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        struct key_totals totals = tables_of_type(tables, (rf_type)type);
        if (totals.keys == 0)
            continue;
        json_object(json, NULL);
        json_string(json, "type", rf_type_name((rf_type)type));
        put(json, totals);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_encodings(struct json *json, const struct tables *tables, report_put_tally *put)
{
    json_array(json, "encodings");
    for (size_t i = 0; i < STATS_ENCODINGS; i++) {
        const rf_encoding *encoding = tables->encodings[i];
        if (!encoding)
            continue;
        json_object(json, NULL);
        json_string(json, "type", rf_type_name(encoding->type));
        json_string(json, "encoding", encoding->name);
        json_number(json, "number", encoding->number);
        put(json, tables_of_encoding(tables, i));
        json_end_object(json);
    }
    json_end_array(json);
}

void report_put_tables(struct json *json, const struct tables *tables, report_put_tally *put,
                       report_put_tally *put_of_encoding)
{
    put_databases(json, tables, put);
    put_types(json, tables, put);
    put_encodings(json, tables, put_of_encoding);
}

static void put_dropped(struct json *json, const struct session *session)
{
    static const char *const reasons[] = {
#define REASON(name, text) text,
        RF_DROPS(REASON)
#undef REASON
    };

    json_object(json, "dropped_by");
    for (int i = 0; i < RF_DROP_COUNT; i++)
        if (session->dropped[i] > 0)
            json_number(json, reasons[i], session->dropped[i]);
    json_end_object(json);
}

static void put_read(struct json *json, const struct session *session)
{
    const struct stats *stats = &session->stats;
    json_object(json, "read");
    put_count(json, tables_total(&stats->tables));
    json_number(json, "dropped", session_dropped(session));
    put_dropped(json, session);
    json_number(json, "functions", stats->functions);
    json_number(json, "module_aux", stats->module_aux);
    json_number(json, "commands", stats->commands);
    report_put_tables(json, &stats->tables, put_count, put_keys);
    json_end_object(json);
}

/* --- notices ------------------------------------------------------------------------------------------ */

void report_put_reasons(struct json *json, const struct notice_record *record)
{
    json_array(json, "reasons");
    for (size_t i = 0; i < record->reasons; i++) {
        json_object(json, NULL);
        json_string(json, "reason", record->reason[i].text);
        json_number(json, "count", record->reason[i].count);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_example(struct json *json, const struct notice_example *example)
{
    json_object(json, NULL);
    json_string(json, "input", example->input);
    if (example->offset >= 0)
        json_signed(json, "offset", example->offset);
    if (example->db >= 0) {
        json_signed(json, "db", example->db);
        json_string(json, "key", example->key);
    }
    if (*example->detail)
        json_string(json, "detail", example->detail);
    json_end_object(json);
}

static void put_notice(struct json *json, rf_notice_code code, const struct notice_record *record)
{
    json_object(json, NULL);
    json_string(json, "notice", notice_id(code));
    json_string(json, "text", notice_text(code));
    json_number(json, "count", record->count);
    report_put_reasons(json, record);
    json_array(json, "examples");
    for (size_t i = 0; i < record->examples; i++)
        put_example(json, &record->example[i]);
    json_end_array(json);
    json_end_object(json);
}

static void put_notices(struct json *json, const struct notices *notices)
{
    json_array(json, "notices");
    for (int code = 0; code < RF_NOTICE_COUNT; code++)
        if (notices->records[code].count > 0)
            put_notice(json, (rf_notice_code)code, &notices->records[code]);
    json_end_array(json);
}

/* --- rewriting ---------------------------------------------------------------------------------------- */

void report_put_rules(struct json *json, const rf_rewrite *rewrite)
{
    rf_rule_info rule;
    rf_rewrite_counts counts;
    if (!rewrite)
        return;
    counts = rf_rewrite_counts_get(rewrite);
    json_object(json, "rewritten");
    json_number(json, "changed", counts.changed);
    json_number(json, "tagged_already", counts.tagged);
    json_array(json, "rules");
    for (size_t i = 0; rf_rewrite_rule(rewrite, i, &rule); i++) {
        json_object(json, NULL);
        json_string(json, "rule", rule.rule);
        json_number(json, "keys", rule.keys);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

/* --- result ------------------------------------------------------------------------------------------- */

void report_put_error(struct json *json, const char *name, const rf_error *error)
{
    json_object(json, name);
    json_string(json, "code", code_name(error->code));
    json_number(json, "number", error->code);
    json_string(json, "meaning", rf_code_text(error->code));
    json_string(json, "message", error->message);
    if (*error->input)
        json_string(json, "input", error->input);
    if (error->offset >= 0)
        json_signed(json, "offset", error->offset);
    if (error->file_offset >= 0)
        json_signed(json, "file_offset", error->file_offset);
    if (error->db >= 0)
        json_signed(json, "db", error->db);
    if (*error->key)
        json_string(json, "key", error->key);
    json_end_object(json);
}

void report_put(struct json *json, const struct report *report)
{
    const struct session *session = report->session;
    json_object(json, NULL);
    json_string(json, "rdbferry", RDBFERRY_VERSION);
    json_string(json, "command", report->command);
    json_string(json, "result", report->result ? report->result : report->error ? "error" : "ok");
    if (report->error)
        report_put_error(json, "error", report->error);
    json_seconds(json, "duration_seconds", progress_seconds(&session->progress));
    put_inputs(json, report);
    put_read(json, session);
    put_notices(json, &session->notices);
    if (report->part)
        report->part->put(json, report->part->ctx);
    json_end_object(json);
}

/* --- the file ----------------------------------------------------------------------------------------- */

static bool make_report(FILE *out, const void *report)
{
    struct json json = {.out = out};
    report_put(&json, report);
    return true;
}

void report_write(const struct report *report, const char *path)
{
    if (path)
        save_made(path, "the report", RF_SAVE_IN_PLACE, make_report, report);
}
