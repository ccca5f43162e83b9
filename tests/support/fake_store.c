/* SPDX-License-Identifier: MIT */
#include "support/fake_store.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "codec/crc64.h"
#include "rdb/rdb_write.h"
#include "support/record.h"
#include <stdlib.h>
#include <string.h>

static void append(struct buffer *out, rf_slice bytes)
{
    if (!buffer_append(out, bytes))
        abort();
}

/* --- keys ----------------------------------------------------------------------------------------------- */

static void free_key(struct fake_key *key)
{
    buffer_free(&key->name);
    buffer_free(&key->payload);
    buffer_free(&key->elements);
}

static void remove_key(struct fake_store *s, struct fake_key *key)
{
    free_key(key);
    *key = s->keys[--s->count];
}

struct fake_key *fake_store_find(struct fake_store *s, unsigned node, int64_t db, rf_slice name)
{
    for (size_t i = 0; i < s->count; i++) {
        struct fake_key *key = &s->keys[i];
        if (key->node != node || key->db != db || !slice_equal(buffer_slice(&key->name), name))
            continue;
        if (key->expire_ms < 0 || key->expire_ms > clock_unix_us() / 1000)
            return key;
        remove_key(s, key);
        return NULL;
    }
    return NULL;
}

static struct fake_key *add_key(struct fake_store *s, unsigned node, int64_t db, rf_slice name)
{
    if ((s->count & (s->count - 1)) == 0 &&
        !(s->keys = realloc(s->keys, (2 * s->count + 1) * sizeof *s->keys)))
        abort();
    s->keys[s->count] = (struct fake_key){.node = node, .db = db, .expire_ms = -1};
    append(&s->keys[s->count].name, name);
    return &s->keys[s->count++];
}

void fake_store_free(struct fake_store *s)
{
    for (size_t i = 0; i < s->count; i++)
        free_key(&s->keys[i]);
    free(s->keys);
    *s = (struct fake_store){0};
}

static void add_element(struct fake_key *key, rf_slice element)
{
    uint8_t length[RDB_LENGTH_MAX];
    append(&key->elements, slice_of(length, rdb_put_length(length, element.len)));
    append(&key->elements, element);
    key->count++;
}

/* --- commands ------------------------------------------------------------------------------------------- */

struct call {
    struct fake_store *s;
    unsigned node;
    int64_t db;
    const rf_slice *argv;
    size_t argc;
    struct fake_key *key; /* NULL: there is none */
    struct buffer *reply;
};

static void say(const struct call *c, const char *reply)
{
    append(c->reply, slice_of(reply, strlen(reply)));
}

static int64_t number(rf_slice text)
{
    char copy[32] = "";
    memcpy(copy, text.ptr, text.len < sizeof copy - 1 ? text.len : sizeof copy - 1);
    return strtoll(copy, NULL, 10);
}

static bool has_option(const struct call *c, size_t from, const char *option)
{
    for (size_t i = from; i < c->argc; i++)
        if (slice_equal(c->argv[i], slice_of(option, strlen(option))))
            return true;
    return false;
}

static struct fake_key *fresh(struct call *c)
{
    if (c->key)
        remove_key(c->s, c->key);
    return add_key(c->s, c->node, c->db, c->argv[1]);
}

static void do_set(struct call *c)
{
    bool setnx = c->argv[0].len == 5;
    if (c->key && (setnx || has_option(c, 3, "NX"))) {
        say(c, setnx ? ":0\r\n" : "$-1\r\n");
        return;
    }
    struct fake_key *key = fresh(c);
    add_element(key, c->argv[2]);
    for (size_t i = 3; i + 1 < c->argc; i++)
        if (slice_equal(c->argv[i], SLICE("PXAT")))
            key->expire_ms = number(c->argv[i + 1]);
    say(c, setnx ? ":1\r\n" : "+OK\r\n");
}

static void do_set_many(struct call *c)
{
    bool only_new = c->argv[0].len == 6;
    for (size_t i = 1; i < c->argc && only_new; i += 2)
        if (fake_store_find(c->s, c->node, c->db, c->argv[i])) {
            say(c, ":0\r\n");
            return;
        }
    for (size_t i = 1; i + 1 < c->argc; i += 2) {
        struct fake_key *there = fake_store_find(c->s, c->node, c->db, c->argv[i]);
        if (there)
            remove_key(c->s, there);
        add_element(add_key(c->s, c->node, c->db, c->argv[i]), c->argv[i + 1]);
    }
    say(c, only_new ? ":1\r\n" : "+OK\r\n");
}

static void do_restore(struct call *c)
{
    if (c->key && !has_option(c, 4, "REPLACE")) {
        say(c, "-BUSYKEY Target key name already exists.\r\n");
        return;
    }
    struct fake_key *key = fresh(c);
    append(&key->payload, c->argv[3]);
    if (has_option(c, 4, "ABSTTL"))
        key->expire_ms = number(c->argv[2]);
    say(c, "+OK\r\n");
}

static uint8_t type_of(rf_slice command)
{
    static const struct {
        const char *name;
        uint8_t type;
    } types[] = {{"RPUSH", 1}, {"SADD", 2}, {"HMSET", 4}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (slice_equal(command, slice_of(types[i].name, strlen(types[i].name))))
            return types[i].type;
    return 0;
}

static void do_add(struct call *c)
{
    uint8_t type = type_of(c->argv[0]);
    if (c->key && (c->key->type != type || c->key->payload.len > 0)) {
        say(c, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
        return;
    }
    struct fake_key *key = c->key ? c->key : fresh(c);
    key->type = type;
    for (size_t i = 2; i < c->argc; i++)
        add_element(key, c->argv[i]);
    say(c, type == 4 ? "+OK\r\n" : ":1\r\n");
}

/* SADDEX key PXAT ms MEMBERS 1 member */
static void do_add_expiring(struct call *c)
{
    struct fake_key *key = c->key ? c->key : fresh(c);
    struct buffer element = {0};
    if (!slice_equal(c->argv[2], SLICE("PXAT")) || !slice_equal(c->argv[4], SLICE("MEMBERS")) ||
        c->argc != 7) {
        say(c, "-ERR syntax error\r\n");
        return;
    }
    key->type = 2;
    append(&element, c->argv[6]);
    append(&element, SLICE("@"));
    append(&element, c->argv[3]);
    add_element(key, buffer_slice(&element));
    buffer_free(&element);
    say(c, ":1\r\n");
}

/* BLESS SET key NO-EVICT */
static void do_bless(struct call *c)
{
    struct fake_key *key = fake_store_find(c->s, c->node, c->db, c->argv[2]);
    if (!key || !slice_equal(c->argv[1], SLICE("SET")) || !slice_equal(c->argv[3], SLICE("NO-EVICT"))) {
        say(c, key ? "-ERR syntax error\r\n" : "-ERR no such key\r\n");
        return;
    }
    say(c, key->no_evict ? ":0\r\n" : ":1\r\n");
    key->no_evict = true;
}

/* Of a string that SET has written: its element has a length of one byte. */
static void do_get(struct call *c)
{
    if (!c->key || c->key->elements.len == 0) {
        say(c, "$-1\r\n");
        return;
    }
    record_text(c->reply, "$%u\r\n", c->key->elements.data[0]);
    append(c->reply, slice_of(c->key->elements.data + 1, c->key->elements.data[0]));
    say(c, "\r\n");
}

static void do_exists(struct call *c)
{
    say(c, c->key ? ":1\r\n" : ":0\r\n");
}

static void do_remove(struct call *c)
{
    say(c, c->key ? ":1\r\n" : ":0\r\n");
    if (c->key)
        remove_key(c->s, c->key);
}

static void do_expire(struct call *c)
{
    say(c, c->key ? ":1\r\n" : ":0\r\n");
    if (c->key)
        c->key->expire_ms = number(c->argv[2]);
}

static void do_expire_in(struct call *c)
{
    say(c, c->key ? ":1\r\n" : ":0\r\n");
    if (c->key)
        c->key->expire_ms = clock_unix_us() / 1000 + number(c->argv[2]);
}

static void do_persist(struct call *c)
{
    say(c, c->key && c->key->expire_ms >= 0 ? ":1\r\n" : ":0\r\n");
    if (c->key)
        c->key->expire_ms = -1;
}

static void do_rename(struct call *c)
{
    bool only_new = c->argv[0].len == 8;
    if (!c->key) {
        say(c, "-ERR no such key\r\n");
        return;
    }
    struct fake_key *there = fake_store_find(c->s, c->node, c->db, c->argv[2]);
    if (there && only_new) {
        say(c, ":0\r\n");
        return;
    }
    if (there)
        remove_key(c->s, there);
    c->key = fake_store_find(c->s, c->node, c->db, c->argv[1]);
    c->key->name.len = 0;
    append(&c->key->name, c->argv[2]);
    say(c, only_new ? ":1\r\n" : "+OK\r\n");
}

static void put_payload(const struct fake_key *key, struct buffer *out)
{
    uint8_t length[RDB_LENGTH_MAX], footer[10];
    append(out, slice_of(&key->type, 1));
    if (key->type != 0)
        append(out, slice_of(length, rdb_put_length(length, key->type == 4 ? key->count / 2 : key->count)));
    append(out, buffer_slice(&key->elements));
    store_le16(footer, 6);
    store_le64(footer + 2, crc64(crc64(0, out->data, out->len), footer, 2));
    append(out, slice_of(footer, sizeof footer));
}

static void do_dump(struct call *c)
{
    struct buffer payload = {0};
    if (!c->key) {
        say(c, "$-1\r\n");
        return;
    }
    if (c->key->payload.len > 0)
        append(&payload, buffer_slice(&c->key->payload));
    else
        put_payload(c->key, &payload);
    record_text(c->reply, "$%zu\r\n", payload.len);
    append(c->reply, buffer_slice(&payload));
    say(c, "\r\n");
    buffer_free(&payload);
}

static void do_pttl(struct call *c)
{
    long long left = !c->key ? -2 : c->key->expire_ms < 0 ? -1 : c->key->expire_ms - clock_unix_us() / 1000;
    record_text(c->reply, ":%lld\r\n", left);
}

static const struct {
    const char *name;
    size_t argc; /* at least */
    void (*run)(struct call *call);
} commands[] = {
    {"SET", 3, do_set},           {"SETNX", 3, do_set},
    {"RESTORE", 4, do_restore},   {"RPUSH", 3, do_add},
    {"SADD", 3, do_add},          {"HMSET", 4, do_add},
    {"UNLINK", 2, do_remove},     {"DEL", 2, do_remove},
    {"RENAME", 3, do_rename},     {"RENAMENX", 3, do_rename},
    {"PEXPIREAT", 3, do_expire},  {"DUMP", 2, do_dump},
    {"PEXPIRE", 3, do_expire_in}, {"PERSIST", 2, do_persist},
    {"PTTL", 2, do_pttl},         {"EXISTS", 2, do_exists},
    {"GET", 2, do_get},           {"MSET", 3, do_set_many},
    {"MSETNX", 3, do_set_many},   {"SADDEX", 7, do_add_expiring},
    {"BLESS", 4, do_bless},
};

bool fake_store_do(struct fake_store *s, unsigned node, int64_t db, const rf_slice *argv, size_t argc,
                   struct buffer *reply)
{
    struct call c = {.s = s, .node = node, .db = db, .argv = argv, .argc = argc, .reply = reply};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!slice_equal(argv[0], slice_of(commands[i].name, strlen(commands[i].name))))
            continue;
        if (argc < commands[i].argc) {
            say(&c, "-ERR wrong number of arguments\r\n");
            return true;
        }
        c.key = fake_store_find(s, node, db, argv[1]);
        commands[i].run(&c);
        return true;
    }
    return false;
}

/* --- as text -------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct fake_key *x = a, *y = b;
    int order = (x->node > y->node) - (x->node < y->node);
    if (order == 0)
        order = (x->db > y->db) - (x->db < y->db);
    return order ? order : slice_compare(buffer_slice(&x->name), buffer_slice(&y->name));
}

static void elements_as_text(const struct fake_key *key, struct buffer *text)
{
    const uint8_t *p = key->elements.data;
    for (uint64_t i = 0; i < key->count; i++) {
        size_t length = p[0] < 64 ? p[0] : p[0] < 128 ? (size_t)(p[0] & 63) << 8 | p[1] : load_be32(p + 1);
        p += p[0] < 64 ? 1 : p[0] < 128 ? 2 : 5;
        record_text(text, "%s", i ? " " : "");
        record_bytes(text, slice_of(p, length < 16 ? length : 16));
        if (length >= 16)
            record_text(text, "...%zu", length);
        p += length;
    }
}

void fake_store_text(const struct fake_store *s, struct buffer *text)
{
    if (s->count > 0)
        qsort(s->keys, s->count, sizeof *s->keys, by_name);
    for (size_t i = 0; i < s->count; i++) {
        const struct fake_key *key = &s->keys[i];
        if (key->node > 0)
            record_text(text, "%u/", key->node);
        record_text(text, "%lld:", (long long)key->db);
        record_bytes(text, buffer_slice(&key->name));
        record_text(text, "=");
        for (size_t j = 1; j + 10 < key->payload.len; j++)
            record_text(text, "%s%02x", j == 1 ? "[" : "", key->payload.data[j]);
        if (key->payload.len > 0)
            record_text(text, "]");
        else
            elements_as_text(key, text);
        record_text(text, key->no_evict ? "!|" : "|");
    }
    record_end(text);
}
