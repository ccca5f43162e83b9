/* SPDX-License-Identifier: MIT */
#include "support/replaying.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <rdbferry/reader.h>
#include <rdbferry/slot.h>
#include <stdlib.h>

struct key_position {
    uint64_t offset;
    int64_t db;
    struct buffer name;
    bool failed;
};

/* --- what is acknowledged ------------------------------------------------------------------------------ */

static bool is_there(struct replaying *p, const struct key_position *position)
{
    bool found = false;
    pthread_mutex_lock(&p->fake.lock);
    for (unsigned i = 0; i < p->fake.nodes; i++)
        found |= fake_store_find(&p->fake.store, i, position->db, buffer_slice(&position->name)) != NULL;
    pthread_mutex_unlock(&p->fake.lock);
    return found;
}

static void check_acked(struct replaying *p)
{
    rf_position acked = rf_replay_acked(p->replay);
    if (p->waits > 0 && p->keys > 0 && acked.offset > p->positions[0].offset)
        cr_assert_geq(fake_count(&p->fake, "WAIT"), p->waits, "settled before a replica has it");
    for (; p->checked < p->keys && p->positions[p->checked].offset < acked.offset; p->checked++) {
        struct key_position *position = &p->positions[p->checked];
        bool expired = rf_replay_counts_get(p->replay).expired > 0; /* nobody tells which */
        cr_assert(expired || position->failed || is_there(p, position),
                  "'%s' counts as settled, and is not there", replaying_text(&position->name));
    }
}

static uint64_t acked_keys(const rf_replay_counts *c)
{
    return c->written + c->skipped + c->expired + c->empty + c->failed;
}

/* --- what is told --------------------------------------------------------------------------------------- */

static void note_failure(void *ctx, const rf_failure *failure)
{
    static const char *const kinds[RF_FAILURE_KINDS] = {"exists",      "indeterminate", "rejected",
                                                        "unsupported", "damaged",       "forbidden",
                                                        "changed",     "unsplittable"};
    struct replaying *p = ctx;
    record_text(&p->failures, "%s %lld:", kinds[failure->kind], (long long)failure->db);
    record_bytes(&p->failures, failure->key);
    record_text(&p->failures, ": %s|", failure->reason);
    for (uint64_t i = 0; i < p->keys; i++)
        p->positions[i].failed |= p->positions[i].offset == failure->position.offset;
}

/* A key without elements is acknowledged without being there. */
static void note_notice(void *ctx, const rf_notice *notice)
{
    struct replaying *p = ctx;
    for (uint64_t i = 0; notice->code == RF_NOTICE_EMPTY_KEY && i < p->keys; i++)
        p->positions[i].failed |= p->positions[i].offset == (uint64_t)notice->offset;
    if (notice->code != RF_NOTICE_DETAIL)
        return;
    record_text(&p->details, "%d:", notice->db);
    record_bytes(&p->details, notice->key);
    record_text(&p->details, ": %s|", notice->detail);
}

static rf_code note_letter(void *ctx, rf_slice bytes)
{
    struct replaying *p = ctx;
    cr_assert(buffer_append(&p->letters, bytes));
    return RF_OK;
}

static void note_log(void *ctx, rf_log_level level, const char *text)
{
    (void)level;
    record_text(&((struct replaying *)ctx)->log, "%s\n", text);
}

static rf_code tick(void *ctx, rf_error *error)
{
    struct replaying *p = ctx;
    if (p->replay)
        check_acked(p);
    if (p->ticks == 0 || --p->ticks > 0)
        return RF_OK;
    *error = (rf_error){.code = RF_E_WRITE, .offset = -1, .db = -1, .message = "enough"};
    return RF_E_WRITE;
}

const char *replaying_text(struct buffer *text)
{
    return record_end(text);
}

/* --- the run -------------------------------------------------------------------------------------------- */

static void note_key(struct replaying *p, const rf_entry *entry)
{
    if (entry->kind != RF_ENTRY_KEY)
        return;
    struct key_position *grown = realloc(p->positions, (p->keys + 1) * sizeof *grown);
    cr_assert_not_null(grown);
    p->positions = grown;
    p->positions[p->keys] = (struct key_position){.offset = entry->offset, .db = entry->db};
    cr_assert(buffer_append(&p->positions[p->keys++].name, entry->key));
}

/* A command before it may still be put. */
static rf_code refuse(struct replaying *p, const rf_entry *command)
{
    rf_code code = rf_replay_refuse(p->replay, 0, command, "refused", true, &p->error);
    cr_expect_leq(rf_replay_acked(p->replay).offset, command->offset);
    return code;
}

static void put_all(struct replaying *p, rf_reader *reader)
{
    rf_entry entry;
    rf_code code;
    while ((code = rf_reader_next(reader, &entry, &p->error)) == RF_OK) {
        note_key(p, &entry);
        if (p->fake.cluster && entry.kind == RF_ENTRY_COMMAND && entry.argc > 1)
            entry.slot = (int)rf_slot_of(entry.argv[1]); /* commands of one key */
        if (p->refuses && entry.kind == RF_ENTRY_COMMAND && slice_is_word(entry.argv[0], "RENAME"))
            p->code = refuse(p, &entry);
        else
            p->code = rf_replay_put(p->replay, 0, &entry, &p->error);
        check_acked(p);
        if (p->code == RF_OK && p->finish_often)
            p->code = rf_replay_finish(p->replay, &p->error);
        if (p->code != RF_OK)
            return;
    }
    rf_error second;
    rf_code finished = p->abandoned ? RF_OK
                                    : rf_replay_finish(p->replay, code == RF_END ? &p->error : &second);
    p->code = code == RF_END ? finished : code;
    check_acked(p);
    if (p->code == RF_OK && !p->abandoned && !p->keeps_positions)
        p->code = rf_replay_remove_positions(p->replay, &p->error);
}

static void read_and_put(struct replaying *p)
{
    struct build file = {0};
    rf_source *source;
    rf_reader *reader;
    const char *magic = p->magic ? p->magic : "REDIS0011";
    if (p->commands || p->aof.len > 0) {
        put_bytes(&file, p->commands ? slice_of(p->commands, strlen(p->commands)) : p->aof);
    } else {
        put_bytes(&file, slice_of(magic, strlen(magic)));
        put_bytes(&file, built(&p->input));
        put_end(&file);
    }
    rf_reader_options options = {.block_size = 4096, .resume = true};
    cr_assert_eq(rf_source_open_memory(built(&file).ptr, built(&file).len, "file", &source, &p->error),
                 RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &reader, &p->error), RF_OK, "%s", p->error.message);
    put_all(p, reader);
    rf_reader_close(reader);
    build_free(&file);
}

/* What went to all nodes is what is counted. */
static void check_nodes(struct replaying *p)
{
    rf_replay_node node;
    uint64_t keys = 0, bytes = 0;
    for (size_t i = 0; rf_replay_node_get(p->replay, i, &node); i++) {
        keys += node.keys;
        bytes += node.bytes;
        cr_expect_eq(strncmp(node.name, "127.0.0.1:", 10), 0, "%s", node.name);
        cr_expect_leq(node.connections, p->options.connections ? p->options.connections : 2);
    }
    cr_expect_eq(keys, p->counts.written);
    cr_expect_eq(bytes, p->counts.bytes);
}

static void check_end(struct replaying *p)
{
    rf_error again;
    p->counts = rf_replay_counts_get(p->replay);
    p->acked = rf_replay_acked(p->replay);
    cr_expect_leq(acked_keys(&p->counts), p->keys);
    check_nodes(p);
    if (p->abandoned)
        return;
    if (rf_code_is_input(p->code))
        return; /* of the input */
    if (p->code != RF_OK) {
        cr_expect_geq(acked_keys(&p->counts), p->checked);
        cr_expect_eq(rf_replay_finish(p->replay, &again), p->code, "errors are sticky");
        cr_expect_str_eq(again.message, p->error.message);
        return;
    }
    cr_expect_eq(acked_keys(&p->counts), p->keys, "%s", replaying_text(&p->failures));
    cr_expect_eq(p->checked, p->keys);
}

void replaying_run(struct replaying *p)
{
    fake_target_start(&p->fake);
    if (p->timeout_ms > 0)
        p->fake.target.timeout_ms = p->timeout_ms;
    if (p->password)
        cr_assert_not_null(p->fake.target.password = strdup(p->password));
    if (p->there)
        fake_do(&p->fake, p->there);
    p->options.failed = note_failure;
    p->options.dead_letter = note_letter;
    p->options.notify = (rf_notify){note_notice, p};
    p->options.on_log = note_log;
    p->options.tick = tick;
    p->options.ctx = p;
    if (!p->options.run)
        p->options.run = "test";
    p->fake.target.server = p->server;
    if (p->map)
        cr_assert_eq(rf_target_map_address(&p->fake.target, p->map, &p->error), RF_OK);
    p->code = rf_replay_open(&p->fake.target, &p->options, &p->replay, &p->error);
    if (p->code == RF_OK) {
        read_and_put(p);
        check_end(p);
        p->info = *rf_replay_info_get(p->replay);
    }
    rf_replay_close(p->replay);
    fake_target_stop(&p->fake);
    p->store = fake_text(&p->fake);
    replaying_text(&p->failures);
    replaying_text(&p->letters);
    replaying_text(&p->log);
}

void replaying_free(struct replaying *p)
{
    for (uint64_t i = 0; i < p->keys; i++)
        buffer_free(&p->positions[i].name);
    free(p->positions);
    free(p->store);
    build_free(&p->input);
    buffer_free(&p->failures);
    buffer_free(&p->letters);
    buffer_free(&p->details);
    buffer_free(&p->log);
    fake_target_free(&p->fake);
}

void replaying_expect(struct replaying *p, const char *hex, const char *store)
{
    put_hex(&p->input, hex);
    replaying_run(p);
    cr_expect_eq(p->code, RF_OK, "%s", p->error.message);
    cr_expect_str_eq(p->store, store, "%s", p->store);
}
