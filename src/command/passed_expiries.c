/* SPDX-License-Identifier: MIT */
/* Follows keys whose expiry has passed through a log. */
#include "base/bytes.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/hash_table.h"
#include "base/number.h"
#include "command/command_expiry.h"
#include "command/command_keys.h"
#include <rdbferry/digest.h>
#include <rdbferry/passed_expiries.h>
#include <rdbferry/replay.h>
#include <rdbferry/value.h>
#include <stdlib.h>

enum state { SAFE, PASSED, AT_RISK };

struct key {
    rf_digest digest; /* its lower half is the hash */
    uint64_t state;
};

struct database {
    uint64_t number; /* plus 1: the hash */
    uint64_t id;     /* of its content: part of the digests of keys */
    uint64_t at_risk;
};

struct rf_passed_expiries {
    int64_t now, until;
    bool of_elements, distant;
    struct hash_table keys, dbs;
    uint64_t emptied; /* how often a database was: gives it a new identity */
    struct {
        bool known;
        rf_digest digest;
        uint64_t db_id;
        rf_keys_at_risk key;
    } example;
};

/* An entry that is being noted. */
struct noted {
    rf_passed_expiries *passed;
    const rf_entry *entry;
    bool done;
};

rf_passed_expiries *rf_passed_expiries_new(int64_t now_ms, int64_t until_ms)
{
    rf_passed_expiries *p = calloc(1, sizeof *p);
    if (p) {
        p->now = now_ms;
        p->until = until_ms;
    }
    return p;
}

void rf_passed_expiries_free(rf_passed_expiries *p)
{
    if (!p)
        return;
    hash_table_free(&p->keys);
    hash_table_free(&p->dbs);
    free(p);
}

/* --- the tables --------------------------------------------------------------------------------------- */

/* The database is added after the name is hashed: no name can compensate for it. */
static rf_digest key_digest(const struct database *database, rf_slice key)
{
    rf_digest digest = rf_digest_keyed(key);
    digest.low += database->id;
    return digest;
}

static bool has_digest(const void *key, const void *digest)
{
    return ((const struct key *)key)->digest.high == ((const rf_digest *)digest)->high;
}

static rf_code find_database(rf_passed_expiries *p, int64_t db, struct database **database, rf_error *error)
{
    bool was_there;
    if (p->dbs.entry_size == 0)
        hash_table_init(&p->dbs, sizeof **database, SIZE_MAX);
    *database = hash_table_add(&p->dbs, (uint64_t)db + 1, NULL, NULL, &was_there);
    if (!*database)
        return fail(error, RF_E_MEMORY, "out of memory for databases");
    if (!was_there)
        (*database)->id = ++p->emptied;
    return RF_OK;
}

static enum state state_of(const rf_passed_expiries *p, int64_t db, rf_slice key)
{
    const struct database *database = hash_table_find(&p->dbs, (uint64_t)db + 1, NULL, NULL);
    if (!database || p->keys.count == 0)
        return SAFE;
    const rf_digest digest = key_digest(database, key);
    const struct key *found = hash_table_find(&p->keys, digest.low, has_digest, &digest);
    return found ? (enum state)found->state : SAFE;
}

static void keep_example(const struct noted *noted, int64_t db, rf_slice key, uint64_t id, rf_digest digest)
{
    rf_passed_expiries *p = noted->passed;
    if (p->example.known)
        return;
    p->example.known = true;
    p->example.digest = digest;
    p->example.db_id = id;
    p->example.key.db = db;
    p->example.key.offset = noted->entry->offset;
    escape_name(key, p->example.key.key, sizeof p->example.key.key);
}

static void forget_example(rf_passed_expiries *p, rf_digest digest)
{
    if (p->example.digest.low == digest.low && p->example.digest.high == digest.high)
        p->example.known = false;
}

static rf_code set_state(const struct noted *noted, int64_t db, rf_slice key, enum state state,
                         rf_error *error)
{
    rf_passed_expiries *p = noted->passed;
    struct database *database;
    bool was_there;
    if (state == state_of(p, db, key))
        return RF_OK;
    TRY(find_database(p, db, &database, error));
    if (p->keys.entry_size == 0)
        hash_table_init(&p->keys, sizeof(struct key), SIZE_MAX);
    const rf_digest digest = key_digest(database, key);
    struct key *entry = hash_table_add(&p->keys, digest.low, has_digest, &digest, &was_there);
    if (!entry)
        return fail(error, RF_E_MEMORY, "out of memory for keys whose expiry has passed");
    entry->digest.high = digest.high;
    if (entry->state == AT_RISK) {
        database->at_risk--;
        forget_example(p, digest);
    }
    entry->state = state;
    if (state == AT_RISK) {
        database->at_risk++;
        keep_example(noted, db, key, database->id, digest);
    }
    return RF_OK;
}

/* --- databases ---------------------------------------------------------------------------------------- */

static void forget_all(rf_passed_expiries *p)
{
    if (p->keys.count > 0)
        hash_table_clear(&p->keys);
    if (p->dbs.count > 0)
        hash_table_clear(&p->dbs);
    p->example.known = false;
}

static void forget_database(rf_passed_expiries *p, int64_t db)
{
    struct database *database = hash_table_find(&p->dbs, (uint64_t)db + 1, NULL, NULL);
    if (!database)
        return;
    p->example.known &= p->example.db_id != database->id;
    database->id = ++p->emptied;
    database->at_risk = 0;
}

static rf_code swap_databases(rf_passed_expiries *p, const rf_entry *command, rf_error *error)
{
    int64_t first, second;
    struct database *a, *b;
    if (command->argc != 3 || !number_parse_i64(command->argv[1], &first) ||
        !number_parse_i64(command->argv[2], &second))
        return RF_OK; /* the target rejects it */
    TRY(find_database(p, first, &a, error));
    TRY(find_database(p, second, &b, error));
    a = hash_table_find(&p->dbs, (uint64_t)first + 1, NULL, NULL);
    const struct database was = *a;
    a->id = b->id, a->at_risk = b->at_risk;
    b->id = was.id, b->at_risk = was.at_risk;
    return RF_OK;
}

/* --- commands ----------------------------------------------------------------------------------------- */

/* MOVE and COPY may write into another database. */
static int64_t destination_db(const struct command_row *row, const rf_entry *command)
{
    size_t at = command_db_argument(row, command);
    int64_t db = command->db;
    if (at > 0 && at < command->argc)
        number_parse_i64(command->argv[at], &db);
    return db;
}

/* Whether what the command replaces has no influence on the result. */
static bool overwrites(const rf_entry *command)
{
    if (slice_is_word(command->argv[0], "INCRBYFLOAT") || slice_is_word(command->argv[0], "INCREX"))
        return false;
    for (size_t i = 3; i < command->argc; i++)
        if (slice_is_word(command->argv[i], "KEEPTTL"))
            return false;
    return true;
}

/* Whether the target may lack a key that the command needs. */
static bool uses_risky(const rf_passed_expiries *p, const struct command_row *row, const rf_entry *command)
{
    struct command_key_walk walk;
    struct command_key key;
    if (row->kind == CLASS_EACH || p->keys.count == 0)
        return false;
    bool replaces = overwrites(command);
    command_keys_begin(&walk, row, command);
    while (command_keys_next(&walk, &key))
        if (key.role == KEY_PATTERN || (!(key.role == KEY_REPLACED && replaces) &&
                                        state_of(p, command->db, command->argv[key.argument]) != SAFE))
            return true;
    return false;
}

static rf_code use_keys(const struct noted *noted, const struct command_row *row, rf_error *error)
{
    const rf_entry *command = noted->entry;
    rf_passed_expiries *p = noted->passed;
    struct command_key_walk walk;
    struct command_key key;
    bool risky = uses_risky(p, row, command), replaces = overwrites(command);
    command_keys_begin(&walk, row, command);
    while (command_keys_next(&walk, &key)) {
        rf_slice name = command->argv[key.argument];
        int64_t db = key.role == KEY_REPLACED ? destination_db(row, command) : command->db;
        bool keeps = key.role == KEY_CHANGED || (key.role == KEY_REPLACED && !replaces);
        bool written = keeps || key.role == KEY_REPLACED;
        if (written && !noted->done && (risky || (keeps && state_of(p, db, name) != SAFE)))
            TRY(set_state(noted, db, name, AT_RISK, error));
        else if (!keeps && (key.role == KEY_REPLACED || key.role == KEY_DELETED))
            TRY(set_state(noted, db, name, SAFE, error));
    }
    return RF_OK;
}

/* What has expired for good is no longer at risk; what a command prolongs is. */
static enum state with_expiry(const struct noted *noted, enum state state, int64_t ms, bool of_elements)
{
    if (ms <= noted->passed->now && !of_elements)
        return PASSED;
    if (ms <= noted->passed->until)
        return state == SAFE ? PASSED : state;
    return noted->done && !of_elements ? SAFE : state;
}

static rf_code set_expiry(const struct noted *noted, const struct command_row *row,
                          const struct command_expiry *expiry, rf_error *error)
{
    const rf_entry *command = noted->entry;
    struct command_key_walk walk;
    struct command_key key;
    command_keys_begin(&walk, row, command);
    while (command_keys_next(&walk, &key)) {
        rf_slice name = command->argv[key.argument];
        enum state state = state_of(noted->passed, command->db, name);
        state = with_expiry(noted, state, expiry->ms, expiry->of_elements);
        TRY(set_state(noted, command->db, name, state, error));
    }
    return RF_OK;
}

/* Between what is shifted, and what is later than all that is. */
static bool is_distant(int64_t ms)
{
    return ms >= RF_EXPIRY_SHIFT_BELOW && ms < RF_EXPIRY_SHIFT + RF_EXPIRY_SHIFT_BELOW;
}

/* A key of which all other elements have expired is deleted by this as it is without it. */
static bool removes_elements(const rf_entry *command)
{
    return slice_is_word(command->argv[0], "HDEL") || slice_is_word(command->argv[0], "SREM");
}

static rf_code note_command(const struct noted *noted, rf_error *error)
{
    const rf_entry *command = noted->entry;
    rf_passed_expiries *p = noted->passed;
    struct command_expiry expiry;
    const struct command_row unknown = command_row_of_range("", 1, 1, 1), *row = command_row_find(command);
    bool expires = command_expiry_find(command, &expiry) && expiry.ms > 0;
    p->distant |= expires && !expiry.of_elements && is_distant(expiry.ms);
    p->of_elements |= expires && expiry.of_elements && expiry.ms <= p->until;
    if (p->keys.count == 0 && !(expires && expiry.ms <= p->until))
        return RF_OK;
    if (!row)
        row = &unknown;
    if (row->kind == CLASS_FLUSH_ALL)
        forget_all(p);
    else if (row->kind == CLASS_FLUSH_DB)
        forget_database(p, command->db);
    else if (row->kind == CLASS_SWAP_DBS)
        TRY(swap_databases(p, command, error));
    else if (!removes_elements(command))
        TRY(use_keys(noted, row, error));
    return expires ? set_expiry(noted, row, &expiry, error) : RF_OK;
}

/* --- keys --------------------------------------------------------------------------------------------- */

static rf_code note_key(const struct noted *noted, rf_entry *key, rf_error *error)
{
    const int64_t soon = noted->passed->until;
    noted->passed->distant |= is_distant(key->expire_ms);
    bool passed = key->expire_ms != RF_NO_EXPIRY && key->expire_ms <= soon;
    if (!passed && (key->type == RF_HASH || key->type == RF_SET)) {
        rf_field_expiry fields;
        TRY(rf_value_field_expiry(key->value, &fields, error));
        passed = fields.first_ms != RF_NO_EXPIRY && fields.first_ms <= soon;
        noted->passed->of_elements |= passed;
    }
    return passed ? set_state(noted, key->db, key->key, PASSED, error) : RF_OK;
}

/* --- all ---------------------------------------------------------------------------------------------- */

rf_code rf_passed_expiries_note(rf_passed_expiries *p, rf_entry *entry, bool done, rf_error *error)
{
    const struct noted noted = {p, entry, done};
    if (entry->kind == RF_ENTRY_KEY)
        return note_key(&noted, entry, error);
    return entry->kind == RF_ENTRY_COMMAND ? note_command(&noted, error) : RF_OK;
}

rf_keys_at_risk rf_passed_expiries_get(const rf_passed_expiries *p)
{
    size_t position = 0;
    rf_keys_at_risk keys = p->example.known ? p->example.key : (rf_keys_at_risk){0};
    keys.count = 0;
    keys.of_elements = p->of_elements;
    keys.distant = p->distant;
    for (const struct database *db; (db = hash_table_next(&p->dbs, &position));)
        keys.count += db->at_risk;
    return keys;
}
