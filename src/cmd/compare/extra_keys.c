/* SPDX-License-Identifier: MIT */
/* Compares names: those of the data before, those of the target after. */
#include "cmd/compare/extra_keys.h"
#include "base/fail.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/replay.h>

static void give_up(struct extra_keys *extra, const char *why)
{
    snprintf(extra->why_not, sizeof extra->why_not, "%s", why);
}

/* Whether it is known which keys of the target are outside the filter and the rewriting. */
static bool can_be_listed(const struct extra_keys *extra)
{
    const struct key_options *keys = &extra->session->options->keys;
    return rf_rewrite_can_cover(keys->rewrite, keys->filter);
}

/* A scan may return a key twice: only names that are not in the data count. */
static rf_code on_difference(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct extra_keys *extra = ctx;
    bool is_duplicate = difference->kind == RF_DUPLICATE &&
                        difference->after->input < extra->session->input_count;
    extra->covered -= difference->kind == RF_DUPLICATE && !is_duplicate;
    if (difference->kind != RF_ADDED && !is_duplicate)
        return RF_OK;
    if (difference->kind == RF_ADDED && difference->after->db != RF_LIBRARY) {
        extra->count++;
        extra->temporary += rf_replay_is_temporary(difference->after->key);
    }
    return extra->differ ? extra->differ(extra->ctx, difference, error) : RF_OK;
}

rf_code extra_keys_open(struct extra_keys *extra, rf_error *error)
{
    const rf_compare_options options = {
        .memory = extra->memory, .names_only = true, .fn = on_difference, .ctx = extra};
    if (!can_be_listed(extra))
        give_up(extra, "names are both filtered and rewritten");
    return rf_compare_open(&options, &extra->compare, error);
}

rf_code extra_keys_note(struct extra_keys *extra, const rf_key_record *record, rf_error *error)
{
    return rf_compare_add_before(extra->compare, record, error);
}

rf_code extra_keys_note_live(struct extra_keys *extra, const rf_entry *entry, rf_error *error)
{
    rf_key_record record;
    bool is_key = entry->kind == RF_ENTRY_KEY && !session_has_expired(extra->session, entry);
    if (!is_key && entry->kind != RF_ENTRY_FOREIGN)
        return RF_OK;
    rf_key_record_of(entry, (rf_digest){0}, 0, &record);
    return extra_keys_note(extra, &record, error);
}

static rf_code on_live_key(void *ctx, const rf_key_record *record, rf_error *error)
{
    struct extra_keys *extra = ctx;
    progress_count(&extra->session->progress.phase_keys);
    const struct key_options *keys = &extra->session->options->keys;
    const rf_entry entry = {.kind = RF_ENTRY_KEY,
                            .db = record->db,
                            .key = record->key,
                            .type = record->type,
                            .expire_ms = RF_NO_EXPIRY};
    rf_drop_reason drop = RF_DROP_NONE;
    if (record->db != RF_LIBRARY)
        TRY(rf_rewrite_covers(keys->rewrite, keys->filter, &entry, &drop, error));
    if (drop != RF_DROP_NONE)
        return RF_OK;
    extra->covered += record->db != RF_LIBRARY;
    return rf_compare_add_after(extra->compare, record, error);
}

static rf_code scan(struct extra_keys *extra, rf_live *live, rf_error *error)
{
    const rf_filter *filter = extra->session->options->keys.filter;
    unsigned what = (extra->libraries ? RF_SCAN_LIBRARIES : 0u) |
                    (rf_filter_uses_types(filter) ? RF_SCAN_TYPES : 0u);
    progress_phase(&extra->session->progress, "listing keys of the target", 0);
    progress_waits_for(&extra->session->progress, "waiting for the target");
    rf_code code = rf_live_scan(live, what, on_live_key, extra, error);
    if (!rf_code_is_target(code) || extra->required)
        return code;
    give_up(extra, error->message);
    message_warning("extra keys on the target are not counted: %s", error->message);
    return RF_OK;
}

rf_code extra_keys_find(struct extra_keys *extra, rf_live *live, rf_error *error)
{
    if (can_be_listed(extra))
        TRY(scan(extra, live, error));
    TRY(rf_compare_finish(extra->compare, error));
    extra->counted = !*extra->why_not;
    return RF_OK;
}

bool extra_keys_is_deletable(const rf_difference *difference)
{
    return difference->kind == RF_ADDED && difference->after->db != RF_LIBRARY &&
           !rf_replay_is_temporary(difference->after->key);
}

void extra_keys_format(const struct extra_keys *extra, const char *hint, char *out, size_t size)
{
    char temporary[64] = "";
    *out = '\0';
    if (!extra->counted)
        snprintf(out, size, "extra keys on the target not counted: %s", extra->why_not);
    if (!extra->counted || extra->count == 0)
        return;
    if (extra->temporary > 0)
        snprintf(temporary, sizeof temporary, ", %" PRIu64 " of them temporary", extra->temporary);
    snprintf(out, size, "%" PRIu64 " extra key%s on the target%s (%s)", extra->count,
             text_plural(extra->count), temporary, hint);
}

void extra_keys_print(FILE *out, const struct extra_keys *extra, const char *hint)
{
    char text[512];
    extra_keys_format(extra, hint, text, sizeof text);
    fprintf(out, "%s%s", *text ? "; " : "", text);
}

void extra_keys_report(struct json *json, const struct extra_keys *extra)
{
    if (!extra->counted) {
        json_string(json, "keys_extra", NULL);
        json_string(json, "keys_temporary", NULL);
        return;
    }
    json_number(json, "keys_extra", extra->count);
    json_number(json, "keys_temporary", extra->temporary);
}

void extra_keys_free(struct extra_keys *extra)
{
    rf_compare_close(extra->compare);
    extra->compare = NULL;
}
