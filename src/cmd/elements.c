/* SPDX-License-Identifier: MIT */
/* A visitor that splits values into elements, and prints them. */
#include "elements.h"
#include "elements_walk.h"
#include "failure.h"
#include "show.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const rf_slice nothing = {NULL, 0};

/* --- building elements -------------------------------------------------------------------------------- */

rf_code elements_put(struct elements *elements, enum element_kind kind, rf_slice name, rf_slice content,
                     int64_t expire_ms)
{
    const struct element element = {kind, name, content, expire_ms};

    return elements->fn(elements->ctx, &element);
}

FILE *elements_begin(struct elements *elements)
{
    rewind(elements->text);
    return elements->text;
}

size_t elements_named(struct elements *elements)
{
    return (size_t)ftello(elements->text);
}

rf_code elements_put_made(struct elements *elements, enum element_kind kind, size_t name)
{
    const uint8_t *text;

    if (fflush(elements->text) != 0)
        return failure(elements->error, RF_E_MEMORY, "out of memory");
    text = (const uint8_t *)elements->made;
    return elements_put(elements, kind, (rf_slice){text, name},
                        (rf_slice){text + name, elements->size - name}, RF_NO_EXPIRY);
}

rf_code elements_keep(struct elements *elements, char **into)
{
    free(*into);
    *into = fflush(elements->text) == 0 ? strndup(elements->made, elements->size) : NULL;
    return *into ? RF_OK : failure(elements->error, RF_E_MEMORY, "out of memory");
}

/* --- all types except streams ------------------------------------------------------------------------- */

static rf_code put_indexed(struct elements *elements, enum element_kind kind, uint64_t index,
                           rf_slice content)
{
    char name[24];
    int length = snprintf(name, sizeof name, "%" PRIu64, index);

    return elements_put(elements, kind, (rf_slice){(const uint8_t *)name, (size_t)length}, content,
                        RF_NO_EXPIRY);
}

static rf_code put_item(void *ctx, rf_slice item)
{
    struct elements *elements = ctx;

    return put_indexed(elements, ELEMENT_ITEM, elements->index++, item);
}

static rf_code put_member(void *ctx, rf_slice member)
{
    return elements_put(ctx, ELEMENT_MEMBER, member, nothing, RF_NO_EXPIRY);
}

static rf_code put_scored(void *ctx, rf_slice member, double score)
{
    char text[SCORE_TEXT];

    show_score(score, text);
    return elements_put(ctx, ELEMENT_SCORED, member, (rf_slice){(const uint8_t *)text, strlen(text)},
                        RF_NO_EXPIRY);
}

static rf_code put_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    return elements_put(ctx, ELEMENT_FIELD, field, value, expire_ms);
}

static rf_code put_slot(void *ctx, uint64_t index, rf_slice value)
{
    return put_indexed(ctx, ELEMENT_SLOT, index, value);
}

static rf_code put_array(void *ctx, bool has_insert_index, uint64_t insert_index)
{
    struct elements *elements = ctx;

    if (!has_insert_index)
        return RF_OK;
    fprintf(elements_begin(elements), "%" PRIu64, insert_index);
    return elements_put_made(elements, ELEMENT_INSERT_INDEX, 0);
}

static rf_code put_module(void *ctx, const char name[10], uint64_t version)
{
    struct elements *elements = ctx;

    fprintf(elements_begin(elements), "%s, version %" PRIu64, name, version);
    return elements_put_made(elements, ELEMENT_MODULE, 0);
}

static rf_code put_part(void *ctx, const rf_module_part *part)
{
    struct elements *elements = ctx;
    FILE *text = elements_begin(elements);
    size_t name;

    fprintf(text, "%" PRIu64, elements->index++);
    name = elements_named(elements);
    switch (part->kind) {
    case RF_PART_SIGNED: fprintf(text, "%" PRId64, (int64_t)part->number); break;
    case RF_PART_UNSIGNED: fprintf(text, "%" PRIu64 " (unsigned)", part->number); break;
    case RF_PART_FLOAT:
    case RF_PART_DOUBLE:
    case RF_PART_STRING:
        show_bytes(text, part->bytes);
        if (part->kind != RF_PART_STRING)
            fputs(part->kind == RF_PART_FLOAT ? " (float)" : " (double)", text);
        break;
    }
    return elements_put_made(elements, ELEMENT_PART, name);
}

static const rf_visitor visitor = {
    .item = put_item,
    .member = put_member,
    .scored = put_scored,
    .field = put_field,
    .slot = put_slot,
    .array = put_array,
    .stream_entry = elements_stream_entry,
    .stream = elements_stream,
    .group = elements_group,
    .consumer = elements_consumer,
    .pending = elements_pending,
    .unowned = elements_unowned,
    .module = put_module,
    .module_part = put_part,
};

rf_code elements_walk(rf_value *value, element_fn *fn, void *ctx, rf_error *error)
{
    struct elements elements = {.fn = fn, .ctx = ctx, .error = error};
    rf_code code;

    elements.text = open_memstream(&elements.made, &elements.size);
    if (!elements.text)
        return failure(error, RF_E_MEMORY, "out of memory");
    code = rf_value_walk(value, &visitor, &elements, error);
    fclose(elements.text);
    free(elements.made);
    free(elements.group);
    free(elements.consumer);
    return code;
}

/* --- printing ----------------------------------------------------------------------------------------- */

static void print_part(FILE *out, rf_slice part, bool as_text)
{
    enum { SHOWN = 256 };
    bool cut = part.len > SHOWN;

    if (as_text)
        fprintf(out, "%.*s%s", (int)(cut ? SHOWN : part.len), (const char *)part.ptr, cut ? "..." : "");
    else
        show_bytes_cut(out, part, SHOWN);
}

void element_print(FILE *out, const struct element *element)
{
    static const struct {
        const char *word;
        bool has_name, name_is_text, has_content, content_is_text;
    } kinds[] = {
        [ELEMENT_ITEM] = {"item", true, true, true, false},
        [ELEMENT_MEMBER] = {"member", true, false, false, false},
        [ELEMENT_SCORED] = {"member", true, false, true, true},
        [ELEMENT_FIELD] = {"field", true, false, true, false},
        [ELEMENT_INSERT_INDEX] = {"next insert index", false, false, true, true},
        [ELEMENT_SLOT] = {"slot", true, true, true, false},
        [ELEMENT_ENTRY] = {"entry", true, true, true, true},
        [ELEMENT_LAST_ID] = {"last id", false, false, true, true},
        [ELEMENT_DELETED_ID] = {"max deleted id", false, false, true, true},
        [ELEMENT_ADDED] = {"entries added", false, false, true, true},
        [ELEMENT_GROUP] = {"group", true, true, true, true},
        [ELEMENT_CONSUMER] = {"consumer", true, true, false, false},
        [ELEMENT_PENDING] = {"pending", true, true, true, true},
        [ELEMENT_MODULE] = {"module", false, false, true, true},
        [ELEMENT_PART] = {"part", true, true, true, true},
    };
    char expiry[TIME_TEXT];

    fputs(kinds[element->kind].word, out);
    if (kinds[element->kind].has_name) {
        putc(' ', out);
        print_part(out, element->name, kinds[element->kind].name_is_text);
    }
    if (kinds[element->kind].has_content) {
        fputs(": ", out);
        print_part(out, element->content, kinds[element->kind].content_is_text);
    }
    if (element->expire_ms != RF_NO_EXPIRY)
        fprintf(out, ", expires %s", show_time(element->expire_ms, expiry));
}
