/* SPDX-License-Identifier: MIT */
/* Finds the key in both data sets, prints its line, and compares two strings:
 *
 *     ~ db 0   string   'greeting': value
 *         11 -> 12 bytes, equal up to byte 6
 *         - 'hello world'
 *         + 'hello, world' */
#include "cmd/diff/explain.h"
#include "base/fail.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { METADATA_SHOWN = 64 };

/* --- finding the key ---------------------------------------------------------------------------------- */

struct side {
    size_t from, to;     /* a range of the session's inputs */
    struct input *input; /* NULL: the key was not found; otherwise open, positioned at the key */
    rf_entry entry;
    rf_key_digest digest;
    rf_key_record record;
    bool elsewhere; /* a key of this name is in another database: */
    int64_t elsewhere_db;
};

static bool has_name(const struct explanation *e, const rf_entry *entry)
{
    return entry->kind == RF_ENTRY_KEY && entry->key.len == e->key.len &&
           (e->key.len == 0 || memcmp(entry->key.ptr, e->key.ptr, e->key.len) == 0);
}

static void note_elsewhere(struct side *side, const rf_entry *entry)
{
    if (side->elsewhere && side->elsewhere_db <= entry->db)
        return;
    side->elsewhere = true;
    side->elsewhere_db = entry->db;
}

rf_code refuse_commands(rf_error *error)
{
    return fail(error, RF_E_UNSUPPORTED, "AOF commands cannot be compared: use --server to evaluate them");
}

/* The value is held from here on. */
static rf_code hold(const struct explanation *e, struct side *side, rf_error *error)
{
    TRY(rf_value_hold(side->entry.value, NULL, error));
    TRY(rf_digest_key(e->digester, &side->entry, &side->digest, error));
    rf_key_record_of(&side->entry, side->digest.keyed, (uint32_t)(side->input - e->session->inputs),
                     &side->record);
    side->record.published = side->digest.value;
    return RF_OK;
}

/* Reads up to the key, which is RF_OK, or to the end, RF_END; a side that already has the key is read to the
 * end. */
static rf_code read_on(const struct explanation *e, struct input *input, struct side *side, rf_error *error)
{
    rf_entry entry;
    rf_code code;
    while ((code = rf_reader_next(input->reader, &entry, error)) == RF_OK) {
        if (entry.kind == RF_ENTRY_COMMAND)
            return refuse_commands(error);
        if (side->input || !has_name(e, &entry))
            continue;
        if (entry.db != e->db) {
            note_elsewhere(side, &entry);
            continue;
        }
        side->input = input;
        side->entry = entry;
        return hold(e, side, error);
    }
    return code;
}

static rf_code open_and_read(const struct explanation *e, struct input *input, struct side *side,
                             rf_error *error)
{
    struct session *session = e->session;
    TRY(rf_files_capture(input->files, input->number, error)); /* it stays open while others are read */
    TRY(input_open(input, false, notices_listener(&session->notices), error));
    progress_enter(&session->progress, input->reader);
    rf_code code = read_on(e, input, side, error);
    progress_leave(&session->progress);
    return code;
}

/* An input that is already open is read from its current position. */
static rf_code search(const struct explanation *e, struct input *input, struct side *side, rf_error *error)
{
    e->session->notices.input = input_name(input);
    rf_code code = input->reader ? read_on(e, input, side, error) : open_and_read(e, input, side, error);
    if (code == RF_E_READ || code == RF_E_TRUNCATED)
        code = input_blame(input, error);
    if ((rf_code_is_input(code) || code == RF_E_INCOMPATIBLE) && !*error->input)
        snprintf(error->input, sizeof error->input, "%s", input_name(input));
    return code == RF_END ? RF_OK : code;
}

static rf_code find(const struct explanation *e, struct side *side, rf_error *error)
{
    for (size_t i = side->from; i < side->to && !side->input; i++)
        TRY(search(e, &e->session->inputs[i], side, error));
    return RF_OK;
}

/* The entries after the key must not be commands, which could change it. */
static rf_code read_rest(const struct explanation *e, struct side *side, rf_error *error)
{
    if (!side->input)
        return RF_OK;
    for (struct input *input = side->input; input < e->session->inputs + side->to; input++)
        TRY(search(e, input, side, error));
    return RF_OK;
}

/* --- two strings -------------------------------------------------------------------------------------- */

struct strings {
    const struct side *after;
    rf_slice before;
    rf_error *error;
};

/* Prints the bytes from slightly before `at`. */
static void print_around(char sign, rf_slice text, size_t at)
{
    enum { BEFORE = 16, SHOWN = 64 };
    size_t from = at > BEFORE ? at - BEFORE : 0;
    printf("    %c %s", sign, from > 0 ? "..." : "");
    print_bytes_cut(stdout, (rf_slice){text.ptr + from, text.len - from}, SHOWN);
    putchar('\n');
}

static rf_code print_both(void *ctx, rf_slice after)
{
    const struct strings *strings = ctx;
    rf_slice before = strings->before;
    size_t same = 0;
    while (same < before.len && same < after.len && before.ptr[same] == after.ptr[same])
        same++;
    if (same == before.len && same == after.len)
        return RF_OK;
    printf("    %zu -> %zu bytes, equal up to byte %zu\n", before.len, after.len, same);
    print_around('-', before, same);
    print_around('+', after, same);
    return RF_OK;
}

/* While the first string is available, walks the second. */
static rf_code on_before(void *ctx, rf_slice before)
{
    static const rf_visitor visitor = {.string = print_both};
    struct strings *strings = ctx;
    strings->before = before;
    return rf_value_walk(strings->after->entry.value, &visitor, strings, strings->error);
}

static rf_code explain_string(const struct side sides[2], rf_error *error)
{
    static const rf_visitor visitor = {.string = on_before};
    struct strings strings = {.after = &sides[1], .error = error};
    return rf_value_walk(sides[0].entry.value, &visitor, &strings, error);
}

/* --- the key ------------------------------------------------------------------------------------------ */

/* Metadata that servers store for modules with a key. */
static void explain_metadata(const struct side sides[2])
{
    rf_slice before = sides[0].entry.metadata, after = sides[1].entry.metadata;
    if (before.len == after.len && (after.len == 0 || memcmp(before.ptr, after.ptr, after.len) == 0))
        return;
    for (size_t i = 0; i < 2; i++) {
        if (sides[i].entry.metadata.len == 0)
            continue;
        printf("    %c metadata ", "-+"[i]);
        print_bytes_cut(stdout, sides[i].entry.metadata, METADATA_SHOWN);
        putchar('\n');
    }
}

static rf_code explain_value(const struct explanation *e, const struct side sides[2], rf_error *error)
{
    uint64_t before = sides[0].digest.elements, after = sides[1].digest.elements;
    rf_value *const values[2] = {sides[0].entry.value, sides[1].entry.value};
    explain_metadata(sides);
    if (sides[0].entry.type == RF_STRING)
        return explain_string(sides, error);
    if (before != after)
        printf("    %" PRIu64 " -> %" PRIu64 " elements\n", before, after);
    return explain_elements(e, sides[0].entry.type, values, error);
}

static bool same_value(const struct side sides[2])
{
    return sides[0].digest.keyed.low == sides[1].digest.keyed.low &&
           sides[0].digest.keyed.high == sides[1].digest.keyed.high;
}

static rf_code explain_both(const struct explanation *e, const struct side sides[2], rf_error *error)
{
    const rf_difference difference = {RF_CHANGED, &sides[0].record, &sides[1].record};
    if (!rf_key_record_differs(&sides[0].record, &sides[1].record, 0))
        return RF_OK;
    TRY(differences_add(e->differences, &difference, error));
    if (sides[0].entry.type != sides[1].entry.type || same_value(sides))
        return RF_OK;
    return explain_value(e, sides, error);
}

static rf_code report_absent(const struct explanation *e, const struct side sides[2], rf_error *error)
{
    for (size_t i = 0; i < 2; i++)
        if (sides[i].elsewhere)
            return fail(error, RF_E_ARGUMENT,
                        "no such key in database %" PRId64 " of either; database %" PRId64
                        " has one: use --explain-db %" PRId64,
                        e->db, sides[i].elsewhere_db, sides[i].elsewhere_db);
    return fail(error, RF_E_ARGUMENT, "no such key in any database of either");
}

static rf_code explain_sides(const struct explanation *e, const struct side sides[2], rf_error *error)
{
    if (sides[0].input && sides[1].input)
        return explain_both(e, sides, error);
    if (!sides[0].input && !sides[1].input)
        return report_absent(e, sides, error);
    const rf_difference difference = sides[1].input
                                         ? (rf_difference){.kind = RF_ADDED, .after = &sides[1].record}
                                         : (rf_difference){.kind = RF_REMOVED, .before = &sides[0].record};
    return differences_add(e->differences, &difference, error);
}

static rf_code find_and_explain(const struct explanation *e, rf_error *error)
{
    struct side sides[2] = {{.to = e->before_count},
                            {.from = e->before_count, .to = e->session->input_count}};
    TRY(find(e, &sides[0], error));
    TRY(find(e, &sides[1], error));
    TRY(explain_sides(e, sides, error));
    TRY(read_rest(e, &sides[0], error));
    return read_rest(e, &sides[1], error);
}

rf_code explain(const struct explanation *e, rf_error *error)
{
    struct session *session = e->session;
    rf_code code = find_and_explain(e, error);
    for (size_t i = 0; i < session->input_count; i++)
        input_close(&session->inputs[i]);
    return code;
}
