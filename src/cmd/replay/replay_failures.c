/* SPDX-License-Identifier: MIT */
/* Prints failures, one line each. */
#include "cmd/replay/replay_failures.h"
#include "base/escape.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/compare.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_example(struct failure_example *example, const struct session *session,
                         const rf_failure *failed)
{
    rf_error *error = &example->error;
    *example = (struct failure_example){.kind = failed->kind,
                                        .library = failed->db == RF_LIBRARY,
                                        .is_command = failed->is_command,
                                        .command = failed->command};
    *error = (rf_error){.code = RF_E_TARGET,
                        .offset = (int64_t)failed->position.offset,
                        .file_offset = -1,
                        .db = (int)failed->db};
    snprintf(error->input, sizeof error->input, "%s", input_name(&session->inputs[failed->position.input]));
    snprintf(error->message, sizeof error->message, "%s", failed->reason);
    escape_name(failed->key, error->key, sizeof error->key);
}

static void print(const struct failure_example *example)
{
    const rf_error *error = &example->error;
    char what[sizeof error->key + 64] = "";
    if (example->command > 0)
        snprintf(what, sizeof what, "command %" PRIu64 ", ", example->command);
    else if (example->library)
        snprintf(what, sizeof what, "function library '%s': ", error->key);
    else if (!example->is_command)
        snprintf(what, sizeof what, "'%s' (db %d): ", error->key, error->db);
    message_error("%s: offset 0x%" PRIx64 ": %s%s%s", error->input, (uint64_t)error->offset, what,
                  error->message, example->kind == RF_FAILURE_EXISTS ? " (see --on-exists)" : "");
}

/* If out of memory, the failure is only counted for this run. */
static void remember_position(struct failures *failures, rf_position position)
{
    if (failures->open_count == failures->capacity) {
        size_t capacity = failures->capacity ? 2 * failures->capacity : 64;
        rf_position *open = realloc(failures->open, capacity * sizeof *open);
        if (!open)
            return;
        failures->open = open;
        failures->capacity = capacity;
    }
    failures->open[failures->open_count++] = position;
}

void failures_add(struct failures *failures, const struct session *session, const rf_failure *failed,
                  bool remember)
{
    if (failures->count < FAILURES_SHOWN) {
        fill_example(&failures->example[failures->count], session, failed);
        print(&failures->example[failures->count]);
    }
    failures->count++;
    failures->existing += failed->kind == RF_FAILURE_EXISTS;
    failures->undeleted += failed->position.input >= session->input_count;
    if (remember)
        remember_position(failures, failed->position);
}

uint64_t failures_forget(struct failures *failures, bool (*is_saved)(const void *ctx, rf_position position),
                         const void *ctx)
{
    size_t kept = 0, count = failures->open_count;
    for (size_t i = 0; i < count; i++)
        if (!is_saved(ctx, failures->open[i]))
            failures->open[kept++] = failures->open[i];
    failures->open_count = kept;
    return count - kept;
}

void failures_summarize(const struct failures *failures)
{
    if (failures->count > FAILURES_SHOWN)
        message_error("and %" PRIu64 " more", failures->count - FAILURES_SHOWN);
    if (failures->existing > 0)
        message_error("%" PRIu64 " key%s existed already: --on-exists fail keeps them; use skip or replace",
                      failures->existing, text_plural(failures->existing));
}

void failures_report(struct json *json, const struct failures *failures)
{
    json_object(json, "failures");
    json_number(json, "count", failures->count);
    json_array(json, "examples");
    for (uint64_t i = 0; i < failures->count && i < FAILURES_SHOWN; i++) {
        const struct failure_example *example = &failures->example[i];
        const rf_error *error = &example->error;
        json_object(json, NULL);
        json_string(json, "kind", rf_failure_kind_name(example->kind));
        json_string(json, "input", error->input);
        json_signed(json, "offset", error->offset);
        if (!example->library && error->db >= 0)
            json_signed(json, "db", error->db);
        if (example->command > 0)
            json_number(json, "command", example->command);
        if (!example->is_command)
            json_string(json, example->library ? "library" : "key", error->key);
        json_string(json, "reason", error->message);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

void failures_free(struct failures *failures)
{
    free(failures->open);
}
