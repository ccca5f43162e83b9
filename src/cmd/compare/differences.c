/* SPDX-License-Identifier: MIT */
/* A difference on a line of text:
 *
 *     + db 0  hash     'user:1'
 *     - db 0  string   'user:2'
 *     ~ db 0  string   'user:3': value, expiry 2026-01-01T00:00:00.000Z -> none
 *     ~ db 0  hash     'user:4': type string -> hash
 *     = db 12 list     'user:5': occurs twice in a.rdb
 *     ~ function       'library': value */
#include "cmd/compare/differences.h"
#include "base/fail.h"
#include "cmd/compare/differences_json.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- classification ----------------------------------------------------------------------------------- */

/* If the types differ, a difference of the values is not reported. */
static unsigned changes_of(const rf_key_record *before, const rf_key_record *after, int64_t tolerance_ms)
{
    unsigned changes = 0;
    if (before->db != RF_LIBRARY && before->type != after->type)
        changes |= CHANGED_TYPE;
    else if (before->value.low != after->value.low || before->value.high != after->value.high)
        changes |= CHANGED_VALUE;
    rf_key_record as_after = *before;
    as_after.type = after->type;
    as_after.value = after->value;
    as_after.no_evict = after->no_evict;
    if (before->no_evict != after->no_evict)
        changes |= CHANGED_NO_EVICT;
    if (rf_key_record_differs(&as_after, after, tolerance_ms))
        changes |= CHANGED_EXPIRY;
    return changes;
}

static void count(struct differences *differences, rf_difference_kind kind, unsigned changes)
{
    uint64_t *const by_kind[] = {
        [RF_ADDED] = &differences->added,
        [RF_REMOVED] = &differences->removed,
        [RF_CHANGED] = &differences->changed,
        [RF_DUPLICATE] = &differences->duplicates,
    };
    ++*by_kind[kind];
    differences->types += (changes & CHANGED_TYPE) != 0;
    differences->values += (changes & CHANGED_VALUE) != 0;
    differences->expiries += (changes & CHANGED_EXPIRY) != 0;
    differences->no_evicts += (changes & CHANGED_NO_EVICT) != 0;
}

/* --- a line of text ----------------------------------------------------------------------------------- */

const char *differences_input(const struct differences *differences, const rf_key_record *record)
{
    return record->input < differences->input_count ? input_name(&differences->inputs[record->input])
                                                    : differences->elsewhere;
}

static void print_key(FILE *out, char sign, const rf_key_record *record)
{
    if (record->db == RF_LIBRARY)
        fprintf(out, "%c %-15s ", sign, "function");
    else
        fprintf(out, "%c db %-3" PRId64 " %-8s ", sign, record->db, rf_type_name(record->type));
    print_bytes(out, record->key);
}

static void print_changes(FILE *out, const rf_difference *difference, unsigned changes)
{
    const rf_key_record *before = difference->before, *after = difference->after;
    const char *separator = ": ";
    if (changes & CHANGED_TYPE) {
        fprintf(out, "%stype %s -> %s", separator, rf_type_name(before->type), rf_type_name(after->type));
        separator = ", ";
    }
    if (changes & CHANGED_VALUE) {
        fprintf(out, "%svalue", separator);
        separator = ", ";
    }
    if (changes & CHANGED_EXPIRY) {
        char times[2][TIME_TEXT];
        fprintf(out, "%sexpiry %s -> %s", separator, format_time(before->expire_ms, times[0]),
                format_time(after->expire_ms, times[1]));
        separator = ", ";
    }
    if (changes & CHANGED_NO_EVICT)
        fprintf(out, "%sno-evict %s", separator, after->no_evict ? "added" : "removed");
}

static void print_line(const struct differences *differences, const rf_difference *difference,
                       unsigned changes)
{
    static const char signs[] = {
        [RF_ADDED] = '+', [RF_REMOVED] = '-', [RF_CHANGED] = '~', [RF_DUPLICATE] = '='};
    print_key(differences->out, signs[difference->kind],
              difference->after ? difference->after : difference->before);
    print_changes(differences->out, difference, changes);
    if (difference->kind == RF_DUPLICATE) {
        fputs(": occurs twice in ", differences->out);
        text_put(differences->out, differences_input(differences, difference->after));
    }
    putc('\n', differences->out);
}

/* --- collecting and summaries ------------------------------------------------------------------------- */

typedef void print_fn(const struct differences *differences, const rf_difference *difference,
                      unsigned changes);

/* The output of `print` without the newline; freed by the caller. NULL: out of memory. */
static char *printed(const struct differences *differences, const rf_difference *difference, unsigned changes,
                     print_fn *print)
{
    struct differences into_memory = *differences;
    char *text = NULL;
    size_t size;
    into_memory.out = open_memstream(&text, &size);
    if (!into_memory.out)
        return NULL;
    print(&into_memory, difference, changes);
    if (fclose(into_memory.out) != 0) {
        free(text);
        return NULL;
    }
    text[size - 1] = '\0';
    return text;
}

static bool keep(struct differences *differences, const rf_difference *difference, unsigned changes)
{
    struct difference_kept *kept = realloc(differences->kept, (differences->kept_count + 1) * sizeof *kept);
    if (!kept)
        return false;
    differences->kept = kept;
    kept += differences->kept_count++;
    kept->line = printed(differences, difference, changes, print_line);
    kept->object = printed(differences, difference, changes, differences_print_json);
    return kept->line && kept->object;
}

unsigned differences_changes(const struct differences *differences, const rf_difference *difference)
{
    if (difference->kind != RF_CHANGED)
        return 0;
    return changes_of(difference->before, difference->after, differences->expiry_tolerance_ms);
}

rf_code differences_add(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct differences *differences = ctx;
    unsigned changes = differences_changes(differences, difference);
    count(differences, difference->kind, changes);
    if (differences->limit && differences->shown >= differences->limit)
        return RF_OK;
    differences->shown++;
    (differences->jsonl ? differences_print_json : print_line)(differences, difference, changes);
    if (ferror(differences->out))
        return fail(error, RF_E_WRITE, "differences cannot be printed: %s", strerror(errno));
    if (differences->keep && !keep(differences, difference, changes))
        return fail(error, RF_E_MEMORY, "out of memory");
    return RF_OK;
}

uint64_t differences_total(const struct differences *differences)
{
    return differences->added + differences->removed + differences->changed + differences->duplicates;
}

void differences_format(const struct differences *differences, char *out, size_t size)
{
    uint64_t total = differences_total(differences);
    char changed[192] = "", no_evict[48] = "", duplicates[48] = "", shown[64] = "";
    if (differences->no_evicts > 0)
        snprintf(no_evict, sizeof no_evict, ", %" PRIu64 " no-evict", differences->no_evicts);
    if (differences->changed > 0)
        snprintf(changed, sizeof changed, " (%" PRIu64 " value, %" PRIu64 " type, %" PRIu64 " expiry%s)",
                 differences->values, differences->types, differences->expiries, no_evict);
    if (differences->duplicates > 0)
        snprintf(duplicates, sizeof duplicates, ", %" PRIu64 " duplicate", differences->duplicates);
    if (differences->shown < total)
        snprintf(shown, sizeof shown, "; %" PRIu64 " of %" PRIu64 " shown", differences->shown, total);
    snprintf(out, size, "%" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " changed%s%s%s",
             differences->added, differences->removed, differences->changed, changed, duplicates, shown);
}

static void put_counts(struct json *json, const struct differences *differences)
{
    json_number(json, "added", differences->added);
    json_number(json, "removed", differences->removed);
    json_number(json, "changed", differences->changed);
    json_number(json, "changed_value", differences->values);
    json_number(json, "changed_type", differences->types);
    json_number(json, "changed_expiry", differences->expiries);
    json_number(json, "changed_no_evict", differences->no_evicts);
    json_number(json, "duplicate", differences->duplicates);
    json_number(json, "shown", differences->shown);
}

void differences_report_counts(struct json *json, const struct differences *differences)
{
    json_object(json, "differences");
    put_counts(json, differences);
    json_end_object(json);
}

void differences_report(struct json *json, const void *ctx)
{
    const struct differences *differences = ctx;
    json_object(json, "differences");
    put_counts(json, differences);
    json_array(json, "list");
    for (size_t i = 0; i < differences->kept_count; i++)
        json_made(json, differences->kept[i].object);
    json_end_array(json);
    json_end_object(json);
}

void differences_free(struct differences *differences)
{
    for (size_t i = 0; i < differences->kept_count; i++) {
        free(differences->kept[i].line);
        free(differences->kept[i].object);
    }
    free(differences->kept);
}
