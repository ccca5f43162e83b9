/* SPDX-License-Identifier: MIT */
#include "support/collections.h"
#include <stdlib.h>
#include <string.h>

void put_lzf(struct build *b, rf_slice bytes)
{
    enum { RUN = 32 };
    put_u8(b, 0xc3);
    put_len(b, bytes.len + (bytes.len + RUN - 1) / RUN);
    put_len(b, bytes.len);
    for (size_t at = 0; at < bytes.len; at += RUN) {
        size_t n = bytes.len - at < RUN ? bytes.len - at : RUN;
        put_u8(b, (uint8_t)(n - 1));
        put_bytes(b, slice_of(bytes.ptr + at, n));
    }
}

static void put_lzf_text(struct build *b, const char *text)
{
    put_lzf(b, slice_of(text, strlen(text)));
}

/* --- one by one -------------------------------------------------------------------------------------- */

static void put_names(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    for (size_t i = 0; i < n; i++)
        put_str(b, e[i].name);
}

static void put_names_reversed(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    while (n-- > 0)
        put_str(b, e[n].name);
}

static void put_names_lzf(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    for (size_t i = 0; i < n; i++)
        put_lzf_text(b, e[i].name);
}

/* As 32-bit integers. */
static void put_numbers(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[5] = {0xc2};
        store_le32(bytes + 1, (uint32_t)strtol(e[i].name, NULL, 10));
        put_bytes(b, slice_of(bytes, sizeof bytes));
    }
}

static void put_scored(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    for (size_t i = 0; i < n; i++) {
        put_str(b, e[i].name);
        put_double(b, e[i].score);
    }
}

static void put_scored_reversed(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    while (n-- > 0) {
        put_lzf_text(b, e[n].name);
        put_double(b, e[n].score);
    }
}

static void print_score(char out[32], double score)
{
    snprintf(out, 32, "%.17g", score);
}

static void put_scored_text(struct build *b, const struct element *e, size_t n)
{
    char score[32];
    put_len(b, n);
    for (size_t i = 0; i < n; i++) {
        put_str(b, e[i].name);
        print_score(score, e[i].score);
        put_u8(b, strcmp(score, "inf") == 0    ? 254
                  : strcmp(score, "-inf") == 0 ? 255
                                               : (uint8_t)strlen(score));
        if (e[i].score - e[i].score == 0)
            put_bytes(b, slice_of(score, strlen(score)));
    }
}

static void put_pairs(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    for (size_t i = 0; i < n; i++) {
        put_str(b, e[i].name);
        put_str(b, e[i].value);
    }
}

static void put_pairs_reversed(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    while (n-- > 0) {
        put_str(b, e[n].name);
        put_lzf_text(b, e[n].value);
    }
}

static void put_zipmap(struct build *b, const struct element *e, size_t n)
{
    struct build map = {0};
    put_u8(&map, n < 254 ? (uint8_t)n : 254);
    for (size_t i = 0; i < n; i++) {
        put_str(&map, e[i].name); /* its length is the same byte here */
        put_u8(&map, (uint8_t)strlen(e[i].value));
        put_u8(&map, i % 3); /* bytes left free */
        put_bytes(&map, slice_of(e[i].value, strlen(e[i].value)));
        put_bytes(&map, slice_of("xxx", i % 3));
    }
    put_u8(&map, 0xff);
    put_blob(b, built(&map));
    build_free(&map);
}

/* --- elements that expire ---------------------------------------------------------------------------- */

static uint64_t relative(int64_t expire_ms, int64_t base)
{
    return expire_ms < 0 ? 0 : (uint64_t)(expire_ms - base);
}

static void put_expiring(struct build *b, const struct element *e, size_t n, int64_t base)
{
    put_len(b, n);
    for (size_t i = 0; i < n; i++) {
        put_len(b, relative(e[i].expire_ms, base));
        put_str(b, e[i].name);
        put_str(b, e[i].value);
    }
}

static void put_expiring_prerelease(struct build *b, const struct element *e, size_t n)
{
    put_expiring(b, e, n, 0);
}

static int64_t smallest_expiry(const struct element *e, size_t n)
{
    return n > 0 && e[0].expire_ms > 0 ? e[0].expire_ms : 1;
}

static void put_expiring_smallest(struct build *b, const struct element *e, size_t n)
{
    int64_t smallest = smallest_expiry(e, n);
    put_le64(b, (uint64_t)smallest);
    put_expiring(b, e, n, smallest - 1);
}

static void put_expiring_members(struct build *b, const struct element *e, size_t n)
{
    int64_t smallest = smallest_expiry(e, n);
    put_le64(b, (uint64_t)smallest);
    put_len(b, n);
    for (size_t i = 0; i < n; i++) {
        put_len(b, relative(e[i].expire_ms, smallest - 1));
        put_str(b, e[i].name);
    }
}

static void put_expiring_valkey(struct build *b, const struct element *e, size_t n)
{
    put_len(b, n);
    for (size_t i = n; i-- > 0;) {
        put_str(b, e[i].name);
        put_str(b, e[i].value);
        put_le64(b, (uint64_t)e[i].expire_ms);
    }
}

/* --- packed ------------------------------------------------------------------------------------------ */

enum content { NAMES, SCORES, VALUES, TIMES, NAMES_AND_TIMES };

/* The text behind a name; "" where there is none. */
static void print_partner(char out[64], const struct element *e, enum content content)
{
    if (content == SCORES)
        print_score(out, e->score);
    else
        snprintf(out, 64, "%s", e->value);
}

static rf_slice make_listpack(struct pack *p, const struct element *e, size_t n, enum content content)
{
    char partner[64];
    listpack_begin(p);
    for (size_t i = 0; i < n; i++) {
        listpack_text(p, e[i].name);
        if (content == SCORES || content == VALUES || content == TIMES) {
            print_partner(partner, &e[i], content);
            listpack_text(p, partner);
        }
        if (content == TIMES || content == NAMES_AND_TIMES)
            listpack_int(p, e[i].expire_ms < 0 ? 0 : e[i].expire_ms);
    }
    return listpack_end(p);
}

static rf_slice make_ziplist(struct pack *p, const struct element *e, size_t n, enum content content)
{
    char partner[64];
    ziplist_begin(p);
    for (size_t i = 0; i < n; i++) {
        ziplist_text(p, e[i].name);
        if (content == NAMES)
            continue;
        print_partner(partner, &e[i], content);
        ziplist_text(p, partner);
    }
    return ziplist_end(p);
}

typedef rf_slice make_fn(struct pack *p, const struct element *e, size_t n, enum content content);
typedef void put_fn(struct build *b, rf_slice bytes);

static void put_packed(struct build *b, make_fn *make, put_fn *put, const struct element *e, size_t n,
                       enum content content)
{
    struct pack p;
    put(b, make(&p, e, n, content));
    pack_free(&p);
}

#define PACKED(name, make, put, content)                                            \
    static void name(struct build *b, const struct element *elements, size_t count) \
    {                                                                               \
        put_packed(b, make, put, elements, count, content);                         \
    }
PACKED(put_ziplist_names, make_ziplist, put_blob, NAMES)
PACKED(put_ziplist_scores, make_ziplist, put_lzf, SCORES)
PACKED(put_ziplist_values, make_ziplist, put_blob, VALUES)
PACKED(put_listpack_names, make_listpack, put_blob, NAMES)
PACKED(put_listpack_scores, make_listpack, put_blob, SCORES)
PACKED(put_listpack_values, make_listpack, put_blob, VALUES)
PACKED(put_listpack_values_lzf, make_listpack, put_lzf, VALUES)
PACKED(put_listpack_times, make_listpack, put_blob, TIMES)
PACKED(put_listpack_member_times, make_listpack, put_blob, NAMES_AND_TIMES)
#undef PACKED

static void put_listpack_times_smallest(struct build *b, const struct element *e, size_t n)
{
    put_le64(b, n > 0 && e[0].expire_ms > 0 ? (uint64_t)e[0].expire_ms : 0);
    put_listpack_times(b, e, n);
}

static void put_listpack_member_times_smallest(struct build *b, const struct element *e, size_t n)
{
    put_le64(b, n > 0 && e[0].expire_ms > 0 ? (uint64_t)e[0].expire_ms : 0);
    put_listpack_member_times(b, e, n);
}

static void put_intset(struct build *b, const struct element *e, size_t n)
{
    uint8_t bytes[8];
    struct build set = {0};
    store_le32(bytes, 8);
    store_le32(bytes + 4, (uint32_t)n);
    put_bytes(&set, slice_of(bytes, sizeof bytes));
    for (size_t i = 0; i < n; i++)
        put_le64(&set, (uint64_t)strtoll(e[i].name, NULL, 10));
    put_blob(b, built(&set));
    build_free(&set);
}

/* --- quicklists -------------------------------------------------------------------------------------- */

enum { NODE = 7 /* items */ };

static void put_quicklist_ziplist(struct build *b, const struct element *e, size_t n)
{
    put_len(b, (n + NODE - 1) / NODE);
    for (size_t i = 0; i < n; i += NODE)
        put_packed(b, make_ziplist, i % 2 ? put_lzf : put_blob, e + i, n - i < NODE ? n - i : NODE, NAMES);
}

/* Nodes of packed items, and each seventh item as a node of its own. */
static void put_quicklist(struct build *b, const struct element *e, size_t n)
{
    size_t plain = n / NODE, rest = n % NODE;
    put_len(b, 2 * plain + (rest > 0));
    for (size_t i = 0; i + NODE <= n; i += NODE) {
        put_len(b, 2);
        put_packed(b, make_listpack, i % 2 ? put_lzf : put_blob, e + i, NODE - 1, NAMES);
        put_len(b, 1);
        put_str(b, e[i + NODE - 1].name);
    }
    if (rest > 0) {
        put_len(b, 2);
        put_packed(b, make_listpack, put_blob, e + n - rest, rest, NAMES);
    }
}

/* --- templates --------------------------------------------------------------------------------------- */

enum { TEMPLATE = 5 };

static void put_template(struct build *b, const struct element *e, size_t n)
{
    put_u8(b, 0xf2);
    put_len(b, TEMPLATE);
    put_names(b, e, n);
}

static void put_template_values(struct build *b, const struct element *e, size_t n)
{
    put_len(b, TEMPLATE);
    for (size_t i = 0; i < n; i++)
        put_str(b, e[i].value);
}

static void put_template_listpack(struct build *b, const struct element *e, size_t n)
{
    struct pack p;
    listpack_begin(&p);
    listpack_int(&p, TEMPLATE);
    for (size_t i = 0; i < n; i++)
        listpack_text(&p, e[i].value);
    put_blob(b, listpack_end(&p));
    pack_free(&p);
}

/* --- all of them ------------------------------------------------------------------------------------- */

#define REDIS  "REDIS0015"
#define VALKEY "VALKEY080"
#define LATEST "REDIS0017"

const struct form forms[] = {
    {"list, plain", RF_LIST, REDIS, 1, 0, put_names, NULL},
    {"list, compressed", RF_LIST, REDIS, 1, 0, put_names_lzf, NULL},
    {"list, integers", RF_LIST, REDIS, 1, FORM_OF_NUMBERS, put_numbers, NULL},
    {"list, reversed", RF_LIST, REDIS, 1, FORM_REVERSED, put_names_reversed, NULL},
    {"list, ziplist", RF_LIST, REDIS, 10, 0, put_ziplist_names, NULL},
    {"list, quicklist of ziplists", RF_LIST, REDIS, 14, 0, put_quicklist_ziplist, NULL},
    {"list, quicklist", RF_LIST, REDIS, 18, FORM_OF_NAMES, put_quicklist, NULL},
    {"set, plain", RF_SET, REDIS, 2, 0, put_names, NULL},
    {"set, reversed", RF_SET, REDIS, 2, FORM_REVERSED, put_names_reversed, NULL},
    {"set, compressed", RF_SET, VALKEY, 2, 0, put_names_lzf, NULL},
    {"set, integers", RF_SET, REDIS, 2, FORM_OF_NUMBERS, put_numbers, NULL},
    {"set, intset", RF_SET, REDIS, 11, FORM_OF_NUMBERS, put_intset, NULL},
    {"set, listpack", RF_SET, REDIS, 20, 0, put_listpack_names, NULL},
    {"zset, plain", RF_ZSET, REDIS, 5, 0, put_scored, NULL},
    {"zset, reversed", RF_ZSET, REDIS, 5, FORM_REVERSED, put_scored_reversed, NULL},
    {"zset, text", RF_ZSET, REDIS, 3, 0, put_scored_text, NULL},
    {"zset, ziplist", RF_ZSET, REDIS, 12, 0, put_ziplist_scores, NULL},
    {"zset, listpack", RF_ZSET, REDIS, 17, 0, put_listpack_scores, NULL},
    {"hash, plain", RF_HASH, REDIS, 4, 0, put_pairs, NULL},
    {"hash, reversed", RF_HASH, REDIS, 4, FORM_REVERSED, put_pairs_reversed, NULL},
    {"hash, zipmap", RF_HASH, REDIS, 9, 0, put_zipmap, NULL},
    {"hash, ziplist", RF_HASH, REDIS, 13, 0, put_ziplist_values, NULL},
    {"hash, listpack", RF_HASH, REDIS, 16, 0, put_listpack_values, NULL},
    {"hash, listpack, compressed", RF_HASH, VALKEY, 16, 0, put_listpack_values_lzf, NULL},
    {"hash, template", RF_HASH, REDIS, 32, 0, put_template_values, put_template},
    {"hash, template listpack", RF_HASH, REDIS, 30, 0, put_template_listpack, put_template},
    {"hash, 7.4 rc", RF_HASH, REDIS, 22, FORM_WITH_TTL, put_expiring_prerelease, NULL},
    {"hash, 7.4 rc listpack", RF_HASH, REDIS, 23, FORM_WITH_TTL, put_listpack_times, NULL},
    {"hash, 7.4", RF_HASH, REDIS, 24, FORM_WITH_TTL, put_expiring_smallest, NULL},
    {"hash, 7.4 listpack", RF_HASH, REDIS, 25, FORM_WITH_TTL, put_listpack_times_smallest, NULL},
    {"hash, Valkey 9", RF_HASH, VALKEY, 22, FORM_WITH_TTL | FORM_REVERSED, put_expiring_valkey, NULL},
    {"set, 8.12", RF_SET, LATEST, 35, FORM_WITH_TTL, put_expiring_members, NULL},
    {"set, 8.12 listpack", RF_SET, LATEST, 34, FORM_WITH_TTL, put_listpack_member_times_smallest, NULL},
};
const size_t form_count = sizeof forms / sizeof *forms;

void put_form(struct build *b, const struct form *form, const char *key, const struct element *elements,
              size_t count)
{
    if (form->before)
        form->before(b, elements, count);
    put_key(b, form->number, key);
    form->put(b, elements, count);
}
