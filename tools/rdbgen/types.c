/* SPDX-License-Identifier: MIT */
/* `types`: a small file with every opcode and every value type of a version.
 *
 *   AUX*  MODULE_AUX  FUNCTION2*  HASH_TEMPLATE*
 *   per database:  SELECTDB RESIZEDB
 *     per key: [AUX] [expiry] [IDLE | FREQ] [NO_EVICT] [KEY_META] type key value
 *   SELECTDB  MODULE_AUX  EOF  checksum
 *
 * The table says which types there are; the keys of each type, one for each variant, go round the
 * databases. */
#include "gen.h"
#include "plain_json.h"

#include <stdio.h>

enum whose { COMMON, REDIS, VALKEY, DRAGONFLY };

struct row {
    uint8_t number;
    int since; /* RDB version */
    enum whose whose;
    const char *name, *logical; /* name: what its keys are called */
    void (*make)(struct types *types, struct content *content);
    void (*encode)(struct types *types, const struct content *content);
};

static const struct row rows[] = {
    {0, 1, COMMON, "string", "string", make_string, gen_string_value},
    {1, 1, COMMON, "linkedlist", "list", make_list, gen_strings},
    {2, 1, COMMON, "set", "set", make_set, gen_strings},
    {3, 1, COMMON, "zset", "zset", make_zset, gen_zset_text},
    {4, 1, COMMON, "hash", "hash", make_hash, gen_hash},
    {5, 8, COMMON, "zset_2", "zset", make_zset, gen_zset},
    {7, 8, COMMON, "module", "rdbgenmod", make_nothing, gen_module},
    {7, 12, REDIS, "vectors", "vectorset", make_nothing, gen_vector_set},
    {9, 2, COMMON, "hash_zipmap", "hash", make_hash, gen_zipmap},
    {10, 2, COMMON, "list_ziplist", "list", make_list, gen_list_ziplist},
    {11, 2, COMMON, "set_intset", "set", make_intset, gen_intset},
    {12, 2, COMMON, "zset_ziplist", "zset", make_zset, gen_zset_ziplist},
    {13, 4, COMMON, "hash_ziplist", "hash", make_hash, gen_hash_ziplist},
    {14, 7, COMMON, "quicklist", "list", make_list, gen_quicklist_ziplist},
    {15, 9, COMMON, "stream", "stream", make_stream, gen_stream},
    {16, 10, COMMON, "hash_listpack", "hash", make_hash, gen_hash_listpack},
    {17, 10, COMMON, "zset_listpack", "zset", make_zset, gen_zset_listpack},
    {18, 10, COMMON, "quicklist_2", "list", make_list, gen_quicklist},
    {19, 10, COMMON, "stream_2", "stream", make_stream, gen_stream},
    {20, 11, COMMON, "set_listpack", "set", make_set, gen_set_listpack},
    {21, 11, COMMON, "stream_3", "stream", make_stream, gen_stream},
    {22, 12, REDIS, "hash_rc", "hash", make_hash_with_ttl, gen_hash_ttl_prerelease},
    {23, 12, REDIS, "hash_lp_rc", "hash", make_hash_with_ttl, gen_hash_listpack_ttl_prerelease},
    {24, 12, REDIS, "hash_ex", "hash", make_hash_with_ttl, gen_hash_ttl},
    {25, 12, REDIS, "hash_lp_ex", "hash", make_hash_with_ttl, gen_hash_listpack_ttl},
    {26, 13, REDIS, "stream_4", "stream", make_stream, gen_stream},
    {27, 14, REDIS, "stream_5", "stream", make_stream, gen_stream},
    {28, 14, REDIS, "array", "array", make_array, gen_array},
    {30, 15, REDIS, "hash_tmpl_lp", "hash", make_template_hash, gen_template_listpack},
    {32, 15, REDIS, "hash_tmpl", "hash", make_template_hash, gen_template_hash},
    {34, 17, REDIS, "set_lp_ex", "set", make_hash_with_ttl, gen_set_listpack_ttl},
    {35, 17, REDIS, "set_ex", "set", make_hash_with_ttl, gen_set_ttl},
    {22, 80, VALKEY, "hash_2", "hash", make_hash_with_ttl, gen_hash_ttl_valkey},
    {23, 81, VALKEY, "path_hash", "path-hash", make_path_hash, gen_path_hash},
    {30, 9, DRAGONFLY, "json", "string", make_string, gen_string_value},
    {31, 9, DRAGONFLY, "hash_seconds", "hash", make_hash_with_seconds, gen_hash_seconds},
    {32, 9, DRAGONFLY, "set_seconds", "set", make_hash_with_seconds, gen_set_seconds},
};
enum { STRING = 0, MODULE_2 = 7, SET_LISTPACK = 20, ROWS = sizeof rows / sizeof *rows, DATABASES = 4 };

static const unsigned databases[DATABASES] = {0, 1, 9, 15};

static bool is_dragonfly(const struct types *types)
{
    return types->options->dialect == RF_DRAGONFLY;
}

static bool has(const struct types *types, enum whose whose, int since)
{
    static const enum whose dialects[RF_DIALECTS] = {
        [RF_REDIS] = REDIS, [RF_VALKEY] = VALKEY, [RF_DRAGONFLY] = DRAGONFLY};
    bool ours = whose == COMMON || whose == dialects[types->options->dialect];
    return ours && types->options->rdb_version >= since;
}

/* Dragonfly has newer types than the version in its header, but that for sets. */
static bool has_row(const struct types *types, const struct row *row)
{
    if (is_dragonfly(types) && row->whose == COMMON)
        return row->number != SET_LISTPACK && row->number != MODULE_2;
    return has(types, row->whose, row->since) && !(row->number == MODULE_2 && types->options->no_modules);
}

/* --- before and after the keys ------------------------------------------------------------------------ */

struct aux {
    int since, until; /* RDB versions */
    enum whose whose;
    const char *name, *value;
};

static const struct aux header_aux[] = {
    {7, 99, COMMON, "redis-bits", "64"},
    {7, 99, COMMON, "ctime", "1700000000"},
    {7, 99, COMMON, "used-mem", "1048576"},
    {8, 99, COMMON, "repl-stream-db", "0"},
    {8, 99, COMMON, "repl-id", "0123456789abcdef0123456789abcdef01234567"},
    {8, 99, COMMON, "repl-offset", "5000000000"},
    {8, 9, COMMON, "aof-preamble", "0"},
    {8, 9, COMMON, "lua", "return {KEYS[1], ARGV[1]}"},
    {10, 99, COMMON, "aof-base", "0"},
    {12, 99, REDIS, "cluster-asm-task", ""},
    {7, 99, COMMON, "%made-by", "rdbgen"},
    {7, 99, COMMON, "nobody-knows-this", "-129"},
};

static void gen_aux(struct types *types, const char *name, const char *value)
{
    out_byte(&types->out, OP_AUX);
    gen_string(types, slice_of(name, strlen(name)));
    gen_string(types, slice_of(value, strlen(value)));
}

/* The newest server that writes this version; Valkey has a name of its own for it since 8.0. */
static void gen_writer(struct types *types)
{
    char version[32];
    const struct options *options = types->options;
    rf_server server = rf_server_of_rdb(options->dialect, options->rdb_version);
    snprintf(version, sizeof version, "%d.%d.0", server.major, server.minor);
    gen_aux(types, options->dialect == RF_VALKEY ? "valkey-ver" : "redis-ver", version);
    if (options->dialect == RF_DRAGONFLY)
        gen_aux(types, "df-ver", "v1.36.0");
}

static rf_slice gen_function(struct types *types, int i)
{
    enum { ROOM = 128 };
    char *code = types_alloc(types, ROOM);
    int length = snprintf(
        code, ROOM, "#!lua name=lib%d\nredis.register_function('f%d', function() return %d end)\n", i, i, i);
    rf_slice library = slice_of(code, (size_t)length);
    out_byte(&types->out, OP_FUNCTION2);
    gen_string(types, library);
    return library;
}

static void gen_functions(struct types *types, struct plain_json *json)
{
    for (int i = 0; i < 2; i++)
        json_function(json, gen_function(types, i));
}

static void gen_head(struct types *types, struct plain_json *json)
{
    if (has(types, COMMON, 7))
        gen_writer(types);
    for (size_t i = 0; i < sizeof header_aux / sizeof *header_aux; i++) {
        const struct aux *aux = &header_aux[i];
        if (has(types, aux->whose, aux->since) && types->options->rdb_version <= aux->until)
            gen_aux(types, aux->name, aux->value);
    }
    if (has(types, COMMON, 9) && !types->options->no_modules)
        gen_module_aux(types, 1);
    if (has(types, COMMON, 10))
        gen_functions(types, json);
    if (has(types, REDIS, 15))
        gen_templates(types);
}

/* A database that is selected and has no keys, and what modules say last. */
static void gen_tail(struct types *types)
{
    out_select(&types->out, databases[1], 0, 0);
    if (has(types, COMMON, 9) && !types->options->no_modules)
        gen_module_aux(types, 2);
}

/* --- what comes before a key --------------------------------------------------------------------------- */

/* The past, the future, the far future. */
static void gen_expiry(struct types *types, struct key_facts *key)
{
    static const int64_t times[] = {1, 1600000000, 2000000000, INT32_MAX};
    static const int64_t times_ms[] = {1, 1600000000123, 4102444800456, ((int64_t)1 << 46) - 1};
    size_t choice = rng_below(&types->rng, 16);
    key->expire_ms = NO_EXPIRY;
    if (choice < 4) {
        key->expire_ms = 1000 * times[choice];
        out_byte(&types->out, OP_EXPIRETIME);
        out_u32le(&types->out, (uint32_t)times[choice]);
    } else if (choice < 8 && has(types, COMMON, 3)) {
        key->expire_ms = times_ms[choice - 4];
        out_expire_ms(&types->out, key->expire_ms);
    }
}

static void gen_use(struct types *types, struct key_facts *key)
{
    size_t choice = has(types, COMMON, 9) ? rng_below(&types->rng, 8) : 8;
    key->idle = key->freq = -1;
    if (choice == 0) {
        key->idle = (int64_t)rng_below(&types->rng, 100000);
        out_byte(&types->out, OP_IDLE);
        gen_length(types, (uint64_t)key->idle);
    } else if (choice == 1) {
        key->freq = (int64_t)rng_below(&types->rng, 256);
        out_byte(&types->out, OP_FREQ);
        out_byte(&types->out, (uint8_t)key->freq);
    }
}

/* Records that stand among the keys and concern none of them, or all. */
static void gen_between(struct types *types)
{
    size_t choice = rng_below(&types->rng, 16);
    if (choice == 0 && has(types, COMMON, 7)) {
        gen_aux(types, "between-keys", "1");
    } else if (choice == 1 && has(types, REDIS, 12)) {
        out_byte(&types->out, OP_SLOT_INFO);
        gen_length(types, rng_below(&types->rng, 16384));
        gen_length(types, 1);
        gen_length(types, 0);
    }
}

/* The order does not matter. */
static void gen_prefixes(struct types *types, struct key_facts *key)
{
    if (rng_below(&types->rng, 2)) {
        gen_expiry(types, key);
        gen_between(types);
        gen_use(types, key);
    } else {
        gen_use(types, key);
        gen_expiry(types, key);
        gen_between(types);
    }
    key->no_evict = has(types, REDIS, 16) && rng_below(&types->rng, 8) == 0;
    if (key->no_evict)
        out_byte(&types->out, OP_NO_EVICT);
    if (has(types, REDIS, 13) && !types->options->no_modules && rng_below(&types->rng, 8) == 0)
        gen_key_meta(types);
}

/* --- keys --------------------------------------------------------------------------------------------- */

/* Different for each row and variant. Those of the first strings are empty or integers. */
static rf_slice key_name(struct types *types, const struct row *row)
{
    static const rf_slice styles[] = {SLICE(""),           SLICE("user:{tag}:"), SLICE("\0\xff"),
                                      SLICE("a key "),     SLICE("\r\n$1"),      SLICE("{}"),
                                      SLICE("k\xc3\xa9y:")};
    enum { STYLES = sizeof styles / sizeof *styles, ROOM = 64 };
    unsigned variant = types->variant;
    rf_slice style = styles[variant % STYLES];
    char *name = types_alloc(types, ROOM);
    int length = 0;
    if (row->number == STRING && variant < 4) {
        length = variant ? snprintf(name, ROOM, "-%u", 1000 * variant) : 0;
        return slice_of(name, (size_t)length);
    }
    memcpy(name, style.ptr, style.len);
    length = snprintf(name + style.len, ROOM - style.len, "%s:%u", row->name, variant);
    return slice_of(name, style.len + (size_t)length);
}

/* Which is for the larger collections of Dragonfly. */
static bool may_be_chunked(const struct types *types, const struct row *row)
{
    static const bool numbers[64] = {[2] = true, [4] = true, [5] = true, [31] = true, [32] = true};
    return is_dragonfly(types) && numbers[row->number];
}

static void gen_key(struct types *types, const struct row *row, unsigned db, struct plain_json *json)
{
    struct content content = {0};
    struct key_facts key = {.db = db, .expire_ms = NO_EXPIRY, .idle = -1, .freq = -1};
    bool chunked = may_be_chunked(types, row) && rng_below(&types->rng, 4) == 0;
    size_t start = (size_t)(types->out.pos - types->out.start);
    types->type = row->number;
    arena_reset(&types->arena);
    if (is_dragonfly(types))
        gen_key_flags(types);
    if (!chunked)
        gen_prefixes(types, &key);
    key.name = key_name(types, row);
    row->make(types, &content);
    out_byte(&types->out, row->number);
    gen_string(types, key.name);
    row->encode(types, &content);
    if (chunked)
        gen_chunk_of(types, start);
    json_key(json, &key, row->logical, &content);
}

static const struct row *any_row(struct types *types)
{
    const struct row *row = rows + rng_below(&types->rng, ROWS);
    while (!has_row(types, row))
        row = rows + rng_below(&types->rng, ROWS);
    return row;
}

/* Few are long: what is looked for is in the structures. */
static unsigned any_variant(struct rng *rng)
{
    size_t choice = rng_below(rng, 32);
    return choice < VARIANT_RANDOM ? (unsigned)choice : VARIANT_RANDOM + (unsigned)rng_below(rng, 100);
}

void gen_any_key(struct types *types, rf_slice name)
{
    struct content content = {0};
    const struct row *row = any_row(types);
    types->variant = any_variant(&types->rng);
    types->type = row->number;
    arena_reset(&types->arena);
    row->make(types, &content);
    out_byte(&types->out, row->number);
    if (name.len)
        out_plain_string(&types->out, name);
    else
        gen_string(types, key_name(types, row));
    row->encode(types, &content);
}

void gen_any_record(struct types *types)
{
    enum { SELECT, RESIZE, AUX, FUNCTION, EXPIRY, USE, BETWEEN, RECORDS };
    struct key_facts key;
    switch (rng_below(&types->rng, RECORDS)) {
    case SELECT:
        out_byte(&types->out, OP_SELECTDB);
        gen_length(types, databases[rng_below(&types->rng, DATABASES)]);
        break;
    case RESIZE:
        out_byte(&types->out, OP_RESIZEDB);
        gen_length(types, rng_below(&types->rng, 10));
        gen_length(types, rng_below(&types->rng, 10));
        break;
    case AUX: {
        const struct aux *aux = &header_aux[rng_below(&types->rng, sizeof header_aux / sizeof *header_aux)];
        gen_aux(types, aux->name, aux->value);
        break;
    }
    case FUNCTION: gen_function(types, (int)rng_below(&types->rng, 3)); break;
    case EXPIRY: gen_expiry(types, &key); break;
    case USE: gen_use(types, &key); break;
    default: gen_between(types);
    }
}

/* How many keys of this row: strings have one for every text near a limit. */
static size_t variants(const struct row *row, size_t per_row)
{
    enum { STRINGS = 60 };
    return row->number == STRING && per_row < STRINGS ? STRINGS : per_row;
}

static bool belongs(const struct row *row, unsigned variant, size_t index)
{
    return ((size_t)(row - rows) + variant) % DATABASES == index;
}

static void gen_database(struct types *types, size_t index, size_t per_row, struct plain_json *json)
{
    size_t keys = 0;
    for (const struct row *row = rows; row < rows + ROWS; row++)
        for (unsigned i = 0; i < variants(row, per_row); i++)
            keys += has_row(types, row) && belongs(row, i, index);

    out_select(&types->out, databases[index], keys, keys / 2);
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        out_flush(&types->out);
        for (unsigned i = 0; i < variants(row, per_row); i++) {
            types->variant = i;
            if (has_row(types, row) && belongs(row, i, index))
                gen_key(types, row, databases[index], json);
        }
        if (is_dragonfly(types) && rng_below(&types->rng, 2))
            gen_block_of(types, 0);
    }
}

static void gen_slot_import(struct types *types)
{
    out_byte(&types->out, OP_SLOT_IMPORT);
    gen_string(types, SLICE("0123456789abcdef0123456789abcdef01234567"));
    gen_length(types, 2);
    for (uint64_t slot = 100; slot <= 300; slot += 200) {
        gen_length(types, slot);
        gen_length(types, slot + 50);
    }
}

/* --- the file ------------------------------------------------------------------------------------------ */

static size_t keys_per_row(const struct types *types)
{
    enum { AT_LEAST = VARIANT_RANDOM + 3, KEYS = 180 };
    size_t present = 0, keys = types->options->keys ? types->options->keys : KEYS;
    for (const struct row *row = rows; row < rows + ROWS; row++)
        present += has_row(types, row);
    return keys / present < AT_LEAST ? AT_LEAST : keys / present;
}

void generate_types(const struct options *options)
{
    struct types types = {.options = options, .rng = {options->seed}};
    struct plain_json json = {0};
    out_open(&types.out, options->output, options->dialect, options->rdb_version);
    gen_head(&types, &json);
    if (has(&types, VALKEY, 80) && !options->no_modules)
        gen_slot_import(&types);
    for (size_t i = 0; i < DATABASES; i++)
        gen_database(&types, i, keys_per_row(&types), &json);
    if (is_dragonfly(&types)) {
        gen_sketches(&types);
        gen_indexes(&types);
    }
    gen_tail(&types);
    out_close(&types.out);
    if (options->json)
        json_write(&json, options);
    buffer_free(&json.functions);
    buffer_free(&json.data);
    buffer_free(&types.pack.bytes);
    arena_free(&types.arena);
}
