/* SPDX-License-Identifier: MIT */
/* Fields and members that expire later, or earlier, than the input says: whatever a value is used for, it is
 * the new times that come out. */
#include "rdb/dump_payload.h"
#include "support/digests.h"
#include "support/exact.h"
#include "support/rdb_made.h"
#include "support/record.h"
#include "support/run.h"
#include <criterion/criterion.h>
#include <limits.h>

#define NONE RF_NO_EXPIRY

enum { COUNT = 5 };

static const struct element elements[COUNT] = {
    {"b", "v", 0, 1700000000000}, {"a", "v", 0, 1700000000001}, {"c", "", 0, 1800000000000},
    {"d", "4", 0, NONE},          {"", "w", 0, NONE},
};
static const int64_t shifts[] = {1, -1, 86400000, -1600000000000, 0};
static const int64_t most = ((int64_t)1 << 46) - 1;

static int64_t later(int64_t expire_ms, int64_t ms)
{
    __int128 sum = (__int128)expire_ms + ms;
    return expire_ms == NONE ? NONE : sum < 1 ? 1 : ms && sum > most ? most : (int64_t)sum;
}

static wide expected_elements(rf_type type, int64_t ms)
{
    struct element moved[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        moved[i] = elements[i];
        moved[i].expire_ms = later(elements[i].expire_ms, ms);
    }
    return expected_collection(type, moved, COUNT);
}

/* A hash or a set in one of its forms, read up to its value. */
struct collection {
    struct build file;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
};

static void open_collection(struct collection *h, const struct form *form, bool resume)
{
    rf_source *source;
    memset(h, 0, sizeof *h);
    put_bytes(&h->file, slice_of(form->magic, strlen(form->magic)));
    put_form(&h->file, form, "k", elements, COUNT);
    put_end(&h->file);
    rf_slice file = built(&h->file);
    cr_assert_eq(rf_source_open_memory(file.ptr, file.len, "file", &source, &h->error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){.resume = resume}, &h->reader, &h->error),
                 RF_OK);
    cr_assert_eq(rf_reader_next(h->reader, &h->entry, &h->error), RF_OK, "%s", h->error.message);
}

/* The whole input must have been sound. */
static void close_collection(struct collection *h)
{
    cr_expect_eq(rf_reader_next(h->reader, &h->entry, &h->error), RF_END, "%s", h->error.message);
    rf_reader_close(h->reader);
    build_free(&h->file);
}

/* The type of the server for such values. */
static uint8_t expiring_type(const rf_encoding *encoding)
{
    return encoding->type == RF_SET ? 35 : encoding->dialect == RF_VALKEY ? 22 : 24;
}

typedef void check_fn(struct collection *h, int64_t ms);

static void for_each(check_fn *check)
{
    for (size_t i = 0; i < form_count; i++)
        for (size_t j = 0; j < 2 * sizeof shifts / sizeof *shifts; j++) {
            struct collection h;
            if (!(forms[i].flags & FORM_WITH_TTL))
                continue;
            open_collection(&h, &forms[i], j % 2);
            rf_value_shift_expiry(h.entry.value, shifts[j / 2]);
            check(&h, shifts[j / 2]);
            close_collection(&h);
        }
}

static rf_code keep(void *ctx, rf_slice bytes)
{
    return buffer_append(ctx, bytes) ? RF_OK : RF_E_MEMORY;
}

static wide digest_now(const rf_entry *entry)
{
    rf_key_digest digest;
    rf_error error;
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, true);
    cr_assert_eq(rf_digest_key(digester, entry, &digest, &error), RF_OK, "%s", error.message);
    rf_digester_free(digester);
    return wide_of(digest.value);
}

/* --- a value's uses ----------------------------------------------------------------------------------- */

static void walk_it(struct collection *h, int64_t ms)
{
    cr_expect(digest_now(&h->entry) == expected_elements(h->entry.type, ms));
}

static void hold_and_walk_it(struct collection *h, int64_t ms)
{
    uint64_t count;
    cr_assert_eq(rf_value_hold(h->entry.value, NULL, &h->error), RF_OK);
    for (int i = 0; i < 2; i++)
        walk_it(h, ms);
    cr_assert_eq(rf_value_check(h->entry.value, &count, &h->error), RF_OK);
    cr_expect_eq(count, COUNT);
    walk_it(h, ms);
}

static void copy_it(struct collection *h, int64_t ms)
{
    struct buffer copy = {0};
    uint8_t type = rf_value_copied_type(h->entry.value);
    bool is_valkeys = h->entry.encoding->dialect == RF_VALKEY;
    cr_expect_eq(type, ms == 0 ? h->entry.encoding->number : expiring_type(h->entry.encoding));
    cr_assert_eq(rf_value_copy(h->entry.value, keep, &copy, &h->error), RF_OK, "%s", h->error.message);

    struct build b = {0};
    rf_key_digest digest;
    put_bytes(&b, is_valkeys ? SLICE("VALKEY080") : SLICE("REDIS0017"));
    put_key(&b, type, "k");
    put_bytes(&b, buffer_slice(&copy));
    put_end(&b);
    cr_assert_eq(digest_first(built(&b), COMPARE_ALL, &digest, &h->error), RF_OK, "%s", h->error.message);
    cr_expect(wide_of(digest.value) == expected_elements(h->entry.type, ms));
    build_free(&b);
    buffer_free(&copy);
}

static void hold_and_copy_it(struct collection *h, int64_t ms)
{
    cr_assert_eq(rf_value_hold(h->entry.value, NULL, &h->error), RF_OK);
    for (int i = 0; i < 2; i++)
        copy_it(h, ms);
}

static void skip_it(struct collection *h, int64_t ms)
{
    (void)ms;
    cr_expect_eq(rf_value_skip(h->entry.value, &h->error), RF_OK);
}

static void dump_it(struct collection *h, int64_t ms)
{
    struct buffer payload = {0};
    struct dump_payload dumped;
    rf_entry entry;
    uint64_t size;
    bool is_valkeys = h->entry.encoding->dialect == RF_VALKEY;
    cr_expect(dump_payload_accepted(&h->entry, is_valkeys ? (rf_server){RF_VALKEY, 9, 0}
                                                          : (rf_server){RF_REDIS, 8, 12}));
    cr_expect_not(dump_payload_accepted(&h->entry, (rf_server){RF_REDIS, 7, 2}));
    cr_assert_eq(dump_payload_size(&h->entry, &size, &h->error), RF_OK);
    cr_assert_eq(dump_payload_put(&h->entry, keep, &payload, &h->error), RF_OK);
    cr_expect_eq(payload.len, size);
    cr_assert_eq(dump_payload_open(&dumped, buffer_slice(&payload), 0, SLICE("k"), "dump", &entry, &h->error),
                 RF_OK, "%s", h->error.message);
    cr_expect(digest_now(&entry) == expected_elements(h->entry.type, ms));
    cr_expect_eq(dump_payload_finish(&dumped, &h->error), RF_OK);
    dump_payload_close(&dumped);
    buffer_free(&payload);
}

Test(value_shift, a_walk)
{
    for_each(walk_it);
}

Test(value_shift, a_walk_of_a_held_value)
{
    for_each(hold_and_walk_it);
}

Test(value_shift, a_copy)
{
    for_each(copy_it);
}

Test(value_shift, a_copy_of_a_held_value)
{
    for_each(hold_and_copy_it);
}

Test(value_shift, nothing_at_all)
{
    for_each(skip_it);
}

Test(value_shift, a_payload)
{
    for_each(dump_it);
}

/* --- outputs ------------------------------------------------------------------------------------------- */

Test(value_shift, an_rdb)
{
    for (size_t i = 0; i < form_count; i++)
        for (size_t j = 0; j < made_target_count; j++) {
            struct build b = {0};
            struct rdb_made made = {.target = made_targets[j].server, .shift_ms = 77};
            if (!(forms[i].flags & FORM_WITH_TTL))
                continue;
            put_bytes(&b, slice_of(forms[i].magic, strlen(forms[i].magic)));
            put_form(&b, &forms[i], "k", elements, COUNT);
            put_end(&b);
            rf_code code = make_rdb(built(&b), &made);
            bool is_valkeys = made.target.dialect == RF_VALKEY, is_set = forms[i].type == RF_SET;
            if (made_targets[j].version < (is_set ? 17 : is_valkeys ? 80 : 12) || (is_set && is_valkeys)) {
                cr_expect_eq(code, RF_E_INCOMPATIBLE);
            } else {
                cr_assert_eq(code, RF_OK, "%s", made.error.message);
                struct found_key key = find_key(made.file);
                cr_expect_eq(key.encoding.number, is_set ? 35 : is_valkeys ? 22 : 24);
                cr_expect(wide_of(key.digest.value) == expected_elements(forms[i].type, 77));
                rdb_made_free(&made);
            }
            build_free(&b);
        }
}

/* An outbuf over one block, which has to do. */
static void no_more(struct outbuf *out)
{
    (void)out;
    cr_assert_fail("more than fits in a block");
}

static void encode_collection(const struct form *form, bool prefer_restore, int64_t ms, struct buffer *text)
{
    static uint8_t block[OUTBUF_RESERVE_MAX];
    struct outbuf out = {.start = block, .pos = block, .end = block + sizeof block, .next = no_more};
    struct encoder_options options = {.target = {form->magic[0] == 'V' ? RF_VALKEY : RF_REDIS, 9, 0},
                                      .prefer_restore = prefer_restore};
    struct encoder encoder;
    struct collection h;
    open_collection(&h, form, false);
    rf_value_shift_expiry(h.entry.value, ms);
    encoder_open(&encoder, &out, &options);
    cr_assert_eq(encoder_put(&encoder, &h.entry, &h.error), RF_OK, "%s", h.error.message);
    encoder_close(&encoder);
    close_collection(&h);
    text->len = 0;
    resp_as_text(slice_of(block, (size_t)(out.pos - block)), text);
    record_end(text);
}

Test(value_shift, commands)
{
    struct buffer text = {0};
    for (size_t i = 0; i < form_count; i++)
        if (forms[i].flags & FORM_WITH_TTL) {
            encode_collection(&forms[i], false, 999, &text);
            const char *commands = (const char *)text.data;
            cr_expect(strstr(commands, "1700000000999") && strstr(commands, "1700000001000") &&
                          strstr(commands, "1800000000999") && !strstr(commands, "1700000000000"),
                      "%s", commands);
        }
    buffer_free(&text);
}

/* RESTORE's payload begins with the type. */
Test(value_shift, restore)
{
    struct buffer text = {0};
    for (size_t i = 0; i < form_count; i++)
        if (forms[i].flags & FORM_WITH_TTL) {
            encode_collection(&forms[i], true, 999, &text);
            const char *payload = forms[i].magic[0] == 'V'  ? "RESTORE k 0 \\x16\\x05"
                                  : forms[i].type == RF_SET ? "RESTORE k 0 #\\xe7k"
                                                            : "RESTORE k 0 \\x18\\xe7k";
            cr_expect(strstr((const char *)text.data, payload), "%s", (const char *)text.data);
        }
    buffer_free(&text);
}

/* --- how far ------------------------------------------------------------------------------------------- */

static rf_code note_expiry(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    (void)field, (void)value;
    *(int64_t *)ctx = expire_ms;
    return RF_OK;
}

static int64_t shifted(const char *expiry, int64_t ms)
{
    static const rf_visitor noter = {.field = note_expiry};
    struct opened o;
    int64_t found = 0;
    char hex[64];
    snprintf(hex, sizeof hex, "01 0166 0176 %s", expiry);
    open_value(&o, &(struct one_value){.magic = "VALKEY080", .type = 22, .hex = hex});
    rf_value_shift_expiry(o.entry.value, ms);
    cr_assert_eq(rf_value_walk(o.entry.value, &noter, &found, &o.error), RF_OK, "%s", o.error.message);
    close_value(&o);
    return found;
}

Test(value_shift, as_far_as_servers_go)
{
    cr_expect_eq(shifted("6400000000000000", -99), 1);
    cr_expect_eq(shifted("6400000000000000", -100), 1);
    cr_expect_eq(shifted("6400000000000000", -101), 1);
    cr_expect_eq(shifted("6400000000000000", INT64_MIN), 1);
    cr_expect_eq(shifted("6400000000000000", most - 100), most);
    cr_expect_eq(shifted("6400000000000000", most - 101), most - 1);
    cr_expect_eq(shifted("6400000000000000", most), most);
    cr_expect_eq(shifted("6400000000000000", INT64_MAX), most);
    cr_expect_eq(shifted("ffffffffffffff7f", 1), INT64_MAX); /* it never comes any sooner */
    cr_expect_eq(shifted("ffffffffffffff7f", -1), most);
    cr_expect_eq(shifted("ffffffffffffffff", 5), NONE);
}

/* --- other values ------------------------------------------------------------------------------------- */

/* They have no such fields, and are copied as ever. */
Test(value_shift, what_has_no_fields_that_expire)
{
    static const struct element plain[] = {{"1", "v", 1, NONE}, {"2", "w", 2, NONE}};
    for (size_t i = 0; i < form_count; i++) {
        const struct form *form = &forms[i];
        bool is_template = form->number >= 30, is_valkeys = form->magic[0] == 'V';
        struct build b = {0}, value = {0};
        struct rdb_made made = {
            .target = {is_valkeys ? RF_VALKEY : RF_REDIS, is_valkeys ? 9 : 8, is_valkeys ? 0 : 10},
            .shift_ms = 5};
        if (form->flags & FORM_WITH_TTL || is_template)
            continue;
        put_bytes(&b, slice_of(form->magic, strlen(form->magic)));
        put_form(&value, form, "k", plain, 2);
        put_bytes(&b, built(&value));
        put_end(&b);
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
        cr_expect(memmem(made.file.ptr, made.file.len, value.bytes.data, value.bytes.len), "%s", form->name);
        rdb_made_free(&made);
        build_free(&b);
        build_free(&value);
    }
}
