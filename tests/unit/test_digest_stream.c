/* SPDX-License-Identifier: MIT */
/* Digests of streams against their definition, computed anew. */
#include "support/digests.h"
#include "support/stream_build.h"
#include <criterion/criterion.h>

enum { LAYOUTS = 5, SEEN = 1700000000 };

/* --- by definition ----------------------------------------------------------------------------------- */

static void hash_put_id(struct build *b, rf_stream_id id)
{
    put_le64(b, id.ms);
    put_le64(b, id.seq);
}

static wide expected_entries(const struct made_stream *stream, uint64_t *live)
{
    struct build b = {0};
    *live = 0;
    for (const struct made_entry *e = stream->entries; e < stream->entries + ENTRIES_MAX && e->id.ms; e++) {
        uint64_t texts = 0;
        while (texts < 2 * PAIRS_MAX && e->texts[texts])
            texts++;
        if (e->deleted)
            continue;
        hash_put_id(&b, e->id);
        put_le64(&b, texts / 2);
        for (uint64_t i = 0; i < texts; i++)
            hash_put_str(&b, e->texts[i]);
        ++*live;
    }
    return hash_of(&b);
}

static wide expected_consumer(const char *group, const char *name)
{
    struct build b = {0};
    put_bytes(&b, SLICE("C"));
    hash_put_digest(&b, hash_text(group));
    hash_put_digest(&b, hash_text(name));
    return hash_of(&b);
}

static wide expected_pending(wide owner, const rf_pending *pending)
{
    struct build b = {0};
    put_bytes(&b, SLICE("P"));
    hash_put_digest(&b, owner);
    hash_put_id(&b, pending->id);
    put_le64(&b, (uint64_t)pending->delivered_ms);
    put_le64(&b, pending->delivery_count);
    return hash_of(&b);
}

static wide expected_group(const struct made_group *group, int64_t entries_read)
{
    struct build b = {0};
    wide sum = 0;
    put_bytes(&b, SLICE("G"));
    hash_put_id(&b, group->last_id);
    put_le64(&b, (uint64_t)entries_read);
    hash_put_digest(&b, hash_text(group->name));
    for (int i = 0; i < CONSUMERS_MAX && group->consumers[i]; i++)
        sum += expected_consumer(group->name, group->consumers[i]);
    for (int i = 0; i < PENDING_MAX && group->pending[i].pending.id.ms; i++) {
        int owner = group->pending[i].owner;
        sum += expected_pending(owner < 0 ? hash_text(group->name)
                                          : expected_consumer(group->name, group->consumers[owner]),
                                &group->pending[i].pending);
    }
    return sum + hash_of(&b);
}

static wide expected_stream(const struct made_stream *stream, const int64_t *entries_read)
{
    struct build b = {0};
    uint64_t live;
    wide sum = expected_entries(stream, &live);
    for (int i = 0; i < GROUPS_MAX && stream->groups[i].name; i++)
        sum += expected_group(&stream->groups[i], entries_read[i]);
    put_bytes(&b, SLICE("S"));
    hash_put_id(&b, stream->last_id);
    hash_put_id(&b, stream->max_deleted_id);
    put_le64(&b, stream->entries_added < live ? live : stream->entries_added);
    return sum + hash_of(&b);
}

/* --- by a digester ----------------------------------------------------------------------------------- */

static rf_key_digest digest_layout(int layout, const struct made_stream *stream, size_t per_node,
                                   int64_t seen_ms)
{
    struct build b = {0};
    rf_key_digest digest;
    rf_error error;
    put_bytes(&b, SLICE("REDIS0015"));
    put_key(&b, stream_type(layout), "k");
    put_stream(&b, layout, stream, per_node, seen_ms);
    put_end(&b);
    cr_assert_eq(digest_first(built(&b), COMPARE_ALL, &digest, &error), RF_OK, "layout %d: %s", layout,
                 error.message);
    build_free(&b);
    return digest;
}

static wide digest_stream(const struct made_stream *stream)
{
    return wide_of(digest_layout(5, stream, ENTRIES_MAX, SEEN).value);
}

/* --- what is hashed ---------------------------------------------------------------------------------- */

/* All that the first layout can say. */
static const struct made_stream plain = {
    .entries = {{{1, 1}, {"f", "v"}, false},
                {{2, 5}, {"f", "w", "g", ""}, false},
                {{2, 6}, {"f", "12", "g", "x", "", "y"}, false},
                {{9, 0}, {"f", "z"}, false}},
    .last_id = {9, 0},
    .first_id = {1, 1},
    .entries_added = 4,
    .groups = {{"", {9, 0}, 4, {"a", ""}, {{{{1, 1}, 1600000000000, 3}, 0}, {{{2, 5}, 1600000000001, 1}, 1}}},
               {"g", {0, 0}, 0, {"a"}, {{{{2, 6}, -1, 1}, 0}}}},
};

Test(digest_stream, in_each_layout)
{
    static const int64_t entries_read[] = {4, 0};
    wide expected = expected_stream(&plain, entries_read);
    for (int layout = 1; layout <= LAYOUTS; layout++)
        for (size_t per_node = 1; per_node <= 4; per_node++) {
            rf_key_digest digest = digest_layout(layout, &plain, per_node, SEEN + layout);
            cr_expect(wide_of(digest.value) == expected, "layout %d, %zu to a node", layout, per_node);
            cr_expect_eq(digest.elements, 4);
            cr_expect_eq(digest.bytes, 2 + 3 + 6 + 2);
            cr_expect_eq(digest.longest, 2);
        }
}

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
    .groups = {{"g", {7, 0}, 77, {"c", "idle"}, {{{{1, 1}, 5, 1}, 0}, {{{5, 5}, 6, 1000000}, -1}}},
               {"h", {8, 0}, -1, {NULL}, {{{{7, 0}, 0, 0}, -1}}}},
};

Test(digest_stream, with_what_only_the_newest_layout_has)
{
    static const int64_t entries_read[] = {77, -1};
    wide expected = expected_stream(&full, entries_read);
    for (size_t per_node = 1; per_node <= 5; per_node++) {
        rf_key_digest digest = digest_layout(5, &full, per_node, SEEN);
        cr_expect(wide_of(digest.value) == expected, "%zu to a node", per_node);
        cr_expect_eq(digest.elements, 3);
    }
}

Test(digest_stream, counts_as_many_as_there_are_where_less_was_said_to_be_added)
{
    struct made_stream s = plain, less = plain;
    less.entries_added = 2;
    cr_expect(digest_stream(&less) == digest_stream(&s));
    less.entries_added = 5;
    cr_expect(digest_stream(&less) != digest_stream(&s));
}

Test(digest_stream, that_is_empty)
{
    static const struct made_stream empty,
        emptied = {.last_id = {5, 1}, .max_deleted_id = {5, 1}, .entries_added = 3};
    struct build nothing = {0};
    wide expected = hash_of(&nothing);
    for (size_t i = 0; i < 2; i++) {
        const struct made_stream *stream = i ? &emptied : &empty;
        struct build b = {0};
        put_bytes(&b, SLICE("S"));
        hash_put_id(&b, stream->last_id);
        hash_put_id(&b, stream->max_deleted_id);
        put_le64(&b, stream->entries_added);
        cr_expect(digest_stream(stream) == expected + hash_of(&b));
    }
}

/* --- entries that a group has read ------------------------------------------------------------------- */

/* A stream of which all ids are n-1, but for 0-0. */
struct standing {
    const char *what;
    uint64_t entries[3], last, max_deleted, added, group;
    int64_t entries_read; /* as a server works it out */
};

static rf_stream_id id_of(uint64_t n)
{
    return (rf_stream_id){n, n > 0};
}

static struct made_stream make_stream(const struct standing *standing, int64_t entries_read)
{
    struct made_stream s = {
        .last_id = id_of(standing->last),
        .first_id = id_of(standing->entries[0]),
        .max_deleted_id = id_of(standing->max_deleted),
        .entries_added = standing->added,
        .groups[0] = {.name = "g", .last_id = id_of(standing->group), .entries_read = entries_read},
    };
    for (size_t i = 0; i < 3 && standing->entries[i]; i++)
        s.entries[i] = (struct made_entry){id_of(standing->entries[i]), {"f", "v"}, false};
    return s;
}

Test(digest_stream, works_out_what_a_group_has_read)
{
    static const struct standing cases[] = {
        {"nothing was added", {0}, 0, 0, 0, 0, 0},
        {"nothing was added, but the id was set", {0}, 9, 0, 0, 3, 0},
        {"at the last entry", {1, 2, 3}, 3, 0, 3, 3, 3},
        {"at the last of more", {1, 2, 3}, 3, 0, 10, 3, 10},
        {"behind the last", {1, 2, 3}, 3, 0, 3, 4, -1},
        {"at 0-0", {1, 2, 3}, 3, 0, 3, 0, 0},
        {"before the first", {5, 6, 7}, 7, 0, 3, 4, 0},
        {"at the first", {1, 2, 3}, 3, 0, 3, 1, 1},
        {"between", {1, 2, 3}, 3, 0, 3, 2, -1},
        {"before the first of more", {5, 6}, 6, 0, 9, 4, 7},
        {"at the first of more", {5, 6}, 6, 0, 9, 5, 8},
        {"at one that was deleted before the first", {5, 6}, 6, 4, 9, 4, 7},
        {"before that one", {5, 6}, 6, 4, 9, 3, -1},
        {"at 0-0, where the first were deleted", {5, 6}, 6, 4, 9, 0, 7},
        {"at the first, one behind it deleted", {5, 7}, 7, 6, 9, 5, -1},
        {"at 0-0, one in between deleted", {5, 7}, 7, 6, 9, 0, -1},
        {"at the last entry, which is not the last id", {5, 7}, 9, 6, 9, 7, -1},
        {"at the last id, which was deleted", {5}, 7, 7, 9, 7, 9},
        {"emptied", {0}, 5, 5, 3, 5, 3},
        {"emptied, somewhere", {0}, 5, 5, 3, 2, 3},
        {"emptied, behind the last id", {0}, 5, 5, 3, 6, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t expected = cases[i].entries_read;
        struct made_stream unknown = make_stream(&cases[i], -1), known = make_stream(&cases[i], expected),
                           other = make_stream(&cases[i], expected > 0 ? expected - 1 : expected + 1);
        cr_expect(digest_stream(&unknown) == expected_stream(&unknown, &expected), "%s", cases[i].what);
        cr_expect(digest_stream(&known) == digest_stream(&unknown), "%s, and said", cases[i].what);
        if (cases[i].added > 0) /* else there is nothing else to say */
            cr_expect(digest_stream(&other) != digest_stream(&unknown), "%s, and said otherwise",
                      cases[i].what);
    }
}

/* Nobody reads more than there ever was. */
Test(digest_stream, a_group_has_read_no_more_than_was_added)
{
    static const struct standing standing = {"more than were added", {1, 2, 3}, 3, 0, 7, 3, 7};
    struct made_stream all = make_stream(&standing, 7), more = make_stream(&standing, 8);
    cr_expect(digest_stream(&more) == digest_stream(&all));
}

/* The first layout says nothing of what was deleted, nor of what was read. */
Test(digest_stream, of_the_first_layout_counts_what_is_there)
{
    static const struct standing cases[] = {
        {"at the last id", {5, 6}, 9, 0, 2, 9, 2},
        {"at the first", {5, 6}, 9, 0, 2, 5, 1},
        {"before the first", {5, 6}, 9, 0, 2, 4, 0},
        {"between", {5, 6, 7}, 9, 0, 3, 6, -1},
        {"emptied", {0}, 9, 0, 0, 4, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made_stream s = make_stream(&cases[i], cases[i].entries_read);
        cr_expect(wide_of(digest_layout(1, &s, 2, SEEN).value) == digest_stream(&s), "%s", cases[i].what);
        s.max_deleted_id = id_of(4);
        s.entries_added = 10;
        cr_expect(wide_of(digest_layout(1, &s, 2, SEEN).value) != digest_stream(&s), "%s", cases[i].what);
    }
}

/* --- what changes it, and what does not -------------------------------------------------------------- */

Test(digest_stream, is_another_for_every_change)
{
    wide before = digest_stream(&full);
    unsigned changes = 0;
#define EXPECT_CHANGE(...)                                          \
    do {                                                            \
        struct made_stream s = full;                                \
        __VA_ARGS__;                                                \
        cr_expect(digest_stream(&s) != before, "%s", #__VA_ARGS__); \
        changes++;                                                  \
    } while (0)
    EXPECT_CHANGE(s.entries[1].texts[1] = "w");
    EXPECT_CHANGE(s.entries[1].texts[0] = "F");
    EXPECT_CHANGE(s.entries[1].texts[0] = "fv"; s.entries[1].texts[1] = "");
    EXPECT_CHANGE(s.entries[1].texts[2] = "g"; s.entries[1].texts[3] = "");
    EXPECT_CHANGE(s.entries[1].id.seq++);
    EXPECT_CHANGE(s.entries[3].id.ms++);
    EXPECT_CHANGE(s.entries[3].deleted = true);
    EXPECT_CHANGE(s.entries[0].deleted = false);
    EXPECT_CHANGE(s.entries[3].texts[1] = full.entries[1].texts[1]; s.entries[1].texts[1] = "w");
    EXPECT_CHANGE(s.max_deleted_id.seq++);
    EXPECT_CHANGE(s.max_deleted_id.ms--);
    EXPECT_CHANGE(s.entries_added++);
    EXPECT_CHANGE(s.groups[1].name = NULL);
    EXPECT_CHANGE(s.groups[0].name = "G");
    EXPECT_CHANGE(s.groups[0].last_id.seq++);
    EXPECT_CHANGE(s.groups[0].last_id.ms--);
    EXPECT_CHANGE(s.groups[0].entries_read++);
    EXPECT_CHANGE(s.groups[0].entries_read = -1);
    EXPECT_CHANGE(s.groups[0].consumers[1] = NULL);
    EXPECT_CHANGE(s.groups[0].consumers[1] = "Idle");
    EXPECT_CHANGE(s.groups[0].consumers[0] = "d");
    EXPECT_CHANGE(s.groups[0].pending[0].owner = 1);
    EXPECT_CHANGE(s.groups[0].pending[0].owner = -1);
    EXPECT_CHANGE(s.groups[0].pending[1].owner = 0);
    EXPECT_CHANGE(s.groups[0].pending[0].pending.id.seq++);
    EXPECT_CHANGE(s.groups[0].pending[0].pending.delivered_ms++);
    EXPECT_CHANGE(s.groups[0].pending[0].pending.delivery_count++);
    EXPECT_CHANGE(s.groups[0].pending[1].pending.delivered_ms++);
    EXPECT_CHANGE(s.groups[0].pending[1].pending.delivery_count--);
    EXPECT_CHANGE(s.groups[0].pending[1].pending.id.ms = 0);
    EXPECT_CHANGE(s.groups[1].pending[0].pending.id.seq++);
    /* who waits for what: in another group of the same consumers; by another of two consumers */
    EXPECT_CHANGE(s.groups[1].pending[0] = full.groups[0].pending[1];
                  s.groups[0].pending[1] = full.groups[1].pending[0]);
    EXPECT_CHANGE(s.groups[1].consumers[0] = "idle"; s.groups[0].consumers[1] = NULL);
#undef EXPECT_CHANGE
    cr_expect_eq(changes, 33);
}

Test(digest_stream, of_a_last_id)
{
    struct made_stream s = plain;
    s.last_id.seq++;
    cr_expect(digest_stream(&s) != digest_stream(&plain));
}

Test(digest_stream, is_the_same_whatever_is_no_data)
{
    struct made_stream s = full;
    wide before = digest_stream(&s);
    cr_expect(wide_of(digest_layout(5, &s, 2, SEEN + 5).value) == before);
    s.entries[0].id.seq = 0; /* it was deleted */
    s.entries[0].texts[1] = "never there";
    cr_expect(digest_stream(&s) == before);
    s.groups[0] = full.groups[1];
    s.groups[1] = full.groups[0];
    cr_expect(digest_stream(&s) == before);
    s.groups[1].consumers[0] = full.groups[0].consumers[1];
    s.groups[1].consumers[1] = full.groups[0].consumers[0];
    s.groups[1].pending[0] = full.groups[0].pending[1];
    s.groups[1].pending[1] = full.groups[0].pending[0];
    s.groups[1].pending[1].owner = 1;
    cr_expect(digest_stream(&s) == before);
}

/* More than is gathered before it is hashed. */
Test(digest_stream, of_large_entries)
{
    static char text[ENTRIES_MAX][2001];
    static const int64_t entries_read[GROUPS_MAX];
    for (size_t length = 0; length <= 2000; length += 125) {
        struct made_stream s = {.last_id = {ENTRIES_MAX, 0}, .entries_added = ENTRIES_MAX};
        for (size_t i = 0; i < ENTRIES_MAX; i++) {
            memset(text[i], 'a' + (int)i, length);
            text[i][length] = '\0';
            s.entries[i] = (struct made_entry){{i + 1, 0}, {"f", text[i], text[i], "v"}, false};
        }
        rf_key_digest digest = digest_layout(3, &s, 3, SEEN);
        cr_expect(wide_of(digest.value) == expected_stream(&s, entries_read), "%zu", length);
        cr_expect_eq(digest.longest, length ? length : 1);
        cr_expect_eq(digest.bytes, ENTRIES_MAX * (2 + 2 * length));
    }
}

/* --- groups and consumers that occur twice ------------------------------------------------------------ */

static void expect_twice(const char *groups, const char *message)
{
    char hex[128];
    struct opened o;
    rf_key_digest digest;
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, true);
    snprintf(hex, sizeof hex, "00 00 01 01 %s", groups); /* no entry, last id 1-1 */
    open_value(&o, &(struct one_value){.type = 15, .hex = hex});
    rf_code code = rf_digest_key(digester, &o.entry, &digest, &o.error);
    cr_expect_eq(code, message ? RF_E_DUPLICATE : RF_OK, "%s", groups);
    if (message)
        cr_expect_str_eq(o.error.message, message);
    close_value(&o);
    rf_digester_free(digester);
}

Test(digest_stream, whose_groups_or_consumers_occur_twice_is_a_fault)
{
#define SEEN_AT "0000000000000000 00"
    expect_twice("02 0167 01 01 00 00 0168 01 01 00 00", NULL);
    expect_twice("02 0167 01 01 00 00 0167 01 01 00 00", "duplicate group 'g'");
    expect_twice("01 0167 01 01 00 02 0163" SEEN_AT "0164" SEEN_AT, NULL);
    expect_twice("01 0167 01 01 00 02 0163" SEEN_AT "0163" SEEN_AT, "duplicate consumer 'c'");
    expect_twice("02 0167 01 01 00 01 0163" SEEN_AT "0168 01 01 00 01 0163" SEEN_AT, NULL);
    expect_twice("02 0167 01 01 00 01 0167" SEEN_AT "0168 01 01 00 00", NULL);
}
