/* SPDX-License-Identifier: MIT */
/* Compares entries with the target. */
#include "cmd/replay/replay_verify.h"
#include "base/fail.h"
#include "cmd/compare/against.h"
#include "cmd/diff/explain.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/digest.h>
#include <string.h>

#define INCOMPARABLE (UINT32_C(1) << 31) /* flag in a record's input */

bool replay_verify_possible(const struct common_options *common, const char *option, const char *command)
{
    for (size_t i = 0; i < common->inputs.count; i++) {
        const struct input input = input_of(&common->inputs, i);
        struct stat found;
        if (input_can_rescan(&input) || (!is_dash(input.path) && !input_stat(&input, &found)))
            continue;
        message_usage(command, "%s reads the inputs twice, and %s can only be read once", option,
                      input_name(&input));
        return false;
    }
    return true;
}

/* --- entries ------------------------------------------------------------------------------------------ */

/* Skipped libraries are not recorded: any difference of a library is due to --on-exists skip. */
static bool was_skipped(const struct replay_verification *v, const rf_key_record *record)
{
    return key_set_has(v->skipped, record->db, record->key) ||
           (record->db == RF_LIBRARY && v->options->on_exists == RF_ON_EXISTS_SKIP);
}

static rf_code on_any(struct replay_verification *v, const rf_difference *difference, rf_error *error)
{
    const rf_key_record *record = difference->before;
    if (v->differ)
        return v->differ(v->ctx, difference, error);
    bool has_failed = key_set_has(v->failed, record->db, record->key);
    if (difference->kind == RF_REMOVED)
        v->left_missing += has_failed;
    else if (difference->kind == RF_CHANGED)
        v->left_changed += has_failed || was_skipped(v, record);
    return differences_add(&v->differences, difference, error);
}

static rf_code on_difference(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct replay_verification *v = ctx;
    rf_key_record before = *difference->before;
    if (!(before.input & INCOMPARABLE))
        return on_any(v, difference, error);
    before.input &= ~INCOMPARABLE;
    if (difference->kind == RF_CHANGED)
        before.value = difference->after->value;
    if (difference->kind == RF_CHANGED && !rf_key_record_differs(&before, difference->after, 0))
        return RF_OK;
    return on_any(v, &(rf_difference){difference->kind, &before, difference->after}, error);
}

/* With --delete-extra such keys are differences: they have come meanwhile, or were not deleted. Otherwise
 * they are if a command that failed concerns them. */
static rf_code on_extra(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct replay_verification *v = ctx;
    const rf_key_record *record = difference->after;
    bool deletes = v->options->delete_extra;
    if (v->differ)
        return v->options->on_exists == RF_ON_EXISTS_FAIL && extra_keys_is_deletable(difference)
                   ? v->differ(v->ctx, difference, error)
                   : RF_OK;
    if (!extra_keys_is_deletable(difference) ||
        (!deletes && !key_set_has(v->failed, record->db, record->key)))
        return RF_OK;
    v->left_extra += !deletes;
    return differences_add(&v->differences, difference, error);
}

static rf_code check(struct replay_verification *v, const rf_key_record *record, rf_error *error)
{
    rf_key_record shifted = *record;
    if (v->shifted)
        shifted.expire_ms = rf_expiry_shifted(record->expire_ms);
    TRY(extra_keys_note(&v->extra, record, error));
    return rf_live_check(v->live, &shifted, error);
}

/* A damaged value was not written: the target's value is always a difference. */
static rf_code check_value(struct replay_verification *v, uint32_t input, rf_entry *key, rf_error *error)
{
    rf_key_record record;
    rf_key_digest digest;
    rf_digester_expired(v->digester, session_fields_until());
    rf_code code = rf_digest_key(v->digester, key, &digest, error);
    if (code != RF_OK && !rf_code_is_input(code))
        return code;
    if (code == RF_OK && digest.elements == 0 && !rf_may_be_empty(key->type))
        return RF_OK;
    if (code != RF_OK) {
        rf_key_record_of(key, (rf_digest){0}, input, &record);
    } else {
        rf_key_record_of_left(key, &digest, input, &record);
        record.published = digest.value;
    }
    return check(v, &record, error);
}

static rf_code check_key(struct replay_verification *v, uint32_t input, rf_entry *key, rf_error *error)
{
    char module[10] = "";
    if (key->type == RF_MODULE)
        TRY(rf_value_module(key->value, module, error));
    if (strcmp(module, "vectorset") != 0)
        return check_value(v, input, key, error);
    rf_key_record record;
    v->incomparable++;
    rf_key_record_of(key, (rf_digest){0}, input | INCOMPARABLE, &record);
    return check(v, &record, error);
}

static rf_code check_library(struct replay_verification *v, uint32_t input, const rf_entry *entry,
                             rf_error *error)
{
    rf_key_record record;
    rf_key_record_of(entry, rf_digest_keyed(entry->text), input, &record);
    record.published = rf_digest_library(entry->text);
    return check(v, &record, error);
}

rf_code replay_verify_entry(struct replay_verification *v, size_t input, rf_entry *entry, rf_error *error)
{
    switch (entry->kind) {
    case RF_ENTRY_KEY: return check_key(v, (uint32_t)input, entry, error);
    case RF_ENTRY_FUNCTION: return check_library(v, (uint32_t)input, entry, error);
    case RF_ENTRY_COMMAND: return refuse_commands(error);
    case RF_ENTRY_AUX:
    case RF_ENTRY_MODULE_AUX:
    case RF_ENTRY_FOREIGN:
    case RF_ENTRY_FOREIGN_DETAIL:
    case RF_ENTRY_KEY_COUNTS: break;
    }
    return RF_OK;
}

/* --- start and end ------------------------------------------------------------------------------------ */

rf_code replay_verify_begin(struct replay_verification *v, rf_error *error)
{
    const struct replay_options *options = v->options;
    v->differences = (struct differences){
        .out = v->out,
        .limit = DIFFERENCES_SHOWN,
        .inputs = v->session->inputs,
        .input_count = v->session->input_count,
        .elsewhere = "the target",
        .keep = options->common.report != NULL,
    };
    const rf_live_options live = {.published = v->differences.keep, .fn = on_difference, .ctx = v};
    TRY(rf_live_open(v->target, &live, &v->live, error));
    against_detail(v->live);
    v->extra = (struct extra_keys){
        .session = v->session,
        .memory = options->written.memory,
        .required = options->delete_extra,
        .differ = on_extra,
        .ctx = v,
    };
    TRY(extra_keys_open(&v->extra, error));
    v->digester = rf_digester_new(differences_digests(&v->differences), false);
    return v->digester ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

rf_code replay_verify_end(struct replay_verification *v, rf_error *error)
{
    TRY(rf_live_finish(v->live, &v->counts, error));
    TRY(extra_keys_find(&v->extra, v->live, error));
    v->complete = true;
    return RF_OK;
}

void replay_verify_settle(struct replay_verification *v)
{
    v->counts.found = v->counts.equal = v->counts.checked - v->counts.expired;
    if (v->options->on_exists == RF_ON_EXISTS_FAIL)
        v->extra.count = v->extra.temporary;
    v->complete = true;
}

void replay_verify_free(struct replay_verification *v)
{
    rf_digester_free(v->digester);
    rf_live_close(v->live);
    extra_keys_free(&v->extra);
    differences_free(&v->differences);
}

/* --- results ------------------------------------------------------------------------------------------- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Keys that failed are missing on the target, or have their old values. */
uint64_t replay_verify_unaccounted(const struct replay_verification *v)
{
    const struct differences *d = &v->differences;
    uint64_t missing = d->removed - v->left_missing, changed = d->changed - v->left_changed;
    uint64_t missing_before = lesser(missing, v->failed_before);
    uint64_t changed_before = lesser(changed, v->skipped_before + v->failed_before - missing_before);
    return missing - missing_before + changed - changed_before + d->added - v->left_extra;
}

void replay_verify_print(const struct replay_verification *v)
{
    const char *name = rf_live_info_get(v->live)->name;
    uint64_t accounted = differences_total(&v->differences) - replay_verify_unaccounted(v);
    against_print(v->out, name, &v->differences, &v->extra, "list them with verify --strict");
    against_print_expired(v->out, name, v->counts.expired);
    if (v->incomparable > 0) {
        against_print_prefix(v->out, name);
        fprintf(v->out, "%" PRIu64 " vector set%s compared by type and expiry only\n", v->incomparable,
                text_plural(v->incomparable));
    }
    if (accounted == 0)
        return;
    against_print_prefix(v->out, name);
    fprintf(v->out, "%" PRIu64 " of these are explained by keys that were skipped or failed\n", accounted);
}

void replay_verify_report(struct json *json, const struct replay_verification *v)
{
    if (!v->complete) {
        json_string(json, "verify", NULL);
        return;
    }
    json_object(json, "verify");
    against_report(json, v->live, &v->counts, &v->extra);
    json_number(json, "unexplained", replay_verify_unaccounted(v));
    json_number(json, "incomparable", v->incomparable);
    differences_report(json, &v->differences);
    json_end_object(json);
}
