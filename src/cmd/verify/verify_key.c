/* SPDX-License-Identifier: MIT */
/* Checks of single entries: are they intact, and would a server load them? */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/verify/verify.h"
#include <stdarg.h>
#include <string.h>

enum { MODULE_NAME = 10 };

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

/* The module must be loaded in the server that loads the data. */
static rf_code note_module(struct verification *v, rf_entry *entry, rf_error *error)
{
    char name[MODULE_NAME];
    TRY(rf_value_module(entry->value, name, error));
    module_names_add(&v->modules, name);
    if (!rf_server_has_module(v->options->reads, name))
        session_notice(&v->session, RF_NOTICE_MODULE_VALUE, entry, name);
    return RF_OK;
}

static void note_record(struct record_key *record, const rf_entry *entry, uint64_t size)
{
    if (size <= record->size)
        return;
    record->size = size;
    record->db = (int)entry->db;
    escape_name(entry->key, record->key, sizeof record->key);
}

/* Redis 8.8 and newer may reject streams whose totals contradict their entries; no Valkey does. */
static bool holds_streams_to_their_totals(rf_server reads)
{
    static const rf_server first = {RF_REDIS, 8, 8};
    return reads.dialect == RF_REDIS && rf_server_at_least(reads, first);
}

static rf_code check_digested(struct verification *v, const struct input *input, const rf_entry *entry,
                              const rf_key_digest *digest, rf_error *error)
{
    rf_server reads = v->options->reads;
    rf_code code = RF_OK;
    rf_error fault;
    if (digest->elements == 0 && !rf_may_be_empty(entry->type)) {
        fault = fault_of(entry, input, RF_E_CORRUPT, "empty %s (servers drop or reject it)",
                         rf_type_name(entry->type));
        code = verify_fault(v, input, &fault, error);
    }
    if (code == RF_OK && reads.major > 0 && !rf_server_reads(reads, entry->encoding)) {
        fault = fault_of(entry, input, RF_E_INCOMPATIBLE,
                         "value (%s, type %u) not supported by the target version", entry->encoding->name,
                         entry->encoding->number);
        code = verify_fault(v, input, &fault, error);
    }
    if (code == RF_OK && digest->contradiction && holds_streams_to_their_totals(reads)) {
        fault = fault_of(entry, input, RF_E_INCOMPATIBLE,
                         "stream that the target version may reject (%s; convert corrects it)",
                         digest->contradiction);
        code = verify_fault(v, input, &fault, error);
    }
    return code;
}

static rf_code on_digest(struct verification *v, const rf_entry *key, const rf_key_digest *digest,
                         rf_error *error)
{
    rf_key_record record;
    rf_code code = check_digested(v, v->reading, key, digest, error);
    rf_digest_add(&v->digests.published, digest->key);
    note_record(&v->totals.largest, key, digest->bytes);
    note_record(&v->totals.longest, key, digest->elements);
    if (code != RF_OK || (!v->against.compare && !v->against.live))
        return code;
    rf_key_record_of_left(key, digest, (uint32_t)(v->reading - v->session.inputs), &record);
    record.published = digest->value;
    return record.fields_expired && v->options->against && !v->against.live
               ? RF_OK
               : against_on_record(v, &record, error);
}

/* After a damaged value the next entry shows whether the input can be read on. */
rf_code verify_on_digest(void *ctx, const rf_entry *key, const rf_key_digest *digest, const rf_error *fault,
                         rf_error *error)
{
    struct verification *v = ctx;
    if (digest)
        return on_digest(v, key, digest, error);
    if (verify_is_fault(fault->code))
        return verify_fault(v, v->reading, fault, error);
    *error = *fault;
    return error->code;
}

static rf_code check_key(struct verification *v, rf_entry *entry, rf_error *error)
{
    if (entry->type == RF_MODULE)
        TRY(note_module(v, entry, error));
    if (v->owners)
        slot_owners_add(v->owners, v->operand, entry->key);
    if (v->options->against)
        rf_digest_pool_expired(v->pool, v->against.live ? session_fields_until() : v->session.now);
    return rf_digest_pool_put(v->pool, entry, error);
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
    return code == RF_OK && (v->against.compare || v->against.live) ? against_on_record(v, &record, error)
                                                                    : code;
}

/* The module must be loaded for its AUX records, too. */
static void note_module_aux(struct verification *v, const rf_entry *entry)
{
    char name[MODULE_NAME];
    snprintf(name, sizeof name, "%.*s", (int)entry->name.len, (const char *)entry->name.ptr);
    module_names_add(&v->modules, name);
    session_notice(&v->session, RF_NOTICE_MODULE_AUX, entry, name);
}

rf_code verify_entry(struct verification *v, rf_entry *entry, rf_error *error)
{
    switch (entry->kind) {
    case RF_ENTRY_KEY: return check_key(v, entry, error);
    case RF_ENTRY_FUNCTION: return check_function(v, v->reading, entry, error);
    case RF_ENTRY_COMMAND:
        return v->options->digest || v->options->against ? verify_reject_commands(error)
                                                         : verify_command(v, v->reading, entry, error);
    case RF_ENTRY_MODULE_AUX: note_module_aux(v, entry); break;
    case RF_ENTRY_AUX:
    case RF_ENTRY_FOREIGN:
    case RF_ENTRY_FOREIGN_DETAIL:
    case RF_ENTRY_KEY_COUNTS: break;
    }
    return RF_OK;
}
