/* SPDX-License-Identifier: MIT */
/* Reads the inputs as a replay does, and checks each entry against the target. */
#include "cmd/preflight/replay_preflight.h"
#include "base/fail.h"
#include "cmd/compare/against.h"
#include "cmd/preflight/preflight.h"
#include "cmd/run/report.h"
#include "cmd/run/target_advice.h"
#include "cmd/run/transfer.h"
#include "cmd/term/message.h"
#include <stdlib.h>

/* --- the target --------------------------------------------------------------------------------------- */

static rf_code adopt_nodes(struct preflight *preflight, rf_error *error)
{
    rf_code code = rf_live_query_nodes(preflight->live, error);
    rf_live_node_info info;
    for (size_t i = 0; code == RF_OK && rf_live_node_info_get(preflight->live, i, &info); i++) {
        struct preflight_node *grown = realloc(preflight->nodes, (i + 1) * sizeof *grown);
        if (!grown)
            return fail(error, RF_E_MEMORY, "out of memory");
        grown[i] = (struct preflight_node){.info = info};
        preflight->nodes = grown;
        preflight->node_count = i + 1;
    }
    return code;
}

static rf_code open_target(struct preflight *preflight, rf_error *error)
{
    const rf_live_options options = {
        .names_only = true, .fn = preflight_on_missing, .found = preflight_on_found, .ctx = preflight};
    rf_code code = rf_live_open(&preflight->options->target, &options, &preflight->live, error);
    if (code != RF_OK)
        return code;
    against_detail(preflight->live);
    return adopt_nodes(preflight, error);
}

/* --- control flow -------------------------------------------------------------------------------------- */

static rf_code on_entry(void *ctx, struct input *input, rf_entry *entry, rf_error *error)
{
    struct preflight *preflight = ctx;
    bool leave_out = false;
    rf_code code = RF_OK;
    if (entry->kind == RF_ENTRY_COMMAND)
        code = transfer_check_command(&preflight->options->common, error);
    if (code == RF_OK)
        code = collisions_note(&preflight->collisions, input, entry, &leave_out, error);
    return code == RF_OK && !leave_out ? preflight_examine(preflight, entry, error) : code;
}

static rf_code examine(void *ctx, rf_error *error)
{
    struct preflight *preflight = ctx;
    struct session *session = &preflight->session;
    rf_code code = open_target(preflight, error);
    session->read.accepts_foreign = true;
    if (code == RF_OK)
        code = collisions_prescan(&preflight->collisions, error);
    for (size_t i = 0; i < session->input_count && code == RF_OK; i++)
        code = session_read(session, &session->inputs[i], on_entry, preflight, error);
    if (code == RF_OK)
        code = collisions_end(&preflight->collisions, error);
    if (code == RF_OK)
        code = rf_live_finish(preflight->live, &preflight->counts, error);
    return code == RF_OK && !preflight_check(preflight) ? fail(error, RF_E_MEMORY, "out of memory") : code;
}

static bool write_report(const struct preflight *preflight, bool goes_through)
{
    const struct report_part part = {preflight_report, preflight};
    const struct report report = {
        .command = "replay",
        .session = &preflight->session,
        .result = preflight->error.code == RF_OK && !goes_through ? "failed" : NULL,
        .error = preflight->error.code != RF_OK ? &preflight->error : NULL,
        .part = &part,
    };
    return report_write(&report, preflight->options->common.report);
}

static enum status run(struct preflight *preflight)
{
    rf_error error;
    rf_code code = session_run(&preflight->session, examine, NULL, preflight, &error);
    bool goes_through = preflight_count_notes(preflight, true) == 0;
    enum status status = code == RF_OK && !goes_through ? STATUS_NO : status_of(code);
    notices_summarize(&preflight->session.notices);
    collisions_summarize(&preflight->collisions);
    if (code != RF_OK) {
        preflight->error = error;
        target_failure(&error);
    } else if (!preflight->options->common.quiet && !is_dash(preflight->options->common.report)) {
        preflight_print(preflight);
    }
    if (!write_report(preflight, goes_through) && status <= STATUS_NO)
        status = STATUS_OUTPUT;
    return status;
}

static void discard(struct preflight *preflight)
{
    rf_live_close(preflight->live);
    collisions_close(&preflight->collisions);
    session_close(&preflight->session);
    free(preflight->nodes);
    free(preflight->databases);
    free(preflight->commands);
    free(preflight->notes);
    free(preflight);
}

int replay_preflight(const struct replay_options *options)
{
    struct preflight *preflight = calloc(1, sizeof *preflight);
    int status = STATUS_OUTPUT;
    if (!preflight) {
        message_error("out of memory");
        return status;
    }
    preflight->options = options;
    if (session_open(&preflight->session, &options->common) &&
        collisions_open(&preflight->collisions, &preflight->session,
                        (enum collision_policy)options->written.on_collision, options->written.memory,
                        options->written.check))
        status = (int)run(preflight);
    discard(preflight);
    return status;
}
