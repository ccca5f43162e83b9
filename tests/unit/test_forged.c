/* SPDX-License-Identifier: MIT */
/* Bytes that were made to have one hash, where the hash is known: they must not be taken for one another, nor
 * crowd a table.
 *
 * XXH3 multiplies the first 8 bytes of 17 to 128 by the next 8, each XORed with a word of its secret. Where
 * the one is the secret's word, the product is 0, whatever the other one is. */
#include "base/bytes.h"
#include "cluster/topology_names.h"
#include "cmd/run/key_set.c"
#include "compare/record_table.h"
#include "support/digests.h"
#include <criterion/criterion.h>
#include <rdbferry/replay.h>

enum { LENGTH = 32, COUNT = 1000 };

static const uint64_t first_word = 0xbe4ba423396cfeb8,
                      second_word = 0x1cad21f72c81017c; /* of XXH3's secret */

/* All of one XXH3-64. */
static rf_slice flooding_name(uint64_t number, uint8_t name[LENGTH])
{
    memset(name, 'x', LENGTH);
    store_le64(name, first_word);
    store_le64(name + 8, number);
    return slice_of(name, LENGTH);
}

/* Two of one XXH3-128: the sum of the two words counts as well. */
static void forge(uint8_t a[LENGTH], uint8_t b[LENGTH])
{
    flooding_name(42, a);
    memcpy(b, a, LENGTH);
    store_le64(b, first_word + 42 - second_word);
    store_le64(b + 8, second_word);
}

static rf_key_digest digest_bytes_of(unsigned kinds, const uint8_t value[LENGTH], rf_lthash *sum)
{
    char hex[2 * LENGTH + 3] = "20";
    for (size_t i = 0; i < LENGTH; i++)
        snprintf(hex + 2 + 2 * i, 3, "%02x", value[i]);
    struct opened o;
    rf_key_digest digest = {0};
    rf_digester *digester = rf_digester_new(kinds, false);
    open_value(&o, &(struct one_value){.type = 0, .hex = hex});
    cr_assert_eq(rf_digest_key(digester, &o.entry, &digest, &o.error), RF_OK);
    rf_digester_add_to(digester, sum);
    close_value(&o);
    rf_digester_free(digester);
    return digest;
}

Test(forged, values_differ_under_the_secret)
{
    uint8_t a[LENGTH], b[LENGTH];
    rf_lthash sums[2] = {0};
    forge(a, b);
    for (unsigned kinds = RF_DIGEST_KEYED; kinds <= 7; kinds++) {
        rf_key_digest first = digest_bytes_of(kinds, a, &sums[0]),
                      second = digest_bytes_of(kinds, b, &sums[1]);
        cr_expect(wide_of(first.value) == wide_of(second.value), "kinds %u: it is forged", kinds);
        cr_expect_eq(wide_of(first.keyed) != wide_of(second.keyed), (kinds & RF_DIGEST_KEYED) != 0);
    }
    cr_expect(memcmp(&sums[0], &sums[1], sizeof sums[0]) != 0);
    cr_expect(wide_of(rf_digest_keyed(slice_of(a, LENGTH))) != wide_of(rf_digest_keyed(slice_of(b, LENGTH))));
}

Test(forged, a_keyed_digest_is_the_same_in_one_go_and_in_pieces)
{
    uint8_t bytes[LENGTH] = "the same";
    rf_lthash ignored = {0};
    cr_expect(wide_of(digest_bytes_of(RF_DIGEST_KEYED, bytes, &ignored).keyed) ==
              wide_of(rf_digest_keyed(slice_of(bytes, LENGTH))));
}

static int order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

Test(forged, keys_do_not_crowd_a_table_of_records)
{
    struct record_table tables[2];
    static uint64_t hashes[COUNT];
    uint8_t name[LENGTH];
    size_t alike = 0;
    record_table_init(&tables[0], 1 << 20);
    record_table_init(&tables[1], 1 << 20);
    for (uint64_t i = 0; i < COUNT; i++) {
        hashes[i] = record_table_hash(&tables[0], 0, flooding_name(i, name));
        alike += hashes[i] == record_table_hash(&tables[1], 0, flooding_name(i, name));
    }
    cr_expect_eq(alike, 0, "two tables hash alike");
    qsort(hashes, COUNT, sizeof *hashes, order);
    for (size_t i = 1; i < COUNT; i++)
        cr_assert_neq(hashes[i - 1], hashes[i]);
    uint64_t before = record_table_hash(&tables[0], 0, slice_of(name, LENGTH));
    record_table_free(&tables[0]);
    cr_expect_eq(record_table_hash(&tables[0], 0, slice_of(name, LENGTH)), before);
    record_table_free(&tables[1]);
}

Test(forged, names_do_not_crowd_a_topology)
{
    static uint8_t texts[COUNT][LENGTH];
    struct topology_names names;
    size_t neighbours = 0, last = SIZE_MAX - 1;
    cr_assert(topology_names_open(&names, COUNT));
    for (size_t i = 0; i < COUNT; i++) {
        const struct topology_name *first = (const void *)names.table.entries;
        size_t at = (size_t)(topology_names_put(&names, flooding_name(i, texts[i])) - first);
        neighbours += at == last + 1;
        last = at;
    }
    cr_expect_lt(neighbours, COUNT / 10);
    topology_names_close(&names);
}

Test(forged, sets_of_keys_know_their_own)
{
    struct key_set set = {0};
    uint8_t a[LENGTH], b[LENGTH], other[LENGTH];
    forge(a, b);
    for (uint64_t i = 0; i < COUNT; i++)
        key_set_add(&set, 1, flooding_name(2 * i, other));
    cr_expect(key_set_has(&set, 1, slice_of(a, LENGTH)));
    cr_expect_not(key_set_has(&set, 0, slice_of(a, LENGTH)));
    cr_expect_not(key_set_has(&set, 1, slice_of(b, LENGTH)));
    for (uint64_t i = 0; i < COUNT; i++)
        cr_expect_eq(key_set_has(&set, 1, flooding_name(i, other)), i % 2 == 0);
    key_set_free(&set);
}

Test(forged, temporary_names_are_known)
{
    static const struct {
        const char *name;
        bool is;
    } names[] = {{"k:rdbferry:abc234:xYz", true},
                 {":rdbferry:a:000", true},
                 {"k:rdbferry:abc234:xY", false},
                 {"k:rdbferry::xYz", false},
                 {"k:rdbferry:a:b:xYz", false},
                 {"rdbferry:abc:xYz", false},
                 {"k:rdbferry:abc:xYz1", false},
                 {"rdbferry:abc:position", true},
                 {"rdbferry:abc:position:{xyz}", true},
                 {"rdbferry:abc:position:12", true},
                 {"rdbferry:abc:position:1:{xyz}", true},
                 {"rdbferry:abc:position:", false},
                 {"rdbferry:abc:position:01", false},
                 {"rdbferry:abc:position:1:", false},
                 {"rdbferry:abc:position:1x", false},
                 {"xYz", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_eq(rf_replay_is_temporary(slice_of(names[i].name, strlen(names[i].name))), names[i].is,
                     "%s", names[i].name);
}
