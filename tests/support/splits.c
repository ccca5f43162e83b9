/* SPDX-License-Identifier: MIT */
#include "support/splits.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <rdbferry/reader.h>
#include <sys/resource.h>
#include <unistd.h>

uint64_t splits_seed(void)
{
    return (uint64_t)getpid() * 2654435761 + 1;
}

static void put_text_key(struct build *b, uint8_t type, uint64_t random)
{
    char key[64];
    snprintf(key, sizeof key, random % 3 ? "key:%llu" : "{tag%llu}:x", (unsigned long long)random % 100000);
    put_key(b, type, key);
}

void splits_input(struct build *b, size_t keys, uint64_t seed)
{
    cr_log_info("seed %llu", (unsigned long long)seed);
    put_bytes(b, SLICE("REDIS0011"));
    put_hex(b, "fa 03616263 0178 f5 0178 fe00 fb 05 01");
    for (size_t i = 0; i < keys; i++) {
        uint64_t random = next_random(&seed);
        if (random % 5 == 0) {
            put_u8(b, 0xfc);
            put_le64(b, UINT64_C(4000000000000) + random % 1000);
        }
        if (random % 4 == 0) {
            put_text_key(b, 16, random);
            put_listpack(b, (const char *const[]){"field", "value", "17", "18", NULL});
        } else {
            size_t size = random / 7 % 50 == 0 ? random % 400000 : random % 300;
            uint8_t *bytes = malloc(size + 1);
            memset(bytes, (int)random, size + 1);
            put_text_key(b, 0, random);
            put_blob(b, slice_of(bytes, size));
            free(bytes);
        }
        if (i == keys / 2)
            put_hex(b, "f7 81bde72da2bb1eb400 0202 00");
    }
    put_end(b);
}

static bool has_slot(const rf_shard *shard, unsigned slot)
{
    for (size_t i = 0; i < shard->range_count; i++)
        if (slot >= shard->ranges[i].first && slot <= shard->ranges[i].last)
            return true;
    return false;
}

rf_code splits_put(rf_sink *sink, rf_slice input, const rf_shard *shard, rf_error *error)
{
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, error), RF_OK);
    rf_code code = RF_OK;
    while (code == RF_OK && (code = rf_reader_next(reader, &entry, error)) == RF_OK) {
        bool has_place = entry.kind != RF_ENTRY_AUX && entry.kind != RF_ENTRY_KEY_COUNTS;
        if (!shard || (has_place && (entry.kind != RF_ENTRY_KEY || has_slot(shard, rf_slot_of(entry.key)))))
            code = rf_sink_put(sink, &entry, error);
    }
    rf_reader_close(reader);
    return code == RF_END ? RF_OK : code;
}

void splits_limit(int resource, uint64_t soft)
{
    struct rlimit limits;
    cr_assert_eq(getrlimit(resource, &limits), 0);
    limits.rlim_cur = soft;
    cr_assert_eq(setrlimit(resource, &limits), 0);
}
