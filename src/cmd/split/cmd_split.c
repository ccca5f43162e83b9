/* SPDX-License-Identifier: MIT */
/* `rdbferry split`: a transfer to one output per shard, and its plan. */
#include "base/bytes.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/number.h"
#include "cmd/command.h"
#include "cmd/run/estimate.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/explain_key.h"
#include "cmd/run/files.h"
#include "cmd/run/ownership.h"
#include "cmd/run/stage.h"
#include "cmd/split/plan.h"
#include "cmd/split/split_nodes.h"
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
static bool all_dbs(const struct split_options *options)
{
    return options->written.target.major > 0 &&
           rf_server_at_least(options->written.target, (rf_server){RF_VALKEY, 9, 0});
}

/* A dry run has no sink. */
static rf_code open_sink(void *ctx, rf_error *error)
{
    struct split *split = ctx;
    const struct split_options *options = split->options;
    const rf_split_options shards = {
        .topology = options->topology,
        .kind = output_sink_kind(options->written.to),
        .appendfilename = options->written.appendfilename,
        .base = (rf_aof_base)options->written.base,
        .bytes = (rf_json_bytes)options->written.binary,
        .all_dbs = all_dbs(options),
        .name_only = options->name != NULL,
        .nodes = options->nodes,
    };
    rf_sink_options sink = transfer_begin(&split->transfer);
    sink.compress = (rf_compression)options->compress;
    sink.rdb_compression = (rf_compression)options->written.rdb_compression;
    return options->dry_run
               ? RF_OK
               : rf_sink_open_split(options->output, &shards, &sink, &split->transfer.sink, error);
}

/* The database that a command has as an argument; 0: none. */
static int64_t other_db(const rf_entry *command)
{
    int64_t db = 0;
    if (slice_is_word(command->argv[0], "MOVE") && command->argc > 2)
        number_parse_db(command->argv[2], &db);
    else if (slice_is_word(command->argv[0], "COPY"))
        for (size_t i = 3; i + 1 < command->argc; i++)
            if (slice_is_word(command->argv[i], "DB"))
                number_parse_db(command->argv[i + 1], &db);
    return db;
}

static rf_code refuse_db(const struct split *split, const struct session *session, const rf_entry *entry,
                         int64_t db, rf_error *error)
{
    fail(error, RF_E_INCOMPATIBLE,
         "a cluster has no database %" PRId64 " (use --flatten-dbs or --map-db, filter with --db%s)", db,
         split->options->written.to == TO_JSONL ? "" : ", or use --target-version valkey-9.0");
    if (entry->kind == RF_ENTRY_KEY)
        return session_error_key(session, entry, error);
    error->offset = (int64_t)entry->offset;
    return error->code;
}

/* A node of a cluster refuses what it cannot do when it loads the log, and goes on. */
static rf_code check_command(const struct split *split, const struct session *session,
                             const rf_entry *command, rf_error *error)
{
    if (split->options->written.to == TO_RDB)
        return fail(error, RF_E_INCOMPATIBLE, "an RDB cannot hold AOF commands: use --to aof-dir or aof");
    if (slice_is_word(command->argv[0], "SWAPDB")) {
        fail(error, RF_E_INCOMPATIBLE,
             "a cluster does not execute SWAPDB: use --flatten-dbs, --map-db or --db");
        error->offset = (int64_t)command->offset;
        return error->code;
    }
    const int64_t db = other_db(command);
    return db < RF_CLUSTER_DATABASES || all_dbs(split->options)
               ? RF_OK
               : refuse_db(split, session, command, db, error);
}

/* Determines the slot of a key. Also checked in a dry run, where there is no sink to reject it. */
static rf_code check_entry(void *ctx, const struct session *session, rf_entry *entry, rf_error *error)
{
    const struct split *split = ctx;
    if (entry->kind != RF_ENTRY_KEY && entry->kind != RF_ENTRY_COMMAND)
        return RF_OK;
    if (entry->kind == RF_ENTRY_COMMAND)
        TRY(check_command(split, session, entry, error));
    if (entry->slot < 0)
        entry->slot = (int)rf_slot_of(entry->key);
    return entry->db < RF_CLUSTER_DATABASES || all_dbs(split->options)
               ? RF_OK
               : refuse_db(split, session, entry, entry->db, error);
}

static uint64_t *count_keys(void *ctx, const struct placed_key *keys, size_t count)
{
    const struct split *split = ctx;
    return plan_add(split->plan, keys, count);
}

/* The plan is one of the outputs: it appears together with them. */
static rf_code add_plan(struct split *split, rf_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return fail(error, RF_E_MEMORY, "out of memory");
    plan_put_json(split->plan, &split->transfer, split->options->output, out);
    rf_code code;
    if (fclose(out) != 0)
        code = fail(error, RF_E_MEMORY, "out of memory");
    else
        code = rf_sink_add_file(split->transfer.sink, "plan.json", (rf_slice){(const uint8_t *)text, size},
                                error);
    free(text);
    return code;
}

static void begin_plan(struct plan *plan, const struct split_options *options)
{
    plan->topology = options->topology;
    plan->nodes = options->nodes;
}

static void begin_again(void *ctx)
{
    const struct split *split = ctx;
    memset(split->plan, 0, sizeof *split->plan);
    begin_plan(split->plan, split->options);
}

static rf_code write_outputs(void *ctx, rf_error *error)
{
    struct split *split = ctx;
    struct transfer *t = &split->transfer;
    const struct transfer_steps steps = {
        .open = open_sink,
        .check = check_entry,
        .written = count_keys,
        .ctx = split,
    };
    if (!split->options->dry_run)
        remove_leftovers(split->options->output, NULL);
    TRY(transfer_survey(t, error));
    t->session.read.topology = split->options->topology;
    t->session.read.batches = stage_batches(&split->options->common,
                                            rf_topology_shards(split->options->topology),
                                            output_options_copies(&split->options->written));
    TRY(transfer_entries(t, &steps, error));
    if (t->sink)
        TRY(rf_sink_complete(t->sink, error));
    plan_end(split->plan);
    if (!t->sink)
        return RF_OK;
    TRY(add_plan(split, error));
    TRY(log_repair_save(&t->session, split->options->output, error));
    session_if_killed(&t->session, NULL);
    return rf_sink_finish(t->sink, error);
}

/* --- running ------------------------------------------------------------------------------------------ */

/* Servers load their shards at the same time. */
static double longest_load(const struct plan *plan)
{
    double longest = 0;
    for (size_t i = 0; i < rf_topology_shards(plan->topology); i++) {
        struct plan_shard shard;
        plan_sum(plan, rf_topology_shard(plan->topology, i), &shard);
        double seconds = estimate_load(&(struct workload){.keys = shard.keys, .bytes = shard.bytes});
        longest = seconds > longest ? seconds : longest;
    }
    return longest;
}

static void print_written(const struct split *split)
{
    const struct split_options *options = split->options;
    size_t shards = rf_topology_shards(options->topology);
    char read[TRANSFER_TEXT], size[SIZE_TEXT], loaded[SECONDS_TEXT];
    transfer_format(&split->transfer, read);
    text_size(transfer_print_outputs(&split->transfer), size);
    if (!options->common.quiet && !is_dash(options->common.report))
        plan_print(split->plan);
    plan_warn(split->plan);
    if (options->nodes)
        split_nodes_warn(options->nodes);
    ownership_summarize();
    if (options->dry_run)
        message_summary("%s -> %zu shard%s (dry run: nothing was written; the largest would load in %s)",
                        read, shards, text_plural(shards),
                        estimate_format(longest_load(split->plan), loaded));
    else
        message_summary("%s -> %zu shard%s in %s (%s)", read, shards, text_plural(shards), options->output,
                        size);
    if (options->nodes && !options->dry_run)
        split_nodes_print(options);
}

static void report_split(struct json *json, const void *ctx)
{
    const struct split *split = ctx;
    transfer_report(json, &split->transfer);
    json_object(json, "plan");
    plan_report(json, split->plan);
    json_end_object(json);
}

static int split_inputs(const struct split_options *options)
{
    struct split split = {.options = options, .plan = calloc(1, sizeof *split.plan)};
    const struct transfer_attempt attempt = {.write = write_outputs,
                                             .begin_again = begin_again,
                                             .ctx = &split,
                                             .output = options->dry_run ? NULL : options->output};
    struct session *session = &split.transfer.session;
    int status = STATUS_OUTPUT;
    if (!split.plan) {
        message_error("out of memory");
        return status;
    }
    begin_plan(split.plan, options);
    if (transfer_open(&split.transfer, &options->common, &options->written)) {
        rf_error error;
        session_begin(session);
        session_if_killed(session, "nothing was written");
        rf_code code = transfer_attempt(&split.transfer, &attempt, &error);
        if (code != RF_OK)
            transfer_discard(&split.transfer);
        session_end(session);
        notices_summarize(&session->notices);
        collisions_summarize(&split.transfer.collisions);
        if (code == RF_OK)
            print_written(&split);
        else
            message_failure(&error);
        status = transfer_write_report(&split.transfer, "split", (struct report_part){report_split, &split},
                                       code, &error);
    }
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
                 : evaluate_inputs(&options.common, NULL) ? split_inputs(&options)
                                                          : STATUS_OUTPUT;
    split_options_free(&options);
    return status;
}
