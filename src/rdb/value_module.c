/* SPDX-License-Identifier: MIT */
/* Module values: an ID, then (opcode, value) pairs up to a 0. Only the module can interpret them; they can be
 * skipped, copied, and reported one by one.
 *
 *   id: nine 6-bit letters, the first in the highest bits, then 10 bits of encoding version
 *   items:  1 SINT len   2 UINT len   3 FLOAT 4 bytes   4 DOUBLE 8 bytes   5 STRING string   0 end
 *
 * (Valkey src/rdb.c: rdbLoadCheckModuleValue, src/module.c: moduleTypeNameByID) */
#include "rdb/value_module.h"

#include "rdb/rdb_read.h"
#include "rdb/vector_set.h"
#include <stdio.h>

void module_name(uint64_t id, char name[10])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < 9; i++)
        name[i] = letters[id >> (58 - 6 * i) & 63];
    name[9] = '\0';
}

const char *module_aux_text(const rf_entry *entry, char text[MODULE_AUX_TEXT])
{
    snprintf(text, MODULE_AUX_TEXT, "auxiliary data of module '%.*s'", (int)entry->name.len,
             (const char *)entry->name.ptr);
    return text;
}

bool rf_server_has_module(rf_server server, const char *module)
{
    return strcmp(module, "vectorset") == 0 && server.dialect == RF_REDIS && server.major >= 8;
}

bool value_module_fits(const struct rf_value *value, rf_server target, const char name[10])
{
    if (target.dialect == RF_DRAGONFLY)
        return strcmp(name, "ReJSON-RL") == 0;
    return !value->info || !rf_server_has_module(value->info->writer, name) ||
           rf_server_has_module(target, name);
}

const char *value_module_lacking(rf_server target)
{
    return target.dialect == RF_DRAGONFLY ? "a module value other than JSON" : "a vector set";
}

enum { END, SINT = RF_PART_SIGNED, UINT, FLOAT, DOUBLE, STRING };

_Static_assert((int)STRING == (int)RF_PART_STRING, "an item's opcode is the kind of its part");

static rf_code unknown_item(struct window *w, uint64_t opcode)
{
    return window_fail(w, RF_E_CORRUPT, "module value: unknown item kind %llu", (unsigned long long)opcode);
}

rf_code module_skip_items(struct window *w)
{
    for (;;) {
        uint64_t opcode, n;
        window_release(w);
        TRY(rdb_length(w, &opcode));
        switch (opcode) {
        case END: return RF_OK;
        case SINT:
        case UINT: TRY(rdb_length(w, &n)); break;
        case FLOAT: TRY(window_skip(w, 4)); break;
        case DOUBLE: TRY(window_skip(w, 8)); break;
        case STRING: TRY(rdb_skip_string(w)); break;
        default: return unknown_item(w, opcode);
        }
    }
}

/* len count, then for each: a class of 4 bytes, module items. */
rf_code module_skip_key_metadata(struct window *w)
{
    uint64_t n;
    TRY(rdb_length(w, &n));
    for (; n > 0; n--) {
        TRY(window_skip(w, 4));
        TRY(module_skip_items(w));
    }
    return RF_OK;
}

static rf_code raw_bytes(struct window *w, size_t n, rf_slice *out)
{
    TRY(window_need(w, n));
    *out = (rf_slice){w->pos, n};
    w->pos += n;
    return RF_OK;
}

/* `set`: NULL if it is none. */
static rf_code emit_items(struct walk *k, struct vector_set *set)
{
    for (;;) {
        uint64_t opcode;
        rf_module_part part = {0};
        window_release(k->w);
        TRY(rdb_length(k->w, &opcode));
        switch (opcode) {
        case END: return RF_OK;
        case SINT:
        case UINT: TRY(rdb_length(k->w, &part.number)); break;
        case FLOAT: TRY(raw_bytes(k->w, 4, &part.bytes)); break;
        case DOUBLE: TRY(raw_bytes(k->w, 8, &part.bytes)); break;
        case STRING: TRY(rdb_string(k->w, &part.bytes)); break;
        default: return unknown_item(k->w, opcode);
        }
        part.kind = (rf_part_kind)opcode;
        if (set)
            TRY(vector_set_item(set, k, &part));
        TRY(VISIT(k, module_part, &part));
    }
}

/* Of the module that the writer has built in; others may have one of that name. */
static bool is_vector_set(const struct walk *k, const char *name, uint64_t version)
{
    const rf_reader_info *info = k->value->info;
    return version == 0 && strcmp(name, "vectorset") == 0 && info && rf_server_has_module(info->writer, name);
}

rf_code walk_module(struct walk *k)
{
    struct vector_set set = {0};
    uint64_t id, version;
    char name[10];
    TRY(rdb_length(k->w, &id));
    if (!k->visitor)
        return module_skip_items(k->w);
    module_name(id, name);
    version = id & 1023;
    TRY(VISIT(k, module, name, version));
    if (!is_vector_set(k, name, version))
        return k->visitor->module_part ? emit_items(k, NULL) : module_skip_items(k->w);
    TRY(emit_items(k, &set));
    return vector_set_end(&set, k);
}
