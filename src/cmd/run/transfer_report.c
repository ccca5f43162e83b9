/* SPDX-License-Identifier: MIT */
/* The part of the report that describes a transfer: the outcome of the keys, the effect of each rule, and the
 * outputs. */
#include "cmd/run/report.h"
#include "cmd/run/transfer.h"
#include <inttypes.h>

void transfer_put_keys(struct json *json, const struct transfer *t)
{
    struct transfer_keys keys = transfer_keys(t);
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

void transfer_report(struct json *json, const void *transfer)
{
    const struct transfer *t = transfer;
    const struct notice_record *restored = &t->session.notices.records[RF_NOTICE_BY_RESTORE];
    transfer_put_keys(json, t);
    report_put_rules(json, t->common->keys.rewrite);
    collisions_report(json, &t->collisions);
    report_put_server(json, "target", t->target);
    json_object(json, "by_restore");
    json_number(json, "keys", restored->count);
    report_put_reasons(json, restored);
    json_end_object(json);
    put_outputs(json, t->sink);
    if (t->ops->report)
        t->ops->report(json, t);
}
