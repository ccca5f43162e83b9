/* SPDX-License-Identifier: MIT */
/* The data of a dump besides its keys. */
#include "inspect_beside.h"
#include "text.h"
#include <ctype.h>
#include <string.h>

/* --- function libraries: "#!<engine> name=<name>", then the code -------------------------------------- */

/* Removes and returns the bytes up to `end`; all of the text if `end` does not occur. */
static rf_slice split(rf_slice *text, char end)
{
    const uint8_t *found = text->len > 0 ? memchr(text->ptr, end, text->len) : NULL;
    rf_slice head = {text->ptr, found ? (size_t)(found - text->ptr) : text->len};

    text->ptr += found ? head.len + 1 : head.len;
    text->len -= found ? head.len + 1 : head.len;
    return head;
}

static bool starts_with(rf_slice text, const char *start)
{
    return text.len >= strlen(start) && memcmp(text.ptr, start, strlen(start)) == 0;
}

static void add_library(struct beside *beside, rf_slice code)
{
    struct library *library = &beside->libraries[beside->libraries_kept];
    rf_slice rest = code, line, word;

    beside->library_count++;
    beside->library_bytes += code.len;
    if (beside->libraries_kept == LIBRARIES_KEPT)
        return;
    beside->libraries_kept++;
    library->bytes = code.len;
    line = split(&rest, '\n');
    for (word = split(&line, ' '); word.len > 0 || line.len > 0; word = split(&line, ' ')) {
        if (starts_with(word, "#!"))
            text_escape((rf_slice){word.ptr + 2, word.len - 2}, library->engine, sizeof library->engine);
        if (starts_with(word, "name="))
            text_escape((rf_slice){word.ptr + 5, word.len - 5}, library->name, sizeof library->name);
    }
}

/* --- modules ------------------------------------------------------------------------------------------ */

/* NULL: too many modules. */
static struct module *find_module(struct beside *beside, const char *name)
{
    struct module *module = beside->modules;

    for (size_t i = 0; i < beside->modules_kept; i++, module++)
        if (strcmp(module->name, name) == 0)
            return module;
    if (beside->modules_kept == MODULES_KEPT)
        return NULL;
    beside->modules_kept++;
    strcpy(module->name, name);
    return module;
}

void beside_add_key(struct beside *beside, const char name[10], const rf_measure *measure)
{
    struct module *module = find_module(beside, name);

    beside->module_keys++;
    if (!module)
        return;
    module->keys++;
    module->bytes += measure->stored;
    module->memory += measure->memory;
}

static void add_module_record(struct beside *beside, const rf_entry *entry)
{
    char name[10] = "";
    struct module *module;

    if (entry->name.len < sizeof name && entry->name.len > 0)
        memcpy(name, entry->name.ptr, entry->name.len);
    module = find_module(beside, name);
    beside->module_records++;
    if (!module)
        return;
    module->records++;
    module->record_bytes += entry->text.len;
}

/* --- AUX fields and commands -------------------------------------------------------------------------- */

static void add_aux(struct beside *beside, const struct input *input, const rf_entry *entry)
{
    struct aux_field *field = &beside->aux[beside->aux_kept];

    beside->aux_count++;
    if (beside->aux_kept == AUX_KEPT)
        return;
    beside->aux_kept++;
    field->input = input;
    text_escape(entry->name, field->name, sizeof field->name);
    text_escape(entry->text, field->value, sizeof field->value);
}

static bool add_command(struct beside *beside, const rf_entry *entry)
{
    uint8_t name[SKETCH_NAME_KEPT];
    size_t length = entry->argv[0].len < sizeof name ? entry->argv[0].len : sizeof name;
    uint64_t bytes = 0;

    beside->commands++;
    for (size_t i = 0; i < length; i++)
        name[i] = (uint8_t)tolower(entry->argv[0].ptr[i]);
    for (size_t i = 0; i < entry->argc; i++)
        bytes += entry->argv[i].len;
    return sketch_add(&beside->by_name, (rf_slice){name, length}, bytes);
}

bool beside_add(struct beside *beside, const struct input *input, const rf_entry *entry)
{
    if (entry->kind == RF_ENTRY_AUX)
        add_aux(beside, input, entry);
    if (entry->kind == RF_ENTRY_FUNCTION)
        add_library(beside, entry->text);
    if (entry->kind == RF_ENTRY_MODULE_AUX)
        add_module_record(beside, entry);
    return entry->kind != RF_ENTRY_COMMAND || add_command(beside, entry);
}

void beside_free(struct beside *beside)
{
    sketch_free(&beside->by_name);
}
