/* SPDX-License-Identifier: MIT */
/* Scans the inputs for keys that map to the same name, and for the first two that do. */
#include "base/fail.h"
#include "cmd/run/collisions.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- the first pair ----------------------------------------------------------------------------------- */

static int64_t db_of(const rf_entry *entry)
{
    return entry->kind == RF_ENTRY_KEY ? entry->db : -1;
}

/* Only entries of this name are searched for from now on. */
static rf_code search_name(struct collision_search *search, const rf_entry *entry, rf_error *error)
{
    rf_slice name = collision_name(entry);
    search->name = malloc(name.len + 1);
    if (!search->name)
        return fail(error, RF_E_MEMORY, "out of memory");
    if (name.len > 0)
        memcpy(search->name, name.ptr, name.len);
    search->length = name.len;
    search->db = db_of(entry);
    return RF_OK;
}

static bool is_wanted(const struct collisions *c, const rf_entry *entry)
{
    const struct collision_search *search = &c->scan.search;
    if (entry->kind != RF_ENTRY_KEY && entry->kind != RF_ENTRY_FUNCTION)
        return false;
    if (search->name) {
        rf_slice name = collision_name(entry);
        return db_of(entry) == search->db && name.len == search->length &&
               (name.len == 0 || memcmp(name.ptr, search->name, name.len) == 0);
    }
    rf_collision collision;
    rf_collisions_lookup(c->set, entry, &collision);
    return collision.count > 1;
}

/* Whether a command names one of the keys once more. */
static bool is_known_source(const struct collisions *c, const rf_entry *entry)
{
    const struct collision_example *example = &c->example[0];
    bool known = false;
    if (!c->in_command || example->known == 0)
        return false;
    int64_t db = session_source_db(c->session, entry);
    rf_digest digest = key_digest(db, session_source_key(c->session, entry));
    for (size_t i = 0; i < example->known && !known; i++) {
        const struct collision_source *source = &example->sources[i];
        known = source->db == db && source->digest.low == digest.low && source->digest.high == digest.high;
    }
    return known;
}

/* The first colliding entry decides which name is searched for. */
static rf_code search_entry(struct collisions *c, const rf_entry *entry, rf_error *error)
{
    if (!is_wanted(c, entry) || is_known_source(c, entry))
        return RF_OK;
    if (!c->scan.search.name)
        TRY(search_name(&c->scan.search, entry, error));
    collisions_keep_example(c, c->scan.cursor.input, entry, 0, false);
    return RF_OK;
}

/* Notes the names anew: a resumed run has not seen all of them. */
static void begin_count(struct collisions *c)
{
    rf_collisions *set = rf_collisions_new(c->memory);
    c->scan.notes = set != NULL;
    if (!set)
        return;
    rf_collisions_free(c->set);
    c->set = set;
    key_set_free(&c->sources);
    c->sources = (struct key_set){0};
}

/* Without the number the collision is still an error. */
static void count_entry(struct collisions *c, const rf_entry *entry)
{
    rf_known known;
    rf_error ignored;
    if (c->scan.notes && !collisions_is_noted(c, entry))
        c->scan.notes = rf_collisions_note(c->set, entry, collisions_is_ambiguous(c), &known, &ignored) ==
                        RF_OK;
}

/* --- scanning the inputs ------------------------------------------------------------------------------ */

static void begin_pass(struct collisions *c, enum collision_pass pass)
{
    static const char *const names[] = {
        [PASS_NOTE] = "scanning", [PASS_COMPARE] = "comparing names", [PASS_SEARCH] = "locating collisions"};
    c->scan.pass = pass;
    c->session->written_keys.ambiguous_only = false;
    cursor_open_rescan(&c->scan.cursor, c->session, names[pass]);
    if (pass == PASS_SEARCH)
        c->example[0].known = 0;
}

/* All names have been noted, and compared if necessary. */
static rf_code resolve(struct collisions *c, rf_error *error)
{
    TRY(rf_collisions_resolve(c->set, &c->names, error));
    c->resolved = true;
    c->session->written_keys.ambiguous_only = false;
    if (c->policy != COLLISION_FAIL || c->names == 0)
        return RF_OK;
    if (c->example[0].known >= 2)
        return collisions_fail_pair(c, error);
    if (!c->can_rescan)
        return fail(error, RF_E_COLLISION, "%" PRIu64 " name%s collide%s; see --on-collision", c->names,
                    text_plural(c->names), c->names == 1 ? "s" : "");
    begin_pass(c, PASS_SEARCH);
    return RF_OK;
}

/* All names have been noted. */
static rf_code begin_compare(struct collisions *c, rf_error *error)
{
    if (!rf_collisions_is_open(c->set))
        return resolve(c, error);
    begin_pass(c, PASS_COMPARE);
    return RF_OK;
}

static rf_code end_pass(struct collisions *c, rf_error *error)
{
    enum collision_pass pass = c->scan.pass;
    cursor_close(&c->scan.cursor, RF_END, error);
    c->scan.pass = PASS_NONE;
    if (pass == PASS_SEARCH && !c->scan.notes)
        return collisions_fail_pair(c, error);
    if (pass == PASS_SEARCH) {
        c->scan.notes = false;
        return begin_compare(c, error);
    }
    if (!c->set)
        return RF_OK;
    return pass == PASS_NOTE ? begin_compare(c, error) : resolve(c, error);
}

rf_code collisions_scan_entry(struct collisions *c, const rf_entry *entry, rf_error *error)
{
    rf_known known;
    if (c->scan.pass == PASS_SEARCH) {
        count_entry(c, entry);
        return search_entry(c, entry, error);
    }
    if (c->scan.pass == PASS_COMPARE)
        return rf_collisions_compare(c->set, entry, collisions_is_ambiguous(c), error);
    return c->set && !collisions_is_noted(c, entry)
               ? rf_collisions_note(c->set, entry, collisions_is_ambiguous(c), &known, error)
               : RF_OK;
}

rf_code collisions_scan_begin(struct collisions *c, bool all, bool first, rf_error *error)
{
    bool chooses = c->set && c->policy != COLLISION_FAIL;
    if (!chooses && !(c->set && first) && !all)
        return RF_OK;
    if (!c->can_rescan && chooses && c->policy == COLLISION_OVERWRITE)
        return fail(error, RF_E_ARGUMENT,
                    "--on-collision overwrite requires regular files: it reads the inputs twice");
    if (c->can_rescan)
        begin_pass(c, PASS_NOTE);
    return RF_OK;
}

rf_code collisions_scan_next(struct collisions *c, rf_entry **entry, rf_error *error)
{
    *entry = NULL;
    while (c->scan.pass != PASS_NONE) {
        if (c->scan.pass == PASS_SEARCH && c->example[0].known >= 2 && !c->scan.notes && c->scan.cursor.input)
            cursor_skip_input(&c->scan.cursor);
        rf_code code = cursor_next(&c->scan.cursor, entry, error);
        if (code != RF_END)
            return code == RF_OK && *entry ? collisions_scan_entry(c, *entry, error) : code;
        TRY(end_pass(c, error));
    }
    return RF_END;
}

rf_code collisions_scan_end(struct collisions *c, rf_code code, rf_error *error)
{
    if (c->scan.pass != PASS_NONE)
        code = cursor_close(&c->scan.cursor, code, error);
    c->scan.pass = PASS_NONE;
    free(c->scan.search.name);
    c->scan.search.name = NULL;
    return code == RF_END ? RF_OK : code;
}

/* Runs the passes that are left. */
static rf_code scan(struct collisions *c, rf_code code, rf_error *error)
{
    rf_entry *entry;
    while (code == RF_OK)
        code = collisions_scan_next(c, &entry, error);
    return collisions_scan_end(c, code, error);
}

rf_code collisions_prescan(struct collisions *c, rf_error *error)
{
    return scan(c, collisions_scan_begin(c, false, false, error), error);
}

rf_code collisions_end(struct collisions *c, rf_error *error)
{
    if (!c->set || c->resolved || c->policy != COLLISION_FAIL)
        return RF_OK;
    return scan(c, begin_compare(c, error), error);
}

rf_code collisions_fail_first(struct collisions *c, const rf_entry *entry, rf_error *error)
{
    if (!c->can_rescan)
        return collisions_fail_second(c, entry, error);
    begin_count(c);
    begin_pass(c, PASS_SEARCH);
    rf_code code = scan(c, search_name(&c->scan.search, entry, error), error);
    return code == RF_OK ? collisions_fail_pair(c, error) : code;
}
