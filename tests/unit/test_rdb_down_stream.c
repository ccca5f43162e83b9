/* SPDX-License-Identifier: MIT */
/* Streams for servers that do not know the type in which the input has them. */
#include "support/digests.h"
#include "support/exact.h"
#include "support/rdb_made.h"
#include "support/stream_build.h"
#include <criterion/criterion.h>

enum { LAYOUTS = 5, SEEN = 1700000000 };

#define MADE_PRODUCERS    "3c 4100 01 0170 01 026931 43e8 05 01 00" /* as put_stream() has them */
#define DEFAULT_PRODUCERS "4064 4064 00 00 00"

/* The newest layout that a server reads. */
static int newest_layout(const struct made_target *target)
{
    if (target->server.dialect == RF_VALKEY)
        return 3;
    return target->version < 9    ? 0
           : target->version < 10 ? 1
           : target->version < 11 ? 2
           : target->version < 13 ? 3
           : target->version < 14 ? 4
                                  : 5;
}

/* The value, without producers. */
static void put_value(struct build *b, int layout, const struct made_stream *stream, size_t per_node)
{
    rf_slice producers = exact_hex(MADE_PRODUCERS);
    put_stream(b, layout, stream, per_node, SEEN);
    if (layout >= 4) {
        b->bytes.len -= producers.len;
        put_hex(b, DEFAULT_PRODUCERS);
    }
    exact_free(producers);
}

static void put_file(struct build *b, int layout, const struct made_stream *stream, size_t per_node)
{
    put_bytes(b, SLICE("REDIS0015"));
    put_key(b, stream_type(layout), "k");
    put_value(b, layout, stream, per_node);
    put_end(b);
}

static void expect_unsupported(rf_slice input, const struct made_target *target, const char *what)
{
    struct rdb_made made = {.target = target->server};
    cr_expect_eq(make_rdb(input, &made), RF_E_INCOMPATIBLE, "%s, %s", target_name(target), what);
    cr_expect_str_eq(made.error.key, "k");
    cr_expect(strstr(made.error.message, what), "'%s' is not in '%s'", what, made.error.message);
    made.drop_unsupported = true;
    cr_expect_eq(make_rdb(input, &made), RF_OK, "%s", made.error.message);
    cr_expect_eq(find_keys(made.file, NULL, 0), 0);
    cr_expect_eq(made.notices[RF_NOTICE_DROPPED], 1);
    rdb_made_free(&made);
}

/* Byte for byte what the stream is in the layout that the server reads. */
static void expect_layout(rf_slice input, const struct made_target *target, int layout,
                          const struct made_stream *stream, size_t per_node)
{
    struct rdb_made made = {.target = target->server};
    struct build expected = {0}, file = {0};
    rf_key_digest digest;
    put_key(&expected, stream_type(layout), "k");
    put_value(&expected, layout, stream, per_node);
    put_file(&file, layout, stream, per_node);
    cr_assert_eq(digest_first(built(&file), COMPARE_ALL, &digest, &made.error), RF_OK);
    cr_assert_eq(make_rdb(input, &made), RF_OK, "%s: %s", target_name(target), made.error.message);
    struct found_key key = find_key(made.file);
    cr_expect_eq(key.encoding.number, stream_type(layout), "%s", target_name(target));
    cr_expect(memmem(made.file.ptr, made.file.len, expected.bytes.data, expected.bytes.len), "%s, layout %d",
              target_name(target), layout);
    cr_expect(wide_of(key.digest.key) == wide_of(digest.key));
    rdb_made_free(&made);
    build_free(&expected);
    build_free(&file);
}

/* --- what every layout has ----------------------------------------------------------------------------- */

static const struct made_stream full = {
    .entries = {{{1, 1}, {"f", "gone"}, true},
                {{5, 5}, {"f", "v"}, false},
                {{5, 9}, {"g", "gone"}, true},
                {{7, 0}, {"f", "w"}, false},
                {{UINT64_MAX, UINT64_MAX}, {"f", "w"}, false}},
    .last_id = {UINT64_MAX, UINT64_MAX},
    .first_id = {5, 5},
    .max_deleted_id = {5, 9},
    .entries_added = 1000,
    .groups = {{"g", {7, 0}, 77, {"c", "idle"}, {{{{1, 1}, 5, 1}, 0}, {{{5, 5}, 6, 1000000}, 1}}},
               {"h", {8, 0}, -1, {NULL}, {{{{0, 0}, 0, 0}, 0}}},
               {"", {UINT64_MAX, 1}, 0, {""}, {{{{7, 0}, -1, UINT64_MAX}, 0}}}},
};
static const struct made_stream no_entries = {
    .last_id = {5, 1}, .max_deleted_id = {5, 1}, .entries_added = 3};
static const struct made_stream nothing;

static void expect_everywhere(const struct made_stream *stream, size_t per_node)
{
    for (int from = 1; from <= LAYOUTS; from++)
        for (size_t i = 0; i < made_target_count; i++) {
            const struct made_target *target = &made_targets[i];
            struct build b = {0};
            int newest = newest_layout(target);
            put_file(&b, from, stream, per_node);
            if (newest == 0)
                expect_unsupported(built(&b), target, "a stream");
            else
                expect_layout(built(&b), target, from < newest ? from : newest, stream, per_node);
            build_free(&b);
        }
}

Test(rdb_down_stream, of_entries_and_groups)
{
    for (size_t per_node = 2; per_node <= 5; per_node++)
        expect_everywhere(&full, per_node);
}

/* Nodes of deleted entries alone: left out where the stream is written anew, and where the target would
 * refuse it; other targets read them. */
Test(rdb_down_stream, nodes_without_entries)
{
    struct made_stream lean = full;
    lean.entries[0] = full.entries[1];
    lean.entries[1] = full.entries[3];
    lean.entries[2] = full.entries[4];
    memset(lean.entries + 3, 0, 2 * sizeof *lean.entries);
    for (int from = 1; from <= LAYOUTS; from++)
        for (size_t i = 0; i < made_target_count; i++) {
            const struct made_target *target = &made_targets[i];
            int newest = newest_layout(target), to = from < newest ? from : newest;
            struct build b = {0};
            bool is_checked = target->server.dialect == RF_REDIS && target->version >= 14;
            put_file(&b, from, &full, 1);
            if (newest > 0)
                expect_layout(built(&b), target, to, to < from || is_checked ? &lean : &full, 1);
            build_free(&b);
        }
}

Test(rdb_down_stream, without_entries)
{
    expect_everywhere(&no_entries, 1);
    expect_everywhere(&nothing, 1);
}

/* --- what only the newest have ------------------------------------------------------------------------ */

Test(rdb_down_stream, pending_entries_that_nobody_owns)
{
    struct made_stream stream = full;
    stream.groups[1].pending[0] = (struct made_pending){{{5, 5}, 9, 2}, -1};
    for (size_t i = 0; i < made_target_count; i++) {
        const struct made_target *target = &made_targets[i];
        struct build b = {0};
        put_file(&b, 5, &stream, 2);
        if (target->version < 9)
            expect_unsupported(built(&b), target, "a stream");
        else if (newest_layout(target) < 5)
            expect_unsupported(built(&b), target, "unowned pending entries");
        else
            expect_layout(built(&b), target, 5, &stream, 2);
        build_free(&b);
    }
}

/* Settings that nobody has changed are no loss; others, and producers even without records, are. */
Test(rdb_down_stream, idempotent_producers)
{
    static const char *const producers[] = {
        MADE_PRODUCERS,
        "4064 4065 00 00 00",
        "3c 4064 00 00 00",
        "4064 4064 01 0170 00 05 00",
    };
    for (int layout = 4; layout <= LAYOUTS; layout++)
        for (size_t i = 0; i < 4 * made_target_count; i++) {
            const struct made_target *target = &made_targets[i / 4];
            struct build b = {0};
            struct rdb_made made = {.target = target->server};
            put_bytes(&b, SLICE("REDIS0015"));
            put_key(&b, stream_type(layout), "k");
            put_value(&b, layout, &full, 2);
            rf_slice defaults = exact_hex(DEFAULT_PRODUCERS), set = exact_hex(producers[i % 4]);
            b.bytes.len -= defaults.len;
            put_hex(&b, producers[i % 4]);
            put_end(&b);
            if (newest_layout(target) == 0) {
                expect_unsupported(built(&b), target, "a stream");
            } else if (newest_layout(target) < 4) {
                expect_unsupported(built(&b), target, "idempotent stream producers");
            } else {
                cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
                find_key(made.file);
                cr_expect(memcmp(made.file.ptr + made.file.len - 9 - set.len, set.ptr, set.len) == 0);
                rdb_made_free(&made);
            }
            exact_free(defaults);
            exact_free(set);
            build_free(&b);
        }
}

/* How often something was recorded is a statistic. */
Test(rdb_down_stream, producers_that_are_gone)
{
    struct build b = {0};
    rf_slice defaults = exact_hex(DEFAULT_PRODUCERS);
    put_bytes(&b, SLICE("REDIS0015"));
    put_key(&b, stream_type(5), "k");
    put_value(&b, 5, &full, 2);
    b.bytes.len -= defaults.len;
    put_hex(&b, "4064 4064 00 4105 07");
    put_end(&b);
    for (size_t i = 0; i < made_target_count; i++)
        if (newest_layout(&made_targets[i]) >= 1 && newest_layout(&made_targets[i]) < 4)
            expect_layout(built(&b), &made_targets[i], newest_layout(&made_targets[i]), &full, 2);
    exact_free(defaults);
    build_free(&b);
}

/* --- what does not agree with itself ------------------------------------------------------------------ */

/* One node of three entries, of which the file says that they are two, and that two were ever added. */
Test(rdb_down_stream, a_length_is_counted_anew)
{
    static const struct made_stream three = {
        .entries = {{{1, 1}, {"f", "v"}, false}, {{2, 1}, {"f", "v"}, false}, {{3, 1}, {"f", "v"}, false}},
        .last_id = {3, 1},
        .first_id = {1, 1},
        .entries_added = 3,
    };
    struct build b = {0}, said = {0}, counted = {0};
    put_file(&b, 3, &three, 3);
    put_hex(&counted, "03 03 01 01 01 00 00 03 00"); /* length, last, first, max deleted, added, groups */
    put_hex(&said, "02 03 01 01 01 00 00 02 00");
    uint8_t *totals = memmem(b.bytes.data, b.bytes.len, counted.bytes.data, counted.bytes.len);
    cr_assert_not_null(totals);
    memcpy(totals, said.bytes.data, said.bytes.len);
    b.bytes.len -= 9;
    put_end(&b);
    for (size_t i = 0; i < made_target_count; i++) {
        struct rdb_made made = {.target = made_targets[i].server};
        int layout = newest_layout(&made_targets[i]);
        if (layout < 1)
            continue;
        expect_layout(built(&b), &made_targets[i], layout < 3 ? layout : 3, &three, 3);
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK);
        cr_expect_eq(made.notices[RF_NOTICE_STREAM_LENGTH], 1);
        rdb_made_free(&made);
    }
    build_free(&b);
    build_free(&said);
    build_free(&counted);
}
