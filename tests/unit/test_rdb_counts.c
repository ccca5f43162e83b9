/* SPDX-License-Identifier: MIT */
/* RESIZEDB: how many keys an RDB says that it has. */
#include "support/exact.h"
#include "support/rdb_made.h"
#include <criterion/criterion.h>
#include <rdbferry/reader.h>
#include <unistd.h>

enum { DATABASES = 2000 };

struct counts {
    uint64_t keys, expiring;
    unsigned told; /* how often */
};

/* What a file says of its databases, and what is there. */
struct held_against {
    struct counts said[DATABASES], found[DATABASES];
};

static void take(struct held_against *h, const rf_entry *entry)
{
    cr_assert_lt(entry->db, DATABASES);
    struct counts *said = &h->said[entry->db], *found = &h->found[entry->db];
    if (entry->kind == RF_ENTRY_KEY_COUNTS) {
        cr_expect_eq(found->keys, 0, "before the keys");
        said->keys = entry->keys;
        said->expiring = entry->expiring;
        said->told++;
    } else if (entry->kind == RF_ENTRY_KEY) {
        found->keys++;
        found->expiring += entry->expire_ms != RF_NO_EXPIRY;
    }
}

/* To the end, where the checksum has been right. */
static struct held_against *read_counts(rf_slice file)
{
    static struct held_against h;
    rf_source *source;
    rf_reader *reader;
    rf_entry entry = {0};
    rf_error error;
    rf_code code;
    memset(&h, 0, sizeof h);
    cr_assert_eq(rf_source_open_memory(file.ptr, file.len, "made", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK);
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK)
        take(&h, &entry);
    cr_assert_eq(code, RF_END, "%s", error.message);
    rf_reader_close(reader);
    return &h;
}

static void expect_exact(rf_slice file, int64_t databases)
{
    const struct held_against *h = read_counts(file);
    for (int64_t db = 0; db < DATABASES; db++) {
        bool has_keys = h->found[db].keys > 0;
        cr_expect_eq(h->said[db].told, has_keys && db < databases, "database %lld", (long long)db);
        if (has_keys && db < databases) {
            cr_expect_eq(h->said[db].keys, h->found[db].keys);
            cr_expect_eq(h->said[db].expiring, h->found[db].expiring);
        }
    }
}

static void put_random_key(struct build *b, unsigned number, uint64_t *seed)
{
    static const char filler[5000];
    uint64_t random = next_random(seed);
    char name[16];
    snprintf(name, sizeof name, "%u", number);
    if (random % 3 == 0) {
        put_u8(b, 0xfc);
        put_le64(b, random >> 20);
    }
    put_key(b, 0, name);
    put_blob(b, slice_of(filler, random % 7 ? random % 50 : sizeof filler));
}

/* Databases in no order, some of them again and again; hints that are wrong. */
static void put_random(struct build *b, unsigned keys, uint64_t databases, uint64_t *seed)
{
    put_bytes(b, SLICE("REDIS0009"));
    for (unsigned i = 0; i < keys; i++) {
        if (next_random(seed) % 5 == 0) {
            put_u8(b, 0xfe);
            put_len(b, next_random(seed) % databases);
        }
        if (next_random(seed) % 20 == 0)
            put_hex(b, "fb 4142 02");
        put_random_key(b, i, seed);
    }
    put_end(b);
}

Test(rdb_counts, are_exact)
{
    uint64_t seed = (uint64_t)getpid() * 2654435761 + 1;
    cr_log_info("seed %llu", (unsigned long long)seed);
    for (size_t i = 0; i < made_target_count; i++) {
        struct build b = {0};
        struct rdb_made made = {.target = made_targets[i].server};
        put_random(&b, i % 3 ? 300 : 5000, 1 + next_random(&seed) % 30, &seed);
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
        expect_exact(made.file, made_targets[i].version < 7 ? 0 : DATABASES);
        rdb_made_free(&made);
        build_free(&b);
    }
}

/* As many as anybody has. */
Test(rdb_counts, of_the_first_databases)
{
    enum { COUNTED = 1024 };
    struct build b = {0};
    struct rdb_made made = {.target = {RF_VALKEY, 9, 0}};
    uint64_t seed = 4711;
    put_bytes(&b, SLICE("REDIS0009"));
    for (unsigned i = 0; i < 2 * DATABASES; i++) {
        put_u8(&b, 0xfe);
        put_len(&b, (uint64_t)i * 7 % DATABASES);
        put_random_key(&b, i, &seed);
    }
    put_end(&b);
    cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
    expect_exact(made.file, COUNTED);
    rdb_made_free(&made);
    build_free(&b);
}

/* Of keys that are not written nothing is said. */
Test(rdb_counts, without_what_is_left_out)
{
    struct build b = {0};
    struct rdb_made made = {.target = {RF_REDIS, 7, 0}, .drop_unsupported = true};
    put_bytes(&b, SLICE("REDIS0014"));
    put_hex(&b, "fe00 fb0505 00 0161 0176 fc 0500000000000000 1c 0162 01 00 05 00 0161"
                "14 0163 07 07000000 0000 ff 14 0164 0a 0a000000 0100 816102 ff"
                "fe01 fb0101 1c 0162 01 00 05 00 0161 fe02 fb0000");
    put_end(&b);
    cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
    expect_exact(made.file, DATABASES);
    const struct held_against *h = read_counts(made.file);
    cr_expect_eq(h->found[0].keys, 2);
    cr_expect_eq(h->found[0].expiring, 0);
    rdb_made_free(&made);
    build_free(&b);
}

/* In full width, so that they can be filled in. */
Test(rdb_counts, as_bytes)
{
    static const struct {
        rf_server target;
        const char *hex;
    } expected[] = {
        {{RF_REDIS, 3, 2}, "fe03 fb 80 00000002 80 00000001 00 0161 0176"},
        {{RF_REDIS, 4, 0}, "fe03 fb 81 0000000000000002 81 0000000000000001 00 0161 0176"},
        {{RF_VALKEY, 9, 0}, "fe03 fb 81 0000000000000002 81 0000000000000001 00 0161 0176"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct build b = {0};
        struct rdb_made made = {.target = expected[i].target};
        rf_slice bytes = exact_hex(expected[i].hex);
        put_bytes(&b, SLICE("REDIS0009"));
        put_hex(&b, "fe03 00 0161 0176 fe01 00 0161 0176 fe03 fc 0500000000000000 00 0162 0176");
        put_end(&b);
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
        cr_expect(memmem(made.file.ptr, made.file.len, bytes.ptr, bytes.len));
        rdb_made_free(&made);
        exact_free(bytes);
        build_free(&b);
    }
}

/* --- where the file cannot be changed any more ---------------------------------------------------------- */

/* Then the input's are passed on, as far as they can be said. */
Test(rdb_counts, of_the_input)
{
    static const struct {
        rf_server target;
        uint64_t keys, expiring;
    } expected[] = {
        {{RF_REDIS, 3, 2}, UINT32_MAX, 7},
        {{RF_REDIS, 6, 2}, 0x100000005, 7},
    };
    for (size_t i = 0; i < 4; i++) {
        struct build b = {0};
        struct rdb_made made = {.target = expected[i / 2].target, .compress = i % 2 ? RF_GZIP : RF_LZ4};
        put_bytes(&b, SLICE("REDIS0009"));
        put_hex(&b, "fe03 fb 81 0000000100000005 07 00 0161 0176 fe04 00 0162 0176");
        put_end(&b);
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
        const struct held_against *h = read_counts(made.file);
        cr_expect_eq(h->said[3].keys, expected[i / 2].keys);
        cr_expect_eq(h->said[3].expiring, expected[i / 2].expiring);
        cr_expect_eq(h->said[4].told, 0);
        cr_expect_eq(h->found[3].keys + h->found[4].keys, 2);
        rdb_made_free(&made);
        build_free(&b);
    }
}
