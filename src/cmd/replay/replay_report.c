/* SPDX-License-Identifier: MIT */
/* The results of a replay: as text, and as members of the report. */
#include "cmd/replay/replay.h"
#include "cmd/run/report.h"
#include "cmd/run/target_advice.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The outcomes of the keys that were read; they add up. Those that are `in_flight` were in flight at the end.
 */
struct replay_keys {
    uint64_t read, dropped, collided, unchanged, resumed, empty, expired, skipped, failed, written, in_flight;
};

static struct replay_keys replay_keys(const struct replay *r)
{
    const rf_replay_counts counts = r->engine ? rf_replay_counts_get(r->engine) : (rf_replay_counts){0};
    struct replay_keys keys = {
        .dropped = session_dropped(&r->session),
        .collided = r->collisions.dropped_keys,
        .unchanged = r->counts.unchanged,
        .resumed = r->counts.resumed_keys,
        .empty = counts.empty,
        .expired = counts.expired,
        .skipped = counts.skipped,
        .failed = counts.failed,
        .written = counts.written,
    };
    uint64_t done = keys.empty + keys.expired + keys.skipped + keys.failed + keys.written;
    keys.read = tables_total(&r->session.stats.tables).keys + keys.dropped;
    keys.in_flight = r->counts.put_keys > done ? r->counts.put_keys - done : 0;
    return keys;
}

/* --- text ---------------------------------------------------------------------------------------------- */

/* Appends ", 2 skipped" if the count is not 0. */
static void append_count(char *out, size_t size, uint64_t count, const char *what)
{
    size_t length = strlen(out);
    if (count > 0)
        snprintf(out + length, size - length, "%s%" PRIu64 " %s", length ? ", " : "", count, what);
}

static void format_outcome(const struct replay *r, char *out, size_t size)
{
    const struct replay_keys keys = replay_keys(r);
    const rf_replay_counts counts = rf_replay_counts_get(r->engine);
    out[0] = '\0';
    if (keys.written > 0 || counts.commands == 0)
        snprintf(out, size, "%" PRIu64 " written", keys.written);
    append_count(out, size, counts.libraries, counts.libraries == 1 ? "library" : "libraries");
    append_count(out, size, counts.commands, counts.commands == 1 ? "command" : "commands");
    append_count(out, size, keys.dropped + keys.collided, "excluded");
    append_count(out, size, counts.deleted, "deleted");
    append_count(out, size, counts.libraries_deleted,
                 counts.libraries_deleted == 1 ? "library deleted" : "libraries deleted");
    append_count(out, size, keys.unchanged, "unchanged");
    append_count(out, size, keys.resumed, "done earlier");
    append_count(out, size, keys.skipped, "skipped");
    append_count(out, size, keys.expired, "expired");
    append_count(out, size, keys.empty, "empty");
    append_count(out, size, r->failures.count - r->failures.undeleted, "failed");
    append_count(out, size, r->failures.undeleted, "not deleted");
}

static void print_followed(const struct replay *r)
{
    char offsets[FOLLOWING_OFFSETS];
    following_format_offsets(&r->following, offsets, sizeof offsets);
    message_summary("complete at %s of the source%s", offsets,
                    r->failures.count + r->found.failed > 0 ? ", except for what was not written" : "");
}

static void print_written(const struct replay *r)
{
    char inputs[256], counts[160], outcome[320];
    session_format_inputs(&r->session, inputs, sizeof inputs);
    session_format_counts(&r->session, counts, sizeof counts);
    format_outcome(r, outcome, sizeof outcome);
    message_summary("%s: %s -> %s (%s)", inputs, counts, r->info.name, outcome);
    if (r->following.cutover.complete)
        cutover_print(r);
    else if (r->following.in_stream)
        print_followed(r);
}

static void print_failed(const struct replay *r)
{
    uint64_t undeleted = r->failures.undeleted, failed = r->failures.count - undeleted;
    uint64_t before = r->found.failed;
    if (failed > 0)
        message_error("%" PRIu64 " not written%s%s", failed, r->dead_letter.path ? ": see " : "",
                      r->dead_letter.path ? r->dead_letter.path : "");
    if (undeleted > 0)
        message_error("%" PRIu64 " not deleted: the target's data is not that of the first snapshot",
                      undeleted);
    if (before > 0)
        message_error("%" PRIu64 " not written in earlier runs", before);
}

static void print_divided(const struct replay *r)
{
    uint64_t divided = r->engine ? rf_replay_counts_get(r->engine).divided : 0;
    if (divided > 0)
        message_summary("%" PRIu64 " transaction%s of the AOF divided by slot: clients may see a part of one",
                        divided, divided == 1 ? " was" : "s were");
}

static void print_nodes(const struct replay *r)
{
    char size[SIZE_TEXT];
    rf_replay_node node;
    for (size_t i = 0; rf_replay_node_get(r->engine, i, &node); i++)
        message_detail("%s: %" PRIu64 " key%s, %s", node.name, node.keys, text_plural(node.keys),
                       text_size(node.bytes, size));
}

/* Whether a run that is resumed writes another snapshot. */
static bool writes_another(const struct replay *r)
{
    return r->options->follow && r->checkpoint.path && following_can_replace(r) &&
           (!r->following.in_stream || following_needs_snapshot(r));
}

/* False if resuming would fail with the same error. */
static bool can_go_on(const struct replay *r, const rf_error *error)
{
    if (r->counts.put == 0 || r->checkpoint.state >= CHECKPOINT_SWITCHING)
        return false;
    if (r->session.inputs[r->checkpoint.position.input].is_live && !r->following.in_stream &&
        !writes_another(r)) /* its next snapshot has other offsets */
        return false;
    if (!error)
        return r->state.stopped;
    if (following_needs_snapshot(r))
        return writes_another(r);
    return (rf_code_is_target(error->code) || error->code == RF_E_WRITE) &&
           !(r->options->fail_fast && r->failures.count > 0);
}

static void print_stream_position(const struct replay *r)
{
    char offsets[FOLLOWING_OFFSETS], source[256];
    following_format_offsets(&r->following, offsets, sizeof offsets);
    following_format_source(r, source, sizeof source);
    message_error("everything before %s of the stream of %s is done%s", offsets, source,
                  r->following.stopped_in_step ? ": in step" : "");
}

/* Prints the position, and how to continue. */
static void print_position(const struct replay *r)
{
    const struct checkpoint *c = &r->checkpoint;
    uint32_t input = c->position.input;
    if (writes_another(r)) {
        message_error("run it again with --resume to write another snapshot over what is there");
        return;
    }
    if (r->following.in_stream)
        print_stream_position(r);
    else
        message_error("everything before offset 0x%" PRIx64 " of %s is done", c->position.offset,
                      input_name(&r->session.inputs[input]));
    if (c->path)
        message_error("run it again with --resume to continue from there");
    else
        message_error(
            "without --checkpoint it cannot be resumed: run it again with --on-exists skip or replace");
}

static void print_stopped(const struct replay *r)
{
    const char *name = signal_name(stop_signal());
    if (!r->engine) {
        message_error("stopped by %s%s", name, replay_is_done(r) ? "" : "; nothing was written");
        return;
    }
    char outcome[320];
    format_outcome(r, outcome, sizeof outcome);
    message_error("stopped by %s (%s)", name, outcome);
}

static void print_verified(const struct replay *r)
{
    if (r->verification.complete)
        replay_verify_print(&r->verification);
    else if (r->options->verify && replay_is_done(r))
        message_error("all keys were written, but not verified%s",
                      r->checkpoint.path ? ": run it again with --resume to verify" : "");
}

void replay_print(const struct replay *r, const rf_error *error)
{
    if (error && r->engine) /* its message says what to do */
        message_failure(error);
    else if (error)
        target_failure(error);
    else if (r->state.stopped)
        print_stopped(r);
    if (can_go_on(r, error))
        print_position(r);
    else if (r->engine && !error && !r->state.stopped)
        print_written(r);
    print_failed(r);
    print_divided(r);
    if (r->engine)
        print_nodes(r);
    print_verified(r);
}

/* --- the report ---------------------------------------------------------------------------------------- */

static void put_keys(struct json *json, const struct replay *r)
{
    const struct replay_keys keys = replay_keys(r);
    json_object(json, "keys");
    json_number(json, "read", keys.read);
    json_number(json, "dropped", keys.dropped);
    json_number(json, "collided", keys.collided);
    json_number(json, "unchanged", keys.unchanged);
    json_number(json, "resumed", keys.resumed);
    json_number(json, "empty", keys.empty);
    json_number(json, "expired", keys.expired);
    json_number(json, "skipped", keys.skipped);
    json_number(json, "failed", keys.failed);
    json_number(json, "written", keys.written);
    json_number(json, "in_flight", keys.in_flight);
    json_end_object(json);
}

static void put_target(struct json *json, const struct replay *r)
{
    const rf_server unknown = {0};
    json_object(json, "target");
    json_string(json, "name", r->options->target_name);
    json_string(json, "kind", r->info.kind);
    report_put_server(json, "server", r->info.abilities.assumed ? unknown : r->info.server);
    json_array(json, "nodes");
    rf_replay_node node;
    for (size_t i = 0; r->engine && rf_replay_node_get(r->engine, i, &node); i++) {
        json_object(json, NULL);
        json_string(json, "name", node.name);
        json_number(json, "keys", node.keys);
        json_number(json, "bytes", node.bytes);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

static void put_written(struct json *json, const struct replay *r)
{
    const rf_replay_counts counts = r->engine ? rf_replay_counts_get(r->engine) : (rf_replay_counts){0};
    json_object(json, "written");
    json_number(json, "by_restore", counts.restored);
    json_number(json, "libraries", counts.libraries);
    json_number(json, "commands", counts.commands);
    json_number(json, "commands_done_earlier", counts.commands_resumed);
    json_number(json, "command_groups", counts.groups);
    json_number(json, "transactions_divided", counts.divided);
    json_number(json, "bytes", counts.bytes);
    json_end_object(json);
    json_object(json, "recovery");
    json_number(json, "connections_lost", counts.lost);
    json_number(json, "keys_resent", counts.resent);
    json_end_object(json);
}

static void put_deleted(struct json *json, const struct replay *r)
{
    const rf_replay_counts counts = r->engine ? rf_replay_counts_get(r->engine) : (rf_replay_counts){0};
    json_object(json, "deleted");
    json_number(json, "keys", counts.deleted);
    json_number(json, "libraries", counts.libraries_deleted);
    json_number(json, "gone", counts.gone);
    json_number(json, "failed", r->failures.undeleted);
    json_end_object(json);
}

static void put_checkpoint(struct json *json, const struct replay *r)
{
    const struct checkpoint *c = &r->checkpoint;
    json_object(json, "checkpoint");
    json_string(json, "path", c->path);
    json_string(json, "run", c->run);
    json_number(json, "input", c->position.input);
    json_number(json, "offset", c->position.offset);
    json_number(json, "failed_before", r->found.failed);
    json_end_object(json);
}

void replay_report(struct json *json, const void *replay)
{
    const struct replay *r = replay;
    put_keys(json, r);
    log_repair_report(json, &r->session);
    report_put_rules(json, r->options->common.keys.rewrite);
    collisions_report(json, &r->collisions);
    put_target(json, r);
    put_written(json, r);
    put_deleted(json, r);
    if (r->options->follow)
        following_report(json, r);
    failures_report(json, &r->failures);
    put_checkpoint(json, r);
    if (replay_options_compare(r->options))
        replay_verify_report(json, &r->verification);
}
