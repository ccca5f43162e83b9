/* SPDX-License-Identifier: MIT */
/* `rdbferry split`: a transfer to one output per shard, and its plan. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/run/explain_key.h"
#include "cmd/split/plan.h"
#include "cmd/split/split_options.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/slot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct split {
    const struct split_options *options;
    struct plan *plan;
    struct transfer transfer;
};

/* Valkey supports several databases in a cluster since 9.0; they are used only on request. */
static bool all_dbs(const struct split *split)
{
    return split->options->written.target.major > 0 &&
           rf_server_at_least(split->options->written.target, (rf_server){RF_VALKEY, 9, 0});
}

static rf_code open_sink(const struct transfer *transfer, const rf_sink_options *options, rf_sink **out,
                         rf_error *error)
{
    const struct split *split = transfer->ops->ctx;
    const struct output_options *written = &split->options->written;
    const rf_split_options shards = {
        .topology = split->options->topology,
        .kind = output_sink_kind(written->to),
        .appendfilename = written->appendfilename,
        .base = (rf_aof_base)written->base,
        .bytes = (rf_json_bytes)written->binary,
        .all_dbs = all_dbs(split),
    };
    return rf_sink_open_split(split->options->output, &shards, options, out, error);
}

/* Also checked in a dry run, where there is no sink to reject it. */
static rf_code check_db(const struct split *split, const rf_entry *entry, rf_error *error)
{
    const struct session *session = &split->transfer.session;
    if (entry->db < RF_CLUSTER_DATABASES || all_dbs(split))
        return RF_OK;
    fail(error, RF_E_INCOMPATIBLE,
         "a cluster has no database %" PRId64 " (use --flatten-dbs or --map-db, filter with --db%s)",
         entry->db, split->options->written.to == TO_JSONL ? "" : ", or use --target-version valkey-9.0");
    return session_error_key(session, entry, error);
}

static rf_code see_entry(struct transfer *transfer, rf_entry *entry, rf_error *error)
{
    const struct split *split = transfer->ops->ctx;
    if (entry->kind == RF_ENTRY_COMMAND)
        return fail(error, RF_E_ARGUMENT,
                    "AOF commands cannot be split: load the AOF into a server and save an RDB");
    if (entry->kind != RF_ENTRY_KEY)
        return RF_OK;
    if (entry->slot < 0)
        entry->slot = (int)rf_slot_of(entry->key);
    return check_db(split, entry, error);
}

static void count_key(struct transfer *transfer, const rf_entry *key)
{
    struct split *split = transfer->ops->ctx;
    transfer->session.bytes_of = plan_add(split->plan, key);
}

/* The plan is one of the outputs: it appears together with them. */
static rf_code add_plan(struct transfer *transfer, rf_error *error)
{
    struct split *split = transfer->ops->ctx;
    char *text = NULL;
    size_t size = 0;
    FILE *out;
    rf_code code;
    plan_end(split->plan);
    if (transfer->dry)
        return RF_OK;
    out = open_memstream(&text, &size);
    if (!out)
        return fail(error, RF_E_MEMORY, "out of memory");
    plan_put_json(split->plan, transfer, split->options->output, out);
    if (fclose(out) != 0)
        code = fail(error, RF_E_MEMORY, "out of memory");
    else
        code = rf_sink_add_file(transfer->sink, "plan.json", (rf_slice){(const uint8_t *)text, size}, error);
    free(text);
    return code;
}

/* --- running ------------------------------------------------------------------------------------------ */

static void print_done(const struct transfer *transfer, const char *read, uint64_t bytes)
{
    const struct split *split = transfer->ops->ctx;
    size_t shards = rf_topology_shards(split->options->topology);
    char size[SIZE_TEXT];
    if (!split->options->common.quiet && !is_dash(split->options->common.report))
        plan_print(split->plan);
    plan_warn(split->plan);
    if (!transfer->dry)
        message_summary("%s -> %zu shard%s in %s (%s)", read, shards, text_plural(shards),
                        split->options->output, text_size(bytes, size));
}

static void report_plan(struct json *json, const struct transfer *transfer)
{
    const struct split *split = transfer->ops->ctx;
    json_object(json, "plan");
    plan_report(json, split->plan);
    json_end_object(json);
}

static int split_inputs(const struct split_options *options)
{
    struct split split = {.options = options, .plan = calloc(1, sizeof *split.plan)};
    const struct transfer_ops ops = {"split",  open_sink,  see_entry,   count_key,
                                     add_plan, print_done, report_plan, &split};
    int status = STATUS_OUTPUT;
    if (!split.plan) {
        message_error("out of memory");
        return status;
    }
    split.plan->topology = options->topology;
    split.transfer = (struct transfer){
        .common = &options->common,
        .written = &options->written,
        .ops = &ops,
        .compress = (rf_compression)options->compress,
        .dry = options->dry_run,
    };
    if (transfer_open(&split.transfer))
        status = transfer_run(&split.transfer);
    transfer_close(&split.transfer);
    free(split.plan);
    return status;
}

int split_run(int argc, char **argv)
{
    struct split_options options;
    int status;
    if (split_options_read(argc, argv, &options, &status))
        status = options.written.explain_key
                     ? explain_key(&options.common.keys, &options.written, options.topology)
                     : split_inputs(&options);
    split_options_free(&options);
    return status;
}
