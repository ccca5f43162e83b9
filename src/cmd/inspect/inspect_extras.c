/* SPDX-License-Identifier: MIT */
/* The data of a dump besides its keys. */
#include "cmd/inspect/inspect_extras.h"
#include "base/escape.h"
#include <string.h>

/* --- function libraries ------------------------------------------------------------------------------- */

static void add_library(struct extras *extras, rf_slice code)
{
    struct library *library = &extras->libraries[extras->libraries_kept];
    rf_slice engine, name;
    extras->library_count++;
    extras->library_bytes += code.len;
    if (extras->libraries_kept == LIBRARIES_KEPT)
        return;
    extras->libraries_kept++;
    library->bytes = code.len;
    rf_function_header(code, &engine, &name);
    escape_text(engine, library->engine, sizeof library->engine);
    escape_text(name, library->name, sizeof library->name);
}

/* --- modules ------------------------------------------------------------------------------------------ */

/* NULL: too many modules. */
static struct module *find_module(struct extras *extras, const char *name)
{
    struct module *module = extras->modules;
    for (size_t i = 0; i < extras->modules_kept; i++, module++)
        if (strcmp(module->name, name) == 0)
            return module;
    if (extras->modules_kept == MODULES_KEPT)
        return NULL;
    extras->modules_kept++;
    strcpy(module->name, name);
    return module;
}

void extras_add_key(struct extras *extras, const char name[10], uint64_t bytes, uint64_t memory)
{
    struct module *module = find_module(extras, name);
    extras->module_keys++;
    if (!module)
        return;
    module->keys++;
    module->bytes += bytes;
    module->memory += memory;
}

static void add_module_record(struct extras *extras, const rf_entry *entry)
{
    char name[10] = "";
    if (entry->name.len < sizeof name && entry->name.len > 0)
        memcpy(name, entry->name.ptr, entry->name.len);
    struct module *module = find_module(extras, name);
    extras->module_records++;
    if (!module)
        return;
    module->records++;
    module->record_bytes += entry->text.len;
}

/* --- AUX fields --------------------------------------------------------------------------------------- */

static void add_aux(struct extras *extras, const struct input *input, const rf_entry *entry)
{
    struct aux_field *field = &extras->aux[extras->aux_kept];
    extras->aux_count++;
    if (extras->aux_kept == AUX_KEPT)
        return;
    extras->aux_kept++;
    field->input = input;
    escape_text(entry->name, field->name, sizeof field->name);
    escape_text(entry->text, field->value, sizeof field->value);
}

bool extras_add(struct extras *extras, const struct input *input, const rf_entry *entry)
{
    if (entry->kind == RF_ENTRY_AUX)
        add_aux(extras, input, entry);
    if (entry->kind == RF_ENTRY_FUNCTION)
        add_library(extras, entry->text);
    if (entry->kind == RF_ENTRY_MODULE_AUX)
        add_module_record(extras, entry);
    return entry->kind != RF_ENTRY_COMMAND || log_facts_add(&extras->log, input, entry);
}

void extras_free(struct extras *extras)
{
    log_facts_free(&extras->log);
}
