/* SPDX-License-Identifier: MIT */
/* Compares the data with another input, or with a live target; or finds duplicate keys within it. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/compare/against.h"
#include "cmd/compare/digest_lane.h"
#include "cmd/verify/verify.h"

/* --- differences and duplicate keys ------------------------------------------------------------------- */

static rf_code on_duplicate(struct verification *v, const rf_difference *difference, rf_error *error)
{
    const rf_key_record *second = difference->after;
    const struct input *first = &v->session.inputs[difference->before->input];
    rf_error fault = {
        .code = RF_E_DUPLICATE, .offset = (int64_t)second->offset, .file_offset = -1, .db = (int)second->db};
    const size_t border = v->options->common.operand_ends[0];
    v->shared += difference->before->input < border && second->input >= border;
    escape_name(second->key, fault.key, sizeof fault.key);
    snprintf(fault.message, sizeof fault.message, "duplicate (first at offset 0x%llx of %.200s)",
             (unsigned long long)difference->before->offset, input_name(first));
    return verify_fault(v, &v->session.inputs[second->input], &fault, error);
}

static rf_code on_difference(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct verification *v = ctx;
    if (difference->kind == RF_DUPLICATE && difference->after->input < v->options->own_inputs)
        return on_duplicate(v, difference, error);
    return differences_add(&v->against.differences, difference, error);
}

/* Extra keys are differences with --strict; duplicate keys in several inputs are always faults. */
static rf_code on_extra(void *ctx, const rf_difference *difference, rf_error *error)
{
    const struct verification *v = ctx;
    bool is_reported = v->options->strict || (difference->kind == RF_DUPLICATE && v->options->own_inputs > 1);
    return is_reported ? on_difference(ctx, difference, error) : RF_OK;
}

/* --- opening ------------------------------------------------------------------------------------------ */

static rf_code open_compare(struct verification *v, bool one_set, rf_error *error)
{
    const rf_compare_options options = {
        .memory = v->options->memory,
        .expiry_tolerance_ms = v->options->ttl_tolerance_ms,
        .one_set = one_set,
        .fn = on_difference,
        .ctx = v,
    };
    session_detail_memory(options.memory);
    return rf_compare_open(&options, &v->against.compare, error);
}

static rf_code open_target(struct verification *v, rf_error *error)
{
    const rf_live_options options = {
        .expiry_tolerance_ms = v->options->ttl_tolerance_ms,
        .published = v->against.differences.keep,
        .fn = on_difference,
        .ctx = v,
    };
    TRY(rf_live_open(&v->options->target, &options, &v->against.live, error));
    against_detail(v->against.live);
    progress_waits_for(&v->session.progress, "waiting for the target");
    v->against.extra = (struct extra_keys){
        .session = &v->session,
        .memory = v->options->memory,
        .libraries = v->options->strict,
        .required = v->options->strict,
        .differ = on_extra,
        .ctx = v,
    };
    return extra_keys_open(&v->against.extra, error);
}

rf_code against_open(struct verification *v, rf_error *error)
{
    const struct verify_options *options = v->options;
    v->against.differences = (struct differences){
        .out = v->out,
        .limit = options->limit,
        .expiry_tolerance_ms = options->ttl_tolerance_ms,
        .inputs = v->session.inputs,
        .input_count = v->session.input_count,
        .elsewhere = "the target",
        .keep = options->common.report || options->junit,
    };
    if (options->against_target)
        return open_target(v, error);
    if (options->against)
        return open_compare(v, false, error);
    if (options->own_inputs > 1 || options->strict)
        return open_compare(v, true, error);
    return RF_OK;
}

rf_code against_on_record(struct verification *v, const rf_key_record *record, rf_error *error)
{
    if (!v->against.live)
        return rf_compare_add_before(v->against.compare, record, error);
    TRY(extra_keys_note(&v->against.extra, record, error));
    return rf_live_check(v->against.live, record, error);
}

/* --- the other input ---------------------------------------------------------------------------------- */

struct other {
    struct verification *v;
    rf_collisions *libraries;
};

static rf_code add_key(void *ctx, const rf_key_record *record, rf_error *error)
{
    const struct other *other = ctx;
    return rf_compare_add_after(other->v->against.compare, record, error);
}

/* A function library; those of several nodes are the same. */
static rf_code add_library(void *ctx, size_t input, const rf_entry *entry, rf_error *error)
{
    const struct other *other = ctx;
    rf_key_record record;
    rf_known known = RF_KNOWN_NOT;
    if (entry->kind == RF_ENTRY_COMMAND)
        return verify_reject_commands(error);
    if (entry->kind != RF_ENTRY_FUNCTION)
        return RF_OK;
    TRY(rf_collisions_note(other->libraries, entry, true, &known, error));
    if (known == RF_KNOWN_SAME)
        return RF_OK;
    rf_key_record_of(entry, rf_digest_keyed(entry->text), (uint32_t)input, &record);
    record.published = rf_digest_library(entry->text);
    return rf_compare_add_after(other->v->against.compare, &record, error);
}

static rf_code read_other(struct other *other, struct digest_work *work, rf_error *error)
{
    struct session *session = &other->v->session;
    struct cursor cursor;
    if (!other->libraries)
        return fail(error, RF_E_MEMORY, "out of memory");
    cursor_open(&cursor, session, other->v->options->own_inputs, session->input_count);
    return cursor_close(&cursor, digest_work_run(work, &cursor, error), error);
}

/* Counts of the other input are not those of the verified data. */
static rf_code compare_other(struct verification *v, rf_error *error)
{
    struct session *session = &v->session;
    const struct stats own = session->stats;
    struct other other = {.v = v, .libraries = rf_collisions_new(0)};
    struct digest_work work = {.kinds = differences_digests(&v->against.differences),
                               .session = session,
                               .on_key = add_key,
                               .on_other = add_library,
                               .ctx = &other};
    session->stats = (struct stats){0};
    session->read.resume = false;                    /* a damaged value ends the comparison */
    session->read.raw_from = v->options->own_inputs; /* compared with the rewritten keys */
    rf_code code = read_other(&other, &work, error);
    stats_free(&session->stats);
    session->stats = own;
    rf_collisions_free(other.libraries);
    return code;
}

/* --- end ---------------------------------------------------------------------------------------------- */

rf_code against_finish(struct verification *v, rf_error *error)
{
    if (v->against.live) {
        TRY(rf_live_finish(v->against.live, &v->against.live_counts, error));
        TRY(extra_keys_find(&v->against.extra, v->against.live, error));
    } else if (v->options->against) {
        TRY(compare_other(v, error));
    }
    return v->against.compare ? rf_compare_finish(v->against.compare, error) : RF_OK;
}
