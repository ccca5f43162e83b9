/* SPDX-License-Identifier: MIT */
/* Checks of single entries: are they intact, and would a server load them? Keys are checked on any thread;
 * faults are counted, and records compared, in order. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/verify/verify.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 4, 5))) static rf_error
fault_of(const rf_entry *entry, const struct input *input, rf_code code, const char *format, ...)
{
    rf_error fault = {.code = code, .offset = (int64_t)entry->offset, .file_offset = -1, .db = -1};
    va_list args;

    va_start(args, format);
    vsnprintf(fault.message, sizeof fault.message, format, args);
    va_end(args);
    snprintf(fault.input, sizeof fault.input, "%s", input_name(input));
    if (entry->kind == RF_ENTRY_KEY) {
        fault.db = (int)entry->db;
        escape_name(entry->key, fault.key, sizeof fault.key);
    }
    return fault;
}

/* --- keys --------------------------------------------------------------------------------------------- */

/* What has to be done in order is either done at once, or kept in the journal: what was found of a key is its
 * record or a fault, told apart by their sizes. */
_Static_assert(sizeof(rf_key_record) != sizeof(rf_error), "what was found is told apart by its size");

static rf_code on_record(struct verification *v, const struct verify_keys *keys, const rf_entry *key,
                         const rf_key_record *record, rf_error *error)
{
    if (keys->journal) {
        journal_key(keys->journal, key, slice_of(record, sizeof *record));
        return RF_OK;
    }
    return record->fields_expired && !v->against.live ? RF_OK : against_on_record(v, record, error);
}

static rf_code on_fault(struct verification *v, const struct verify_keys *keys, const rf_entry *key,
                        const rf_error *fault, rf_error *error)
{
    if (!keys->journal)
        return verify_fault(v, v->reading, fault, error);
    journal_key(keys->journal, key, slice_of(fault, sizeof *fault));
    return RF_OK;
}

/* The module must be loaded in the server that loads the data. */
static rf_code note_module(const struct verification *v, struct verify_keys *keys, rf_entry *entry,
                           rf_error *error)
{
    char name[MODULE_NAME];
    TRY(rf_value_module(entry->value, name, error));
    module_names_add(&keys->sums.modules, name);
    if (!rf_server_has_module(v->options->reads, name))
        session_notice(keys->session, RF_NOTICE_MODULE_VALUE, entry, name);
    return RF_OK;
}

/* Redis 8.8 and newer may reject streams whose totals contradict their entries; no Valkey does. */
static bool holds_streams_to_their_totals(rf_server reads)
{
    static const rf_server first = {RF_REDIS, 8, 8};
    return reads.dialect == RF_REDIS && rf_server_at_least(reads, first);
}

static rf_code check_digested(struct verification *v, const struct verify_keys *keys, const rf_entry *entry,
                              const rf_key_digest *digest, rf_error *error)
{
    const rf_server reads = v->options->reads;
    rf_error fault;
    if (digest->elements == 0 && !rf_may_be_empty(entry->type)) {
        fault = fault_of(entry, v->reading, RF_E_CORRUPT, "empty %s (servers drop or reject it)",
                         rf_type_name(entry->type));
        TRY(on_fault(v, keys, entry, &fault, error));
    }
    if (reads.major > 0 && !rf_server_reads(reads, entry->encoding)) {
        fault = fault_of(entry, v->reading, RF_E_INCOMPATIBLE,
                         "value (%s, type %u) not supported by the target version", entry->encoding->name,
                         entry->encoding->number);
        TRY(on_fault(v, keys, entry, &fault, error));
    }
    if (digest->contradiction && holds_streams_to_their_totals(reads)) {
        fault = fault_of(entry, v->reading, RF_E_INCOMPATIBLE,
                         "stream that the target version may reject (%s; convert corrects it)",
                         digest->contradiction);
        TRY(on_fault(v, keys, entry, &fault, error));
    }
    return RF_OK;
}

static bool is_compared(const struct verification *v)
{
    return v->against.compare || v->against.live;
}

/* Without a journal it is in order, else on any thread. Fields that expire are set apart for a comparison.
 * After a damaged value the next entry shows whether the input can be read on. */
static rf_code check_key(struct verification *v, struct verify_keys *keys, rf_entry *entry, rf_error *error)
{
    rf_key_digest digest;
    rf_key_record record;
    rf_error fault;
    if (entry->type == RF_MODULE)
        TRY(note_module(v, keys, entry, error));
    if (v->owners && !keys->journal)
        slot_owners_add(v->owners, v->operand, entry->key);
    if (v->options->against)
        rf_digester_expired(keys->digester, v->against.live ? session_fields_until() : v->session.now);
    if (rf_digest_key(keys->digester, entry, &digest, error) != RF_OK) {
        fault = *error;
        return verify_is_fault(fault.code) ? on_fault(v, keys, entry, &fault, error) : fault.code;
    }
    key_sums_add(&keys->sums, entry, &digest);
    TRY(check_digested(v, keys, entry, &digest, error));
    if (!is_compared(v))
        return RF_OK;
    rf_key_record_of_left(entry, &digest, (uint32_t)(v->reading - v->session.inputs), &record);
    record.published = digest.value;
    return on_record(v, keys, entry, &record, error);
}

/* --- keys in a lane ----------------------------------------------------------------------------------- */

struct part {
    struct session session;
    struct verify_keys keys;
};

static rf_code put(struct lane *lane, rf_entry *key, rf_error *error)
{
    struct part *part = lane->part;
    return check_key(lane->ctx, &part->keys, key, error);
}

static rf_code put_run(struct lane *lane, size_t most, size_t *count, rf_error *error)
{
    struct part *part = lane->part;
    return verify_put_strings(lane->ctx, &part->keys, &lane->cursor, most, count, error);
}

static void clear(struct lane *lane)
{
    struct part *part = lane->part;
    rf_digester_clear(part->keys.digester);
    part->keys.sums = (struct key_sums){0};
}

static rf_code on_key(void *ctx, const rf_entry *key, rf_slice found, uint64_t bytes, rf_error *error)
{
    struct verification *v = ctx;
    rf_key_record record;
    rf_error fault;
    (void)bytes;
    if (v->owners)
        slot_owners_add(v->owners, v->operand, key->key);
    if (found.len == sizeof fault) {
        memcpy(&fault, found.ptr, sizeof fault);
        return on_fault(v, &v->keys, key, &fault, error);
    }
    memcpy(&record, found.ptr, sizeof record);
    record.key = key->key;
    return on_record(v, &v->keys, key, &record, error);
}

static rf_code merge(void *ctx, struct lane *lane, rf_error *error)
{
    struct verification *v = ctx;
    const struct part *part = lane->part;
    key_sums_merge(&v->keys.sums, &part->keys.sums);
    rf_digester_add_to(part->keys.digester, &v->digests.sha256);
    return journal_keys(&lane->journal, on_key, v, error);
}

/* --- other entries ------------------------------------------------------------------------------------ */

static rf_code fault_library(struct verification *v, const struct input *input, const rf_entry *entry,
                             const rf_key_record *record, bool same, rf_error *error)
{
    char name[128];
    rf_error fault;
    escape_name(record->key, name, sizeof name);
    fault = fault_of(entry, input, RF_E_DUPLICATE, "function library '%s' occurs twice%s", name,
                     same ? "" : ", with different code");
    return verify_fault(v, input, &fault, error);
}

static rf_code check_library(struct verification *v, const struct input *input, const rf_entry *entry,
                             rf_error *error)
{
    rf_slice engine, name;
    rf_error fault;
    if (rf_function_header(entry->text, &engine, &name))
        return RF_OK;
    fault = fault_of(entry, input, RF_E_CORRUPT, "function library without an engine and a name");
    return verify_fault(v, input, &fault, error);
}

/* In several inputs, shards of one data set, each shard has the same libraries; they are counted once. */
static rf_code check_function(struct verification *v, const struct input *input, rf_entry *entry,
                              rf_error *error)
{
    rf_key_record record;
    rf_known known;
    rf_code code = rf_collisions_note(v->libraries, entry, true, &known, error);
    if (code != RF_OK || (known == RF_KNOWN_SAME && v->options->own_inputs > 1))
        return code;
    rf_key_record_of(entry, rf_digest_keyed(entry->text), (uint32_t)(input - v->session.inputs), &record);
    record.published = rf_digest_library(entry->text);
    if (known != RF_KNOWN_NOT)
        return fault_library(v, input, entry, &record, known == RF_KNOWN_SAME, error);
    rf_digest_add(&v->digests.published, record.published);
    code = check_library(v, input, entry, error);
    if (code == RF_OK && v->options->digest == DIGEST_SHA256)
        code = rf_lthash_add_library(&v->digests.sha256, entry->text, error);
    return code == RF_OK && is_compared(v) ? against_on_record(v, &record, error) : code;
}

/* The module must be loaded for its AUX records, too. */
static void note_module_aux(struct verification *v, const rf_entry *entry)
{
    char name[MODULE_NAME];
    snprintf(name, sizeof name, "%.*s", (int)entry->name.len, (const char *)entry->name.ptr);
    module_names_add(&v->keys.sums.modules, name);
    session_notice(&v->session, RF_NOTICE_MODULE_AUX, entry, name);
}

static rf_code put_in_order(void *ctx, const struct input *input, rf_entry *entry, rf_error *error)
{
    struct verification *v = ctx;
    switch (entry->kind) {
    case RF_ENTRY_KEY: return check_key(v, &v->keys, entry, error);
    case RF_ENTRY_FUNCTION: return check_function(v, input, entry, error);
    case RF_ENTRY_COMMAND:
        return v->options->digest || v->options->against ? verify_reject_commands(error)
                                                         : verify_command(v, input, entry, error);
    case RF_ENTRY_MODULE_AUX: note_module_aux(v, entry); break;
    case RF_ENTRY_AUX:
    case RF_ENTRY_FOREIGN:
    case RF_ENTRY_FOREIGN_DETAIL:
    case RF_ENTRY_KEY_COUNTS: break;
    }
    return RF_OK;
}

static rf_code put_run_in_order(void *ctx, struct cursor *cursor, size_t *count, rf_error *error)
{
    struct verification *v = ctx;
    *count = 0;
    return cursor->entry.kind == RF_ENTRY_COMMAND
               ? RF_OK
               : verify_put_strings(v, &v->keys, cursor, SIZE_MAX, count, error);
}

/* Damage among commands, after which others follow, is a fault. */
static rf_code read_on(void *ctx, const struct input *input, rf_error *error)
{
    struct verification *v = ctx;
    const rf_error fault = *error;
    return verify_is_fault(fault.code) && verify_damage(v, input) ? verify_fault(v, input, &fault, error)
                                                                  : fault.code;
}

/* --- opening and closing ------------------------------------------------------------------------------ */

/* Digests for the comparison, for output and for reports. */
static unsigned digests_wanted(const struct verification *v)
{
    const struct verify_options *options = v->options;
    unsigned kinds = options->against ? differences_digests(&v->against.differences) : 0;
    if (options->digest == DIGEST_SHA256)
        kinds |= RF_DIGEST_SHA256;
    return options->digest == DIGEST_XXH3 || options->common.report || kinds == 0
               ? kinds | RF_DIGEST_PUBLISHED
               : kinds;
}

rf_code verify_keys_open(struct verify_keys *keys, const struct verification *v, struct session *session,
                         struct journal *journal, rf_error *error)
{
    const unsigned digests = digests_wanted(v);
    *keys = (struct verify_keys){.session = session,
                                 .journal = journal,
                                 .digester = rf_digester_new(digests, true),
                                 .publishes = digests == RF_DIGEST_PUBLISHED};
    return keys->digester ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

void verify_keys_close(struct verify_keys *keys)
{
    rf_digester_free(keys->digester);
}

static rf_code open_part(void *ctx, struct lane *lane, rf_error *error)
{
    struct part *part = lane->part = calloc(1, sizeof *part);
    if (!part)
        return fail(error, RF_E_MEMORY, "out of memory");
    lane->session = &part->session;
    return verify_keys_open(&part->keys, ctx, &part->session, &lane->journal, error);
}

static void close_part(struct lane *lane)
{
    struct part *part = lane->part;
    if (part)
        verify_keys_close(&part->keys);
    free(part);
}

const struct lane_work verify_work = {.open = open_part,
                                      .close = close_part,
                                      .put = put,
                                      .clear = clear,
                                      .merge = merge,
                                      .put_in_order = put_in_order,
                                      .put_run = put_run,
                                      .put_run_in_order = put_run_in_order,
                                      .read_on = read_on};
