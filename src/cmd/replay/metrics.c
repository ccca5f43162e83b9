/* SPDX-License-Identifier: MIT */
/* Writes the state of a replay in Prometheus's text exposition format, version 0.0.4. */
#include "cmd/replay/metrics.h"
#include "base/fail.h"
#include "cmd/replay/following.h"
#include "cmd/run/files.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <errno.h>
#include <inttypes.h>
#include <rdbferry/sink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct state {
    const struct metrics *metrics;
    const rf_replay *replay; /* may be NULL */
    struct session *session;
    const enum status *status; /* NULL: still running */
    FILE *out;
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- lines -------------------------------------------------------------------------------------------- */

#define PREFIX "rdbferry_replay_"

static void put_family(const struct state *s, const char *name, const char *type, const char *help)
{
    fprintf(s->out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void put_label(const struct state *s, const char *before, const char *name, const char *value)
{
    char readable[512];
    text_readable((rf_slice){(const uint8_t *)value, strlen(value)}, readable, sizeof readable);
    fprintf(s->out, "%s%s=\"", before, name);
    for (const char *c = readable; *c; c++) {
        if (*c == '\\' || *c == '"')
            putc('\\', s->out);
        putc(*c, s->out);
    }
    putc('"', s->out);
}

/* `label` may be NULL. */
static void put_count(const struct state *s, const char *name, const char *label, const char *value,
                      uint64_t count)
{
    fprintf(s->out, PREFIX "%s", name);
    if (label) {
        put_label(s, "{", label, value);
        putc('}', s->out);
    }
    fprintf(s->out, " %" PRIu64 "\n", count);
}

static void put_gauge(const struct state *s, const char *name, const char *help, uint64_t value)
{
    put_family(s, name, "gauge", help);
    put_count(s, name, NULL, NULL, value);
}

static void put_counter(const struct state *s, const char *name, const char *help, uint64_t value)
{
    put_family(s, name, "counter", help);
    put_count(s, name, NULL, NULL, value);
}

static void put_time(const struct state *s, const char *name, const char *help, double time)
{
    put_family(s, name, "gauge", help);
    fprintf(s->out, PREFIX "%s %.3f\n", name, time);
}

/* --- counters ------------------------------------------------------------------------------------------ */

#define MEMBER(member) offsetof(rf_replay_counts, member)

static uint64_t count_at(const rf_replay_counts *counts, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)counts + offset);
}

static const struct {
    const char *outcome;
    size_t offset;
} outcomes[] = {
    {"written", MEMBER(written)}, {"skipped", MEMBER(skipped)}, {"expired", MEMBER(expired)},
    {"empty", MEMBER(empty)},     {"failed", MEMBER(failed)},
};

static const struct {
    const char *name, *help;
    size_t offset;
} counters[] = {
    {"keys_restored_total", "Keys written by RESTORE.", MEMBER(restored)},
    {"function_libraries_total", "Function libraries loaded, or already present.", MEMBER(libraries)},
    {"commands_total", "AOF commands executed.", MEMBER(commands)},
    {"keys_deleted_total", "Keys deleted from the target.", MEMBER(deleted)},
    {"sent_bytes_total", "Bytes sent to the target.", MEMBER(bytes)},
    {"keys_resent_total", "Keys sent more than once.", MEMBER(resent)},
    {"connections_lost_total", "Connections lost.", MEMBER(lost)},
};

static void put_counts(const struct state *s, const rf_replay_counts *counts)
{
    put_family(s, "keys_total", "counter", "Keys processed, by outcome.");
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        put_count(s, "keys_total", "outcome", outcomes[i].outcome, count_at(counts, outcomes[i].offset));
    put_count(s, "keys_total", "outcome", "resumed", *s->metrics->resumed);
    put_count(s, "keys_total", "outcome", "collided", *s->metrics->collided);
    put_count(s, "keys_total", "outcome", "unchanged", *s->metrics->unchanged);
    put_family(s, "failures_total", "counter",
               "Keys, function libraries and AOF commands not written or not deleted, by reason.");
    for (int i = 0; i < RF_FAILURE_KINDS; i++)
        put_count(s, "failures_total", "reason", rf_failure_kind_name((rf_failure_kind)i),
                  counts->failures[i]);
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        put_counter(s, counters[i].name, counters[i].help, count_at(counts, counters[i].offset));
}

/* --- nodes -------------------------------------------------------------------------------------------- */

static uint64_t keys_of(const rf_replay_node *node)
{
    return node->keys;
}

static uint64_t bytes_of(const rf_replay_node *node)
{
    return node->bytes;
}

static uint64_t connections_of(const rf_replay_node *node)
{
    return node->connections;
}

static const struct {
    const char *name, *type, *help;
    uint64_t (*value)(const rf_replay_node *node);
} node_families[] = {
    {"node_keys_total", "counter", "Keys written to a node.", keys_of},
    {"node_sent_bytes_total", "counter", "Bytes sent to a node.", bytes_of},
    {"node_connections", "gauge", "Open connections to a node.", connections_of},
};

static void put_nodes(const struct state *s)
{
    rf_replay_node node;
    for (size_t i = 0; i < sizeof node_families / sizeof *node_families; i++) {
        put_family(s, node_families[i].name, node_families[i].type, node_families[i].help);
        for (size_t n = 0; rf_replay_node_get(s->replay, n, &node); n++)
            put_count(s, node_families[i].name, "node", node.name, node_families[i].value(&node));
    }
}

/* --- the whole state ----------------------------------------------------------------------------------- */

static void put_info(const struct state *s)
{
    const rf_replay_info *info = s->replay ? rf_replay_info_get(s->replay) : NULL;
    put_family(s, "info", "gauge", "Information about the target; always 1.");
    fputs(PREFIX "info", s->out);
    put_label(s, "{", "version", RDBFERRY_VERSION);
    put_label(s, ",", "target", s->metrics->target);
    if (info) {
        char server[32];
        rf_server_format(info->server, server, sizeof server);
        put_label(s, ",", "kind", info->kind);
        put_label(s, ",", "server", server);
    }
    fputs("} 1\n", s->out);
}

static void put_outcome(const struct state *s)
{
    double now = seconds(CLOCK_REALTIME);
    put_gauge(s, "up", "1 while the run is in progress.", s->status == NULL);
    put_gauge(s, "finished", "1 when the run has finished.", s->status != NULL);
    if (s->status)
        put_gauge(s, "exit_status", "Exit status of the run; 0 is success.", *s->status);
    put_time(s, "start_time_seconds", "Start time of the run.", s->metrics->started);
    put_time(s, "update_time_seconds", "Time of the last update of this file.", now);
    if (s->status)
        put_time(s, "end_time_seconds", "End time of the run.", now);
}

static void put_session(const struct state *s)
{
    uint64_t done, total;
    progress_bytes(&s->session->progress, &done, &total);
    put_counter(s, "keys_read_total", "Keys read from the inputs.",
                atomic_load_explicit(&s->session->progress.keys, memory_order_relaxed));
    put_counter(s, "keys_filtered_total", "Keys read from the inputs and excluded by filters.",
                session_dropped(s->session));
    put_counter(s, "read_bytes_total", "Bytes read from the input files, including repeated reads.", done);
    if (total > 0)
        put_gauge(s, "input_bytes", "Total bytes to read from the input files.", total);
}

static void put_following(const struct state *s)
{
    const struct following *f = s->metrics->following;
    if (!f->in_stream)
        return;
    put_gauge(s, "follow_in_step", "1 while the target is in step with the source.",
              f->phase == FOLLOWING_IN_STEP);
    put_family(s, "follow_offset", "gauge",
               "Offset in a source's stream up to which the target has acknowledged it.");
    for (size_t i = 0; i < f->count; i++)
        put_count(s, "follow_offset", "source", input_name(f->sources[i].stream), f->sources[i].done);
    put_gauge(s, "follow_lag_bytes", "Bytes received from the source that the target has not acknowledged.",
              f->lag.bytes);
    put_time(s, "follow_lag_seconds", "Age of the oldest of these.", (double)f->lag.ms / 1000);
}

static void put_state(FILE *out, struct state *s)
{
    s->out = out;
    put_info(s);
    put_outcome(s);
    put_session(s);
    if (s->replay) {
        const rf_replay_counts counts = rf_replay_counts_get(s->replay);
        rf_position acked = rf_replay_acked(s->replay);
        put_gauge(s, "position_input", "Number of the input of the current position, from 0.", acked.input);
        put_gauge(s, "position_bytes", "Offset in that input before which everything is done.", acked.offset);
        put_counts(s, &counts);
        put_nodes(s);
        put_following(s);
    }
}

/* --- the file ----------------------------------------------------------------------------------------- */

static bool write_state(struct metrics *metrics, struct state *state)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool good = out != NULL;
    state->metrics = metrics;
    metrics->last = seconds(CLOCK_MONOTONIC);
    if (good) {
        put_state(out, state);
        good = !ferror(out);
        good = fclose(out) == 0 && good;
    }
    good = good && save_file(metrics->path, RF_SAVE_UNSYNCED | RF_SAVE_IN_PLACE, text, size);
    free(text);
    return good;
}

rf_code metrics_begin(struct metrics *metrics, struct session *session, rf_error *error)
{
    const char *path = metrics->path;
    metrics->started = seconds(CLOCK_REALTIME);
    remove_leftovers(path, NULL);
    if (!path || write_state(metrics, &(struct state){.session = session}))
        return RF_OK;
    metrics->path = NULL;
    return fail(error, RF_E_WRITE, "cannot write the metrics file '%.128s': %s", path, strerror(errno));
}

void metrics_tick(struct metrics *metrics, const rf_replay *replay, struct session *session)
{
    struct state state = {.replay = replay, .session = session};
    if (!metrics->path || seconds(CLOCK_MONOTONIC) - metrics->last < 1)
        return;
    if (write_state(metrics, &state) || metrics->has_failed)
        return;
    metrics->has_failed = true;
    message_warning("cannot write the metrics file '%s': %s", metrics->path, strerror(errno));
}

void metrics_end(struct metrics *metrics, const rf_replay *replay, struct session *session,
                 enum status status)
{
    struct state state = {.replay = replay, .session = session, .status = &status};
    if (metrics->path && !write_state(metrics, &state))
        message_error("cannot write the metrics file '%s': %s", metrics->path, strerror(errno));
}
