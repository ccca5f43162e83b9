/* SPDX-License-Identifier: MIT */
/* Notes names, and decides which entries are discarded. */
#include "cmd/run/collisions.h"
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/run/journal.h"
#include "cmd/term/message.h"

static bool can_rescan_inputs(const struct session *session)
{
    for (size_t i = 0; i < session->input_count; i++)
        if (!input_can_rescan(&session->inputs[i]))
            return false;
    return true;
}

bool collisions_is_noted(struct collisions *c, const rf_entry *entry)
{
    if (!c->has_commands || entry->kind != RF_ENTRY_KEY || !collisions_is_ambiguous(c))
        return false;
    int64_t db = session_source_db(c->session, entry);
    rf_slice key = session_source_key(c->session, entry);
    if (key_set_has(&c->sources, db, key))
        return c->in_command;
    key_set_add(&c->sources, db, key);
    return false;
}

/* --- examples ----------------------------------------------------------------------------------------- */

void collisions_keep_example(struct collisions *c, const struct input *input, const rf_entry *entry,
                             uint64_t number, bool kept)
{
    struct collision_example *example;
    struct collision_source *source;
    bool is_key = entry->kind == RF_ENTRY_KEY;
    if (number >= COLLISION_EXAMPLES)
        return;
    example = &c->example[number];
    if (example->known == COLLISION_SOURCES)
        return;
    if (number >= c->examples)
        c->examples = (size_t)number + 1;
    example->db = is_key ? entry->db : -1;
    escape_name(collision_name(entry), example->key, sizeof example->key);
    source = &example->sources[example->known++];
    *source = (struct collision_source){
        .input = input_name(input), .offset = entry->offset, .db = -1, .kept = kept};
    if (is_key) {
        source->db = session_source_db(c->session, entry);
        escape_name(session_source_key(c->session, entry), source->key, sizeof source->key);
        source->digest = key_digest(source->db, session_source_key(c->session, entry));
    }
}

/* --- entries ------------------------------------------------------------------------------------------ */

static void notice_same_function(struct collisions *c, const rf_entry *entry)
{
    session_notice(c->session, RF_NOTICE_SAME_FUNCTION, entry, "also in an earlier input");
}

static void count_dropped(struct collisions *c, const rf_entry *entry)
{
    if (entry->kind == RF_ENTRY_KEY)
        c->dropped_keys++;
    else
        c->dropped_libraries++;
    c->dropped++;
}

/* One of the keys with the same name is kept, or the run has ended. */
static bool is_left_out(const struct collisions *c, const rf_collision *collision)
{
    if (collision->duplicate || collision->count < 2)
        return collision->duplicate;
    return c->policy == COLLISION_SKIP ? collision->number > 1 : collision->number < collision->count;
}

/* The colliding names are known. */
static void on_resolved(struct collisions *c, const struct input *input, const rf_entry *entry,
                        bool *leave_out)
{
    rf_collision collision;
    rf_collisions_lookup(c->set, entry, &collision);
    *leave_out = is_left_out(c, &collision);
    if (collision.duplicate)
        notice_same_function(c, entry);
    if (collision.duplicate || collision.count < 2)
        return;
    if (*leave_out)
        count_dropped(c, entry);
    collisions_keep_example(c, input, entry, collision.name, !*leave_out);
}

/* Collisions are detected while writing. */
static rf_code on_first_reading(struct collisions *c, const struct input *input, const rf_entry *entry,
                                bool *leave_out, rf_error *error)
{
    rf_known known;
    if (collisions_is_noted(c, entry))
        return RF_OK;
    TRY(rf_collisions_note(c->set, entry, collisions_is_ambiguous(c), &known, error));
    *leave_out = known != RF_KNOWN_NOT;
    if (c->policy == COLLISION_SKIP && rf_collisions_is_spilled(c->set))
        return fail(error, RF_E_MEMORY,
                    "more keys than fit in --memory, from an input that is not a regular file");
    if (known == RF_KNOWN_SAME)
        notice_same_function(c, entry);
    if (known != RF_KNOWN_OTHER)
        return RF_OK;
    collisions_keep_example(c, input, entry, c->dropped, false);
    if (c->policy == COLLISION_FAIL)
        return collisions_fail_first(c, entry, error);
    count_dropped(c, entry);
    return RF_OK;
}

static void note_later(const struct collisions *c, const rf_entry *key)
{
    struct journal_name name = {.hash = rf_collisions_hash(c->set, key), .in_command = c->in_command};
    if (c->has_commands)
        name.source = key_digest(session_source_db(c->session, key), session_source_key(c->session, key));
    journal_name(c->journal, name);
}

bool collisions_can_wait(const struct collisions *c)
{
    return !c->set || (c->policy == COLLISION_FAIL && !c->resolved);
}

bool collisions_ignores_others(const struct collisions *c)
{
    return !c->set || (collisions_can_wait(c) && !c->keep_all);
}

void collisions_note_others(struct collisions *c)
{
    if (c->journal)
        c->journal->has_other_names = true;
    else if (c->set)
        rf_collisions_note_others(c->set);
}

/* See collisions_is_noted(). */
static rf_code note_name(struct collisions *c, const struct journal_name *name, rf_known *known,
                         rf_error *error)
{
    *known = RF_KNOWN_NOT;
    if (c->has_commands && name->in_command && key_set_has_digest(&c->sources, name->source))
        return RF_OK;
    TRY(rf_collisions_note_hash(c->set, name->hash, known, error));
    if (c->has_commands && *known == RF_KNOWN_NOT)
        key_set_add_digest(&c->sources, name->source);
    return RF_OK;
}

rf_code collisions_note_names(struct collisions *c, const struct journal *journal, bool *known,
                              uint64_t *entry, rf_error *error)
{
    rf_known answer = RF_KNOWN_NOT;
    if (journal->has_other_names)
        rf_collisions_note_others(c->set);
    for (size_t i = 0; i < journal->name_count && answer == RF_KNOWN_NOT; i++) {
        *entry = journal->names[i].entry;
        TRY(note_name(c, &journal->names[i], &answer, error));
    }
    *known = answer != RF_KNOWN_NOT;
    return RF_OK;
}

static __attribute__((noinline)) rf_code note_entry(struct collisions *c, const struct input *input,
                                                    const rf_entry *entry, bool *leave_out, rf_error *error)
{
    *leave_out = entry->kind == RF_ENTRY_FOREIGN_DETAIL && c->left_out; /* with the key before */
    if (!c->set || (entry->kind != RF_ENTRY_KEY && entry->kind != RF_ENTRY_FUNCTION))
        return RF_OK;
    if (c->journal) {
        note_later(c, entry);
        return RF_OK;
    }
    if (!c->resolved)
        TRY(on_first_reading(c, input, entry, leave_out, error));
    else
        on_resolved(c, input, entry, leave_out);
    if (entry->kind == RF_ENTRY_KEY)
        c->left_out = *leave_out;
    return RF_OK;
}

/* Of most keys it is only noted that there are any. */
rf_code collisions_note(struct collisions *c, const struct input *input, const rf_entry *entry,
                        bool *leave_out, rf_error *error)
{
    if (entry->kind != RF_ENTRY_KEY || collisions_is_ambiguous(c) || c->resolved || !c->set)
        return note_entry(c, input, entry, leave_out, error);
    *leave_out = c->left_out = false;
    collisions_note_others(c);
    return RF_OK;
}

/* A written_keys function. One of two keys cannot be left out of the commands. */
static rf_code note_written(void *ctx, const struct input *input, const rf_entry *key, rf_error *error)
{
    struct collisions *c = ctx;
    bool leave_out;
    if (collisions_is_ambiguous(c) && c->policy != COLLISION_FAIL)
        return fail(error, RF_E_ARGUMENT, "--on-collision skip and overwrite do not apply to AOF commands");
    if (collisions_is_ambiguous(c) && !c->has_commands)
        return fail(error, RF_E_ARGUMENT,
                    "AOF commands whose keys could collide can be read from regular files only");
    c->in_command = true;
    rf_code code = c->scan.pass != PASS_NONE ? collisions_scan_entry(c, key, error)
                                             : collisions_note(c, input, key, &leave_out, error);
    c->in_command = false;
    if (!collisions_is_ambiguous(c)) /* of the others it is only noted that there are any */
        c->session->written_keys.ambiguous_only = !c->resolved && c->scan.pass <= PASS_NOTE;
    return code;
}

/* --- reading again after writing ---------------------------------------------------------------------- */

void collisions_rewind(struct collisions *c)
{
    if (c->set && c->resolved)
        rf_collisions_rewind(c->set);
}

bool collisions_left_out(struct collisions *c, const rf_entry *entry)
{
    rf_collision collision;
    if (!c->set || !c->resolved || (entry->kind != RF_ENTRY_KEY && entry->kind != RF_ENTRY_FUNCTION))
        return false;
    rf_collisions_lookup(c->set, entry, &collision);
    return is_left_out(c, &collision);
}

/* --- setup -------------------------------------------------------------------------------- */

bool collisions_open(struct collisions *c, struct session *session, enum collision_policy policy,
                     uint64_t memory, bool check)
{
    const rf_rewrite *rewrite = session->options->keys.rewrite;
    bool keeps = !rewrite || rf_rewrite_keeps_names(rewrite);
    *c = (struct collisions){
        .session = session, .policy = policy, .memory = memory, .can_rescan = can_rescan_inputs(session)};
    c->keep_all = check || session->options->operand_count > 1 || !c->can_rescan ||
                  (rewrite && rf_rewrite_is_ambiguous(rewrite));
    if (keeps && !check && session->options->operand_count == 1 && policy == COLLISION_FAIL)
        return true;
    session_detail_memory(memory);
    c->set = rf_collisions_new(memory);
    session->written_keys = (struct written_keys){.fn = note_written, .ctx = c};
    c->has_commands = session->inputs->is_followed ||
                      (c->can_rescan && (rewrite || session->options->operand_count > 1) &&
                       session_expects_commands(session));
    if (c->set)
        return true;
    message_error("out of memory");
    return false;
}

void collisions_close(struct collisions *c)
{
    rf_collisions_free(c->set);
    key_set_free(&c->sources);
}
