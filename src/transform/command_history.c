/* SPDX-License-Identifier: MIT */
/* The SWAPDB and FLUSHDB of a log, in order; at its end, what they amount to. */
#include "transform/command_history.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "io/source.h"
#include "transform/filter.h"
#include "transform/rewrite_dbs.h"
#include <stdlib.h>

enum { DBS_MAX = 1 << 20 }; /* more databases than any server has */

struct place {
    uint32_t input;
    uint64_t offset;
};

/* SWAPDB, or FLUSHDB of `dbs[0]`. */
struct event {
    bool swap;
    int64_t dbs[2];
    struct place place;
};

/* The last FLUSHDB of a database. */
struct flush {
    int64_t db; /* as it is called at the end */
    struct place place;
};

struct rf_command_history {
    const rf_rewrite *rewrite;
    struct buffer events;  /* struct event */
    struct buffer flushes; /* struct flush; at the end sorted, one for each database */
    struct db_names start;
};

/* --- names of databases ------------------------------------------------------------------------------- */

static size_t count_names(const struct db_names *names)
{
    return names->names.len / sizeof(int64_t);
}

static int64_t *names_of(const struct db_names *names)
{
    return (int64_t *)(void *)names->names.data;
}

int64_t db_names_of(const struct db_names *names, int64_t db)
{
    return db >= 0 && (uint64_t)db < count_names(names) ? names_of(names)[db] : db;
}

bool db_names_swap(struct db_names *names, int64_t a, int64_t b)
{
    int64_t most = a > b ? a : b;
    for (int64_t next; (next = (int64_t)count_names(names)) <= most;)
        if (!buffer_append(&names->names, slice_of(&next, sizeof next)))
            return false;
    int64_t *all = names_of(names), before = all[a];
    all[a] = all[b];
    all[b] = before;
    return true;
}

bool db_names_begin(struct db_names *names, const struct rf_command_history *history)
{
    names->names.len = 0;
    return buffer_append(&names->names, buffer_slice(&history->start.names));
}

bool swapped_dbs(const rf_entry *command, int64_t dbs[2])
{
    for (int i = 0; i < 2; i++)
        if (command->argc != 3 || !number_parse_i64(command->argv[i + 1], &dbs[i]) || dbs[i] < 0 ||
            dbs[i] >= DBS_MAX)
            return false;
    return true;
}

/* --- the log ------------------------------------------------------------------------------------------ */

bool rf_command_history_is_needed(const rf_filter *filter, const rf_rewrite *rewrite)
{
    return (filter && filter->db_count > 0) ||
           (rewrite && (rewrite_has_rules(rewrite, RULE_MAP_DB) || rewrite_has_rules(rewrite, RULE_FLATTEN)));
}

bool flush_stays(const rf_rewrite *rewrite, int64_t db)
{
    return !rewrite || (!rewrite_has_rules(rewrite, RULE_FLATTEN) &&
                        !rewrite_merges(rewrite, rewrite_new_db(rewrite, db)));
}

rf_command_history *rf_command_history_new(const rf_rewrite *rewrite)
{
    rf_command_history *history = calloc(1, sizeof *history);
    if (history)
        history->rewrite = rewrite;
    return history;
}

void rf_command_history_free(rf_command_history *history)
{
    if (!history)
        return;
    buffer_free(&history->events);
    buffer_free(&history->flushes);
    buffer_free(&history->start.names);
    free(history);
}

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory for the databases of a log");
}

static struct event *events_of(const rf_command_history *history, size_t *count)
{
    *count = history->events.len / sizeof(struct event);
    return (struct event *)(void *)history->events.data;
}

/* Of several FLUSHDB in a row only the last one counts. */
static bool repeats(const rf_command_history *history, const struct event *event)
{
    size_t count;
    struct event *events = events_of(history, &count);
    if (event->swap || count == 0 || events[count - 1].swap || events[count - 1].dbs[0] != event->dbs[0])
        return false;
    events[count - 1].place = event->place;
    return true;
}

bool rf_command_history_has(const rf_entry *command)
{
    return slice_is_word(command->argv[0], "SWAPDB") || slice_is_word(command->argv[0], "FLUSHDB");
}

rf_code rf_command_history_note(rf_command_history *history, uint32_t input, const rf_entry *command,
                                rf_error *error)
{
    if (!rf_command_history_has(command))
        return RF_OK;
    bool swap = slice_is_word(command->argv[0], "SWAPDB");
    struct event event = {.swap = swap, .dbs = {command->db, 0}, .place = {input, command->offset}};
    if (event.swap && !swapped_dbs(command, event.dbs)) {
        fail(error, RF_E_CORRUPT, "SWAPDB: invalid database numbers");
        error->offset = (int64_t)command->offset;
        return error->code;
    }
    return repeats(history, &event) || buffer_append(&history->events, slice_of(&event, sizeof event))
               ? RF_OK
               : out_of_memory(error);
}

static struct flush *flushes_of(const rf_command_history *history, size_t *count)
{
    *count = history->flushes.len / sizeof(struct flush);
    return (struct flush *)(void *)history->flushes.data;
}

static bool add_flush(rf_command_history *history, int64_t db, struct place place)
{
    const struct flush flush = {db, place};
    return flush_stays(history->rewrite, db) ||
           buffer_append(&history->flushes, slice_of(&flush, sizeof flush));
}

static bool is_before(struct place a, struct place b)
{
    return a.input != b.input ? a.input < b.input : a.offset < b.offset;
}

/* By database, and then by place. */
static int compare_flushes(const void *one, const void *other)
{
    const struct flush *a = one, *b = other;
    return a->db != b->db ? (a->db > b->db) - (a->db < b->db)
                          : is_before(b->place, a->place) - is_before(a->place, b->place);
}

/* Keeps the last one of each database. */
static void sort_flushes(rf_command_history *history)
{
    size_t count, kept = 0;
    struct flush *flushes = flushes_of(history, &count);
    if (count == 0)
        return;
    qsort(flushes, count, sizeof *flushes, compare_flushes);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || flushes[i + 1].db != flushes[i].db)
            flushes[kept++] = flushes[i];
    history->flushes.len = kept * sizeof *flushes;
}

/* The swaps are undone from the end, where each database is called by its number; then the flushes are known
 * by the names that hold at their place. */
rf_code rf_command_history_end(rf_command_history *history, rf_error *error)
{
    size_t count;
    const struct event *events = events_of(history, &count);
    for (size_t i = count; i-- > 0;)
        if (events[i].swap && !db_names_swap(&history->start, events[i].dbs[0], events[i].dbs[1]))
            return out_of_memory(error);
    struct db_names names = {0};
    bool good = db_names_begin(&names, history);
    for (size_t i = 0; good && i < count; i++)
        good = events[i].swap ? db_names_swap(&names, events[i].dbs[0], events[i].dbs[1])
                              : add_flush(history, db_names_of(&names, events[i].dbs[0]), events[i].place);
    buffer_free(&names.names);
    sort_flushes(history);
    return good ? RF_OK : out_of_memory(error);
}

/* --- questions ---------------------------------------------------------------------------------------- */

bool rf_command_history_has_swaps(const rf_command_history *history)
{
    return history->start.names.len > 0;
}

int64_t rf_command_history_db(const rf_command_history *history, int64_t db)
{
    return db_names_of(&history->start, db);
}

static int compare_db(const void *db, const void *flush)
{
    int64_t wanted = *(const int64_t *)db, found = ((const struct flush *)flush)->db;
    return (wanted > found) - (wanted < found);
}

bool rf_command_history_is_flushed(const rf_command_history *history, int64_t db, uint32_t input,
                                   uint64_t offset)
{
    size_t count;
    const struct flush *flushes = flushes_of(history, &count);
    const struct flush *flush = count > 0 ? bsearch(&db, flushes, count, sizeof *flushes, compare_db) : NULL;
    return flush && is_before((struct place){input, offset}, flush->place);
}

/* --- looking for the names --------------------------------------------------------------------------- */

static const rf_slice event_names[] = {{(const uint8_t *)"FLUSHDB", 7}, {(const uint8_t *)"SWAPDB", 6}};

enum { NAME_MOST = 7, NAME_END = sizeof "DB\r" - 1, STRETCH = 256 };
enum { SCAN_BLOCK = 128 * 1024, SEAM = NAME_MOST /* bytes before a block, which has the CR at least */ };

/* 0: the end of a name, "DB\r", begins here. */
static inline uint8_t compare_name_end(const uint8_t *p)
{
    return ((p[0] | 0x20) ^ 'd') | ((p[1] | 0x20) ^ 'b') | (p[2] ^ '\r');
}

/* Whether it begins at one of n positions; compilers make vector code of this. */
static bool has_name_end(const uint8_t *p, size_t n)
{
    uint8_t least = UINT8_MAX;
    for (size_t i = 0; i < n; i++) {
        uint8_t difference = compare_name_end(p + i);
        least = difference < least ? difference : least;
    }
    return least == 0;
}

/* Whether a name ends before `end`. */
static bool ends_with_name(const uint8_t *start, const uint8_t *end)
{
    bool found = false;
    for (size_t i = 0; i < sizeof event_names / sizeof *event_names; i++) {
        size_t length = event_names[i].len;
        found |= (size_t)(end - start) >= length &&
                 strncasecmp((const char *)end - length, (const char *)event_names[i].ptr, length) == 0;
    }
    return found;
}

static bool has_name(const uint8_t *start, const uint8_t *end)
{
    bool found = false;
    for (const uint8_t *p = start; !found && end - p >= NAME_END;) {
        size_t left = (size_t)(end - p) - (NAME_END - 1), n = left < STRETCH ? left : STRETCH;
        for (size_t i = has_name_end(p, n) ? 0 : n; !found && i < n; i++)
            found = compare_name_end(p + i) == 0 && ends_with_name(start, p + i + NAME_END - 1);
        p += n;
    }
    return found;
}

/* Keeps the end of what has been scanned, where a name may have begun, at the start. Returns its length. */
static size_t keep_end(uint8_t *bytes, size_t len)
{
    const size_t kept = len < SEAM ? len : SEAM;
    memmove(bytes, bytes + len - kept, kept);
    return kept;
}

/* The bytes are read into the same memory again and again, so that they are still in the processor's cache
 * when they are looked at. */
rf_code rf_command_history_scan(rf_source *source, bool *found, rf_error *error)
{
    uint8_t *bytes = malloc(SEAM + SCAN_BLOCK);
    size_t kept = 0, n = 1;
    rf_code code = RF_OK;
    *found = false;
    if (!bytes)
        return out_of_memory(error);
    while (n > 0 && !*found && (code = source_read(source, bytes + kept, SCAN_BLOCK, &n, error)) == RF_OK) {
        *found = has_name(bytes, bytes + kept + n);
        kept = keep_end(bytes, kept + n);
    }
    free(bytes);
    return code;
}
