/* SPDX-License-Identifier: MIT */
/* Reads the inputs as a replay does, and checks each entry against the target. */
#include "replay_dry.h"
#include "against.h"
#include "dry_run.h"
#include "failure.h"
#include "message.h"
#include "report.h"
#include "target_advice.h"
#include "transfer.h"
#include <stdlib.h>

/* --- the target --------------------------------------------------------------------------------------- */

static rf_code take_nodes(struct dry_run *dry, rf_error *error)
{
    rf_code code = rf_live_ask_nodes(dry->live, error);
    rf_live_node told;

    for (size_t i = 0; code == RF_OK && rf_live_node_get(dry->live, i, &told); i++) {
        struct dry_node *grown = realloc(dry->nodes, (i + 1) * sizeof *grown);

        if (!grown)
            return failure(error, RF_E_MEMORY, "out of memory");
        grown[i] = (struct dry_node){.told = told};
        dry->nodes = grown;
        dry->node_count = i + 1;
    }
    return code;
}

static rf_code open_target(struct dry_run *dry, rf_error *error)
{
    const rf_live_options options = {
        .names_only = true, .fn = dry_take_missing, .found = dry_take_found, .ctx = dry};
    rf_code code = rf_live_open(&dry->options->target, &options, &dry->live, error);

    if (code != RF_OK)
        return code;
    against_detail(dry->live);
    return take_nodes(dry, error);
}

/* --- control flow -------------------------------------------------------------------------------------- */

static rf_code take_entry(void *ctx, struct input *input, rf_entry *entry, rf_error *error)
{
    struct dry_run *dry = ctx;
    bool leave_out = false;
    rf_code code = RF_OK;

    if (entry->kind == RF_ENTRY_COMMAND)
        code = transfer_check_command(&dry->options->common, error);
    if (code == RF_OK)
        code = collisions_take(&dry->collisions, input, entry, &leave_out, error);
    return code == RF_OK && !leave_out ? dry_examine(dry, entry, error) : code;
}

static rf_code examine(void *ctx, rf_error *error)
{
    struct dry_run *dry = ctx;
    struct session *session = &dry->session;
    rf_code code = open_target(dry, error);

    session->takes_foreign = true;
    if (code == RF_OK)
        code = collisions_survey(&dry->collisions, error);
    for (size_t i = 0; i < session->input_count && code == RF_OK; i++)
        code = session_read(session, &session->inputs[i], take_entry, dry, error);
    if (code == RF_OK)
        code = collisions_end(&dry->collisions, error);
    if (code == RF_OK)
        code = rf_live_finish(dry->live, &dry->counts, error);
    return code == RF_OK && !dry_judge(dry) ? failure(error, RF_E_MEMORY, "out of memory") : code;
}

static bool write_report(const struct dry_run *dry, bool goes_through)
{
    const struct report_part part = {dry_report, dry};
    const struct report report = {
        .command = "replay",
        .session = &dry->session,
        .result = dry->error.code == RF_OK && !goes_through ? "failed" : NULL,
        .error = dry->error.code != RF_OK ? &dry->error : NULL,
        .part = &part,
    };

    return report_write(&report, dry->options->common.report);
}

static enum status run(struct dry_run *dry)
{
    rf_error error;
    rf_code code = session_run(&dry->session, examine, NULL, dry, &error);
    bool goes_through = dry_count_remarks(dry, true) == 0;
    enum status status = code == RF_OK && !goes_through ? STATUS_NO : status_of(code);

    notices_summarize(&dry->session.notices);
    collisions_summarize(&dry->collisions);
    if (code != RF_OK) {
        dry->error = error;
        target_failure(&error);
    } else if (!dry->options->common.quiet && !is_dash(dry->options->common.report)) {
        dry_put_page(dry);
    }
    if (!write_report(dry, goes_through) && status <= STATUS_NO)
        status = STATUS_OUTPUT;
    return status;
}

static void discard(struct dry_run *dry)
{
    rf_live_close(dry->live);
    collisions_close(&dry->collisions);
    session_close(&dry->session);
    free(dry->nodes);
    free(dry->databases);
    free(dry->commands);
    free(dry->remarks);
    free(dry);
}

int replay_dry_run(const struct replay_options *options)
{
    struct dry_run *dry = calloc(1, sizeof *dry);
    int status = STATUS_OUTPUT;

    if (!dry) {
        message_error("out of memory");
        return status;
    }
    dry->options = options;
    if (session_open(&dry->session, &options->common) &&
        collisions_open(&dry->collisions, &dry->session, (enum collision_policy)options->written.on_collision,
                        options->written.memory, options->written.check))
        status = (int)run(dry);
    discard(dry);
    return status;
}
