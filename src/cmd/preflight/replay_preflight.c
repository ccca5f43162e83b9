/* SPDX-License-Identifier: MIT */
/* Reads the inputs as a replay does, and checks each entry against the target. */
#include "cmd/preflight/replay_preflight.h"
#include "base/fail.h"
#include "cmd/compare/against.h"
#include "cmd/preflight/preflight.h"
#include "cmd/replay/expiry_risk.h"
#include "cmd/run/report.h"
#include "cmd/run/target_advice.h"
#include "cmd/term/message.h"
#include <stdlib.h>

/* --- the target --------------------------------------------------------------------------------------- */

static rf_code adopt_nodes(struct preflight *preflight, rf_error *error)
{
    rf_live_node_info info;
    TRY(rf_live_query_nodes(preflight->live, error));
    for (size_t i = 0; rf_live_node_info_get(preflight->live, i, &info); i++) {
        struct preflight_node *grown = realloc(preflight->nodes, (i + 1) * sizeof *grown);
        if (!grown)
            return fail(error, RF_E_MEMORY, "out of memory");
        grown[i] = (struct preflight_node){.info = info};
        preflight->nodes = grown;
        preflight->node_count = i + 1;
    }
    return RF_OK;
}

static rf_code open_target(struct preflight *preflight, rf_error *error)
{
    const rf_live_options options = {
        .names_only = true, .fn = preflight_on_missing, .found = preflight_on_found, .ctx = preflight};
    TRY(rf_live_open(&preflight->options->target, &options, &preflight->live, error));
    against_detail(preflight->live);
    return adopt_nodes(preflight, error);
}

/* --- control flow -------------------------------------------------------------------------------------- */

static rf_code open_deletions(struct preflight *preflight, rf_error *error)
{
    const struct replay_options *options = preflight->options;
    preflight->since = (struct since){
        .session = &preflight->session,
        .files = options->common.inputs.count,
        .memory = options->written.memory,
        .removed = preflight_on_removed,
        .ctx = preflight,
    };
    preflight->extra = (struct extra_keys){
        .session = &preflight->session,
        .memory = options->written.memory,
        .required = true,
        .differ = preflight_on_extra,
        .ctx = preflight,
    };
    if (options->since)
        return since_compare(&preflight->since, error);
    return options->delete_extra ? extra_keys_open(&preflight->extra, error) : RF_OK;
}

/* Called for each entry, in order. */
static bool is_written(struct preflight *preflight, const rf_entry *entry)
{
    return !preflight->options->since || !since_is_unchanged(&preflight->since, entry);
}

static rf_code examine_inputs(struct preflight *preflight, rf_error *error)
{
    struct session *session = &preflight->session;
    struct cursor cursor;
    rf_entry *entry;
    rf_code code = RF_OK;
    cursor_open(&cursor, session, 0, session->input_count);
    while (code == RF_OK && (code = cursor_next(&cursor, &entry, error)) == RF_OK) {
        bool leave_out = false;
        code = collisions_note(&preflight->collisions, cursor.input, entry, &leave_out, error);
        if (code == RF_OK && preflight->options->delete_extra)
            code = extra_keys_note_live(&preflight->extra, entry, error);
        if (code == RF_OK && !leave_out)
            code = rf_passed_expiries_note(preflight->passed, entry, false, error);
        if (code == RF_OK && is_written(preflight, entry) && !leave_out)
            code = preflight_examine(preflight, entry, error);
    }
    return cursor_close(&cursor, code, error);
}

static rf_code examine(struct preflight *preflight, rf_error *error)
{
    preflight->session.read.accepts_foreign = true;
    preflight->passed = expiry_risk_new();
    if (!preflight->passed)
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(open_target(preflight, error));
    TRY(collisions_prescan(&preflight->collisions, error));
    TRY(open_deletions(preflight, error));
    TRY(examine_inputs(preflight, error));
    TRY(collisions_end(&preflight->collisions, error));
    TRY(rf_live_finish(preflight->live, &preflight->counts, error));
    if (preflight->options->delete_extra)
        TRY(extra_keys_find(&preflight->extra, preflight->live, error));
    return preflight_check(preflight) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static void write_report(const struct preflight *preflight, bool goes_through)
{
    const struct report_part part = {preflight_report, preflight};
    const struct report report = {
        .command = "replay",
        .session = &preflight->session,
        .result = preflight->error.code == RF_OK && !goes_through ? "failed" : NULL,
        .error = preflight->error.code != RF_OK ? &preflight->error : NULL,
        .part = &part,
    };
    report_write(&report, preflight->options->common.report);
}

static enum status run(struct preflight *preflight)
{
    rf_error error;
    session_begin(&preflight->session);
    session_if_killed(&preflight->session, "no result");
    rf_code code = examine(preflight, &error);
    session_end(&preflight->session);
    bool goes_through = preflight_count_notes(preflight, true) == 0;
    enum status status = code == RF_OK && !goes_through ? STATUS_NO : status_of(code);
    notices_summarize(&preflight->session.notices);
    collisions_summarize(&preflight->collisions);
    if (code != RF_OK) {
        preflight->error = error;
        target_failure(&error);
    } else if (is_dash(preflight->options->common.report)) {
        char conclusion[CONCLUSION_TEXT];
        message_summary("%s", preflight_conclusion(preflight, conclusion));
    } else if (!preflight->options->common.quiet) {
        preflight_print(preflight);
    }
    write_report(preflight, goes_through);
    return status;
}

static void discard(struct preflight *preflight)
{
    rf_live_close(preflight->live);
    rf_passed_expiries_free(preflight->passed);
    collisions_close(&preflight->collisions);
    since_free(&preflight->since);
    extra_keys_free(&preflight->extra);
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
    bool opened = session_open(&preflight->session, &options->common);
    preflight->session.input_count = replay_own_inputs(options);
    if (opened && collisions_open(&preflight->collisions, &preflight->session,
                                  (enum collision_policy)options->written.on_collision,
                                  options->written.memory, options->written.check))
        status = (int)run(preflight);
    discard(preflight);
    return status;
}
