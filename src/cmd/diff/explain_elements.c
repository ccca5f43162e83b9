/* SPDX-License-Identifier: MIT */
/* Finds the elements of two values that differ. Names and digests of all elements go into a comparison, which
 * returns the indexes of those that differ; a second walk over each value prints them, one per line:
 *
 *     - field 'a': '1'
 *     + field 'a': '2'
 *     + field 'b': 'new'
 *
 * The name of a list item is its index, so that all items after an inserted one may differ: only the first
 * item that differs is shown. The time when a consumer was last seen is not compared. */
#include "base/fail.h"
#include "cmd/diff/explain.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NO_ELEMENT UINT64_MAX

/* An element that has changed, or exists on one side only. */
struct change {
    uint64_t number[2]; /* of the element before and after; NO_ELEMENT: does not exist */
    char *line[2];
};

struct changes {
    struct change *all;
    size_t count, cap;
    uint64_t limit;  /* that are kept; 0: all */
    bool first_only; /* of them all, the one with the lowest number */
    uint64_t total;
};

/* A walk over the elements of one value. They are added to a comparison, or those that have changed get
 * lines. */
struct walk {
    rf_compare *compare; /* NULL: lines are made */
    struct changes *changes;
    size_t next;   /* change to get its line; they are in the order of this side's numbers */
    unsigned side; /* 0: before, 1: after */
    uint64_t number;
    FILE *text; /* the element's line */
    char *line;
    size_t size;
    char *group, *consumer; /* of a stream, as they are shown; NULL: none yet */
    rf_error *error;
};

/* --- elements --------------------------------------------------------------------------------------- */

enum { SHOWN = 256 }; /* bytes of a name or of its value */

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

/* Replaces *into by a copy of the line so far, which the caller frees. */
static rf_code keep(struct walk *walk, char **into)
{
    free(*into);
    *into = fflush(walk->text) == 0 ? strndup(walk->line, walk->size) : NULL;
    return *into ? RF_OK : out_of_memory(walk->error);
}

static FILE *begin(struct walk *walk, const char *word)
{
    rewind(walk->text);
    fputs(word, walk->text);
    return walk->text;
}

static FILE *begin_named(struct walk *walk, const char *word, rf_slice name)
{
    print_bytes_cut(begin(walk, word), name, SHOWN);
    return walk->text;
}

static rf_code put(struct walk *walk, rf_slice name, rf_slice content, int64_t expire_ms)
{
    const rf_key_record record = {
        .key = name,
        .value = rf_digest_keyed(content),
        .expire_ms = expire_ms,
        .input = walk->side,
        .offset = walk->number++,
    };
    struct changes *changes = walk->changes;
    if (walk->compare)
        return walk->side ? rf_compare_add_after(walk->compare, &record, walk->error)
                          : rf_compare_add_before(walk->compare, &record, walk->error);
    if (walk->next == changes->count || changes->all[walk->next].number[walk->side] != record.offset)
        return RF_OK;
    return keep(walk, &changes->all[walk->next++].line[walk->side]);
}

/* The line's name ends here. */
static size_t end_name(struct walk *walk)
{
    size_t name = (size_t)ftello(walk->text);
    fputs(": ", walk->text);
    return name;
}

/* Adds an element that the line describes completely; the first `name` bytes are its name. */
static rf_code put_line(struct walk *walk, size_t name)
{
    if (!walk->compare && (size_t)ftello(walk->text) > name + SHOWN) {
        fseeko(walk->text, (off_t)(name + SHOWN), SEEK_SET);
        fputs("...", walk->text);
    }
    if (fflush(walk->text) != 0)
        return out_of_memory(walk->error);
    const uint8_t *line = (const uint8_t *)walk->line;
    return put(walk, (rf_slice){line, name}, (rf_slice){line + name, walk->size - name}, RF_NO_EXPIRY);
}

/* --- all types but streams -------------------------------------------------------------------------- */

static rf_code put_indexed(struct walk *walk, const char *word, uint64_t index, rf_slice content)
{
    fprintf(begin(walk, word), "%" PRIu64 ": ", index);
    print_bytes_cut(walk->text, content, SHOWN);
    return put(walk, (rf_slice){(const uint8_t *)&index, sizeof index}, content, RF_NO_EXPIRY);
}

static rf_code put_item(void *ctx, rf_slice item)
{
    return put_indexed(ctx, "item ", ((const struct walk *)ctx)->number, item);
}

static void print_expiry(FILE *text, int64_t expire_ms)
{
    char expiry[TIME_TEXT];
    if (expire_ms != RF_NO_EXPIRY)
        fprintf(text, ", expires %s", format_time(expire_ms, expiry));
}

static rf_code put_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    print_expiry(begin_named(ctx, "member ", member), expire_ms);
    return put(ctx, member, (rf_slice){NULL, 0}, expire_ms);
}

static rf_code put_scored(void *ctx, rf_slice member, double score)
{
    char text[SCORE_TEXT];
    fprintf(begin_named(ctx, "member ", member), ": %s", format_score(score, text));
    return put(ctx, member, (rf_slice){(const uint8_t *)text, strlen(text)}, RF_NO_EXPIRY);
}

static rf_code put_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    FILE *text = begin_named(ctx, "field ", field);
    fputs(": ", text);
    print_bytes_cut(text, value, SHOWN);
    print_expiry(text, expire_ms);
    return put(ctx, field, value, expire_ms);
}

static rf_code put_slot(void *ctx, uint64_t index, rf_slice value)
{
    return put_indexed(ctx, "slot ", index, value);
}

/* "path 'a' field 'b': 'value'" */
static rf_code put_path_field(void *ctx, rf_slice path, rf_slice field, rf_slice value)
{
    struct walk *walk = ctx;
    print_bytes(begin(walk, "path "), path);
    fputs(" field ", walk->text);
    print_bytes(walk->text, field);
    size_t name = end_name(walk);
    print_bytes(walk->text, value);
    return put_line(walk, name);
}

static rf_code put_number(struct walk *walk, const char *name, uint64_t number)
{
    fprintf(begin(walk, name), ": %" PRIu64, number);
    return put_line(walk, strlen(name));
}

static rf_code put_array(void *ctx, bool has_insert_index, uint64_t insert_index)
{
    return has_insert_index ? put_number(ctx, "next insert index", insert_index) : RF_OK;
}

static rf_code put_module(void *ctx, const char name[10], uint64_t version)
{
    fprintf(begin(ctx, "module"), ": %s, version %" PRIu64, name, version);
    return put_line(ctx, strlen("module"));
}

static rf_code put_part(void *ctx, const rf_module_part *part)
{
    static const char *const kinds[] = {[RF_PART_UNSIGNED] = " (unsigned)",
                                        [RF_PART_FLOAT] = " (float)",
                                        [RF_PART_DOUBLE] = " (double)",
                                        [RF_PART_STRING] = ""};
    struct walk *walk = ctx;
    size_t name;
    fprintf(begin(walk, "part "), "%" PRIu64, walk->number - 1); /* the module's name is number 0 */
    name = end_name(walk);
    if (part->kind == RF_PART_SIGNED)
        fprintf(walk->text, "%" PRId64, (int64_t)part->number);
    else if (part->kind == RF_PART_UNSIGNED)
        fprintf(walk->text, "%" PRIu64, part->number);
    else
        print_bytes(walk->text, part->bytes);
    if (part->kind != RF_PART_SIGNED)
        fputs(kinds[part->kind], walk->text);
    return put_line(walk, name);
}

/* --- streams ---------------------------------------------------------------------------------------- */

static void print_id(FILE *out, rf_stream_id id)
{
    fprintf(out, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
}

static rf_code put_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    struct walk *walk = ctx;
    print_id(begin(walk, "entry "), id);
    size_t name = end_name(walk);
    for (size_t i = 0; i < 2 * pairs; i++) {
        if (i > 0)
            putc(' ', walk->text);
        print_bytes(walk->text, fields_values[i]);
    }
    return put_line(walk, name);
}

static rf_code put_id(struct walk *walk, const char *name, rf_stream_id id)
{
    fprintf(begin(walk, name), ": ");
    print_id(walk->text, id);
    return put_line(walk, strlen(name));
}

static rf_code put_stream(void *ctx, const rf_stream *stream)
{
    uint64_t added = stream->entries_added > stream->length ? stream->entries_added : stream->length;
    TRY(put_id(ctx, "last id", stream->last_id));
    TRY(put_id(ctx, "max deleted id", stream->max_deleted_id));
    return put_number(ctx, "entries added", added);
}

static rf_code put_group(void *ctx, const rf_group *group)
{
    struct walk *walk = ctx;
    print_bytes(begin(walk, "group "), group->name);
    TRY(keep(walk, &walk->group));
    size_t name = end_name(walk);
    fputs("last id ", walk->text);
    print_id(walk->text, group->last_id);
    if (group->entries_read >= 0)
        fprintf(walk->text, ", entries read %" PRId64, group->entries_read);
    return put_line(walk, name);
}

static rf_code put_consumer(void *ctx, const rf_consumer *consumer)
{
    struct walk *walk = ctx;
    print_bytes(begin(walk, "consumer "), consumer->name);
    TRY(keep(walk, &walk->consumer));
    fprintf(walk->text, " of %s", walk->group);
    return put_line(walk, (size_t)ftello(walk->text));
}

static rf_code put_owned(struct walk *walk, const rf_pending *pending, const char *owner)
{
    print_id(begin(walk, "pending "), pending->id);
    fprintf(walk->text, " of %s", walk->group);
    size_t name = end_name(walk);
    char delivered[TIME_TEXT];
    fprintf(walk->text, "of %s, delivered %s, count %" PRIu64, owner,
            format_time(pending->delivered_ms, delivered), pending->delivery_count);
    return put_line(walk, name);
}

static rf_code put_pending(void *ctx, const rf_pending *pending)
{
    return put_owned(ctx, pending, ((const struct walk *)ctx)->consumer);
}

static rf_code put_unowned(void *ctx, const rf_pending *pending)
{
    return put_owned(ctx, pending, "no consumer");
}

/* --- finding changes -------------------------------------------------------------------------------- */

static rf_code walk_value(rf_value *value, struct walk walk)
{
    static const rf_visitor visitor = {
        .item = put_item,
        .member = put_member,
        .scored = put_scored,
        .field = put_field,
        .slot = put_slot,
        .array = put_array,
        .path_field = put_path_field,
        .stream_entry = put_entry,
        .stream = put_stream,
        .group = put_group,
        .consumer = put_consumer,
        .pending = put_pending,
        .unowned = put_unowned,
        .module = put_module,
        .module_part = put_part,
    };
    walk.text = open_memstream(&walk.line, &walk.size);
    if (!walk.text)
        return out_of_memory(walk.error);
    rf_code code = rf_value_walk(value, &visitor, &walk, walk.error);
    fclose(walk.text);
    free(walk.line);
    free(walk.group);
    free(walk.consumer);
    return code;
}

/* A name that occurs twice on one side counts for that side only. */
static struct change change_of(const rf_difference *difference)
{
    struct change change = {{NO_ELEMENT, NO_ELEMENT}, {NULL, NULL}};
    if (difference->kind == RF_DUPLICATE) {
        change.number[difference->after->input] = difference->after->offset;
        return change;
    }
    if (difference->before)
        change.number[0] = difference->before->offset;
    if (difference->after)
        change.number[1] = difference->after->offset;
    return change;
}

static uint64_t first_number(const struct change *change)
{
    return change->number[0] < change->number[1] ? change->number[0] : change->number[1];
}

static rf_code on_change(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct changes *changes = ctx;
    struct change change = change_of(difference);
    changes->total++;
    if (changes->first_only && changes->count > 0) {
        if (first_number(&change) < first_number(changes->all))
            *changes->all = change;
        return RF_OK;
    }
    if (changes->limit && changes->count >= changes->limit)
        return RF_OK;
    if (changes->count == changes->cap) {
        size_t cap = changes->cap ? 2 * changes->cap : 64;
        struct change *all = realloc(changes->all, cap * sizeof *all);
        if (!all)
            return out_of_memory(error);
        changes->all = all;
        changes->cap = cap;
    }
    changes->all[changes->count++] = change;
    return RF_OK;
}

static rf_code find_changes(rf_value *const values[2], uint64_t memory, struct changes *changes,
                            rf_error *error)
{
    const rf_compare_options options = {.memory = memory, .fn = on_change, .ctx = changes};
    rf_compare *compare;
    rf_code code = rf_compare_open(&options, &compare, error);
    for (unsigned side = 0; side < 2 && code == RF_OK; side++)
        code = walk_value(values[side], (struct walk){.compare = compare, .side = side, .error = error});
    if (code == RF_OK)
        code = rf_compare_finish(compare, error);
    rf_compare_close(compare);
    return code;
}

/* --- their lines ------------------------------------------------------------------------------------ */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_number_after(const void *a, const void *b)
{
    return compare_numbers(((const struct change *)a)->number[1], ((const struct change *)b)->number[1]);
}

/* Elements that exist only after come last. */
static int by_number_before(const void *a, const void *b)
{
    int order = compare_numbers(((const struct change *)a)->number[0], ((const struct change *)b)->number[0]);
    return order ? order : by_number_after(a, b);
}

static rf_code make_lines(rf_value *const values[2], struct changes *changes, rf_error *error)
{
    static int (*const orders[])(const void *, const void *) = {by_number_before, by_number_after};
    for (unsigned side = 2; side-- > 0;) {
        if (changes->count > 0)
            qsort(changes->all, changes->count, sizeof *changes->all, orders[side]);
        TRY(walk_value(values[side], (struct walk){.changes = changes, .side = side, .error = error}));
    }
    return RF_OK;
}

static void print_changes(const struct changes *changes)
{
    if (changes->first_only && changes->count > 0)
        printf("    the same up to item %" PRIu64 "\n", first_number(changes->all));
    for (size_t i = 0; i < changes->count; i++)
        for (unsigned side = 0; side < 2; side++) {
            const char *line = changes->all[i].line[side];
            if (line)
                printf("    %c %s\n", "-+"[side], line);
        }
    if (changes->count < changes->total && !changes->first_only)
        printf("    ... %" PRIu64 " more; --limit 0 shows all\n", changes->total - changes->count);
}

rf_code explain_elements(const struct explanation *explanation, rf_type type, rf_value *const values[2],
                         rf_error *error)
{
    struct changes changes = {.limit = explanation->limit, .first_only = type == RF_LIST};
    rf_code code = find_changes(values, explanation->memory, &changes, error);
    if (code == RF_OK)
        code = make_lines(values, &changes, error);
    if (code == RF_OK)
        print_changes(&changes);
    for (size_t i = 0; i < changes.count; i++) {
        free(changes.all[i].line[0]);
        free(changes.all[i].line[1]);
    }
    free(changes.all);
    return code;
}
