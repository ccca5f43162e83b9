/* SPDX-License-Identifier: MIT */
/* What changes a digest, and what does not. */
#include "support/digests.h"
#include "support/exact.h"
#include "support/record.h"
#include "support/samples.h"
#include <criterion/criterion.h>
#include <inttypes.h>

/* --- one thing at a time ----------------------------------------------------------------------------- */

static wide digest_of(const struct one_value *value)
{
    return wide_of(digest_value(value).key);
}

#define META "f3 01 41424344"

Test(digest_change, each_single_one_shows)
{
    static const struct one_value pairs[][2] = {
        {{.hex = "03 616263"}, {.hex = "03 616264"}},
        {{.hex = "01 61"}, {.hex = "02 6100"}},
        {{.hex = "00"}, {.hex = "01 00"}},
        {{.hex = "c0 01"}, {.hex = "c0 02"}},
        {{.hex = "01 61"}, {.before = "fe01", .hex = "01 61"}},
        {{.before = "fe01", .hex = "01 61"}, {.before = "fe02", .hex = "01 61"}},
        {{.hex = "01 61"}, {.before = "fc 0000000000000000", .hex = "01 61"}},
        {{.before = "fc 0100000000000000", .hex = "01 61"},
         {.before = "fc 0000000000000000", .hex = "01 61"}},
        {{.before = "fd 01000000", .hex = "01 61"}, {.before = "fd 02000000", .hex = "01 61"}},
        {{.hex = "01 61"}, {.before = META "00", .hex = "01 61"}},
        {{.before = META "00", .hex = "01 61"}, {.before = META "02 07 00", .hex = "01 61"}},
        {{.before = META "02 08 00", .hex = "01 61"}, {.before = META "02 07 00", .hex = "01 61"}},
        {{.before = "f3 01 41424345 00", .hex = "01 61"}, {.before = META "00", .hex = "01 61"}},
        /* lists: an item, their order, where one ends */
        {{.type = 1, .hex = "02 0161 0162"}, {.type = 1, .hex = "02 0161 0163"}},
        {{.type = 1, .hex = "02 0161 0162"}, {.type = 1, .hex = "02 0162 0161"}},
        {{.type = 1, .hex = "02 0161 0162"}, {.type = 1, .hex = "02 026162 00"}},
        {{.type = 1, .hex = "02 0161 0162"}, {.type = 1, .hex = "03 0161 0162 00"}},
        {{.type = 1, .hex = "01 0161"}, {.type = 1, .hex = "02 0161 0161"}},
        /* types of the same elements */
        {{.type = 1, .hex = "01 0161"}, {.type = 2, .hex = "01 0161"}},
        {{.type = 0, .hex = "01 61"}, {.type = 2, .hex = "01 0161"}},
        {{.type = 2, .hex = "02 0161 0162"}, {.type = 2, .hex = "02 0161 0163"}},
        {{.type = 2, .hex = "02 0161 0162"}, {.type = 2, .hex = "01 0161"}},
        /* scores: the last bit, the sign of nothing, whose it is */
        {{.type = 5, .hex = "01 0161 000000000000f03f"}, {.type = 5, .hex = "01 0161 010000000000f03f"}},
        {{.type = 5, .hex = "01 0161 0000000000000000"}, {.type = 5, .hex = "01 0161 0100000000000000"}},
        {{.type = 5, .hex = "01 0161 0000000000000000"}, {.type = 5, .hex = "01 0161 0100000000000000"}},
        {{.type = 5, .hex = "01 0161 000000000000f07f"}, {.type = 5, .hex = "01 0161 000000000000f0ff"}},
        {{.type = 5, .hex = "01 0161 000000000000f03f"}, {.type = 5, .hex = "01 0162 000000000000f03f"}},
        {{.type = 3, .hex = "02 0161 0131 0162 0132"}, {.type = 3, .hex = "02 0161 0132 0162 0131"}},
        /* hashes: field, value, where the one ends, whose it is, when it goes */
        {{.type = 4, .hex = "01 0166 0176"}, {.type = 4, .hex = "01 0167 0176"}},
        {{.type = 4, .hex = "01 0166 0176"}, {.type = 4, .hex = "01 0166 0177"}},
        {{.type = 4, .hex = "01 0166 0176"}, {.type = 4, .hex = "01 026676 00"}},
        {{.type = 4, .hex = "02 0166 0176 0167 0177"}, {.type = 4, .hex = "02 0166 0177 0167 0176"}},
        {{.type = 4, .hex = "01 0166 0176"}, {.type = 22, .hex = "01 01 0166 0176"}},
        {{.type = 22, .hex = "01 02 0166 0176"}, {.type = 22, .hex = "01 01 0166 0176"}},
        /* path hashes: path, field, value, where one ends, whose it is */
        {{.magic = "VALKEY081", .type = 23, .hex = "01 0161 01 0166 0176"},
         {.magic = "VALKEY081", .type = 23, .hex = "01 0162 01 0166 0176"}},
        {{.magic = "VALKEY081", .type = 23, .hex = "01 0161 01 0166 0176"},
         {.magic = "VALKEY081", .type = 23, .hex = "01 0161 01 0167 0176"}},
        {{.magic = "VALKEY081", .type = 23, .hex = "01 0161 01 0166 0176"},
         {.magic = "VALKEY081", .type = 23, .hex = "01 0161 01 0166 0177"}},
        {{.magic = "VALKEY081", .type = 23, .hex = "01 0161 01 0166 0176"},
         {.magic = "VALKEY081", .type = 23, .hex = "01 026166 01 00 0176"}},
        {{.magic = "VALKEY081", .type = 23, .hex = "01 0161 01 0166 0176"},
         {.magic = "VALKEY081", .type = 23, .hex = "01 0161 01 026676 00"}},
        {{.magic = "VALKEY081", .type = 23, .hex = "02 0161 01 0166 0176 0162 01 0167 0177"},
         {.magic = "VALKEY081", .type = 23, .hex = "02 0161 01 0167 0177 0162 01 0166 0176"}},
        {{.magic = "VALKEY081", .type = 23, .hex = "01 0161 02 0166 0176 0167 0177"},
         {.magic = "VALKEY081", .type = 23, .hex = "02 0161 01 0166 0176 0162 01 0167 0177"}},
        /* arrays: an index, a value, where the next goes */
        {{.type = 28, .hex = "01 00 05 00 0161"}, {.type = 28, .hex = "01 00 06 00 0161"}},
        {{.type = 28, .hex = "01 00 05 00 0161"}, {.type = 28, .hex = "01 00 05 00 0162"}},
        {{.type = 28, .hex = "01 00 05 00 0161"}, {.type = 28, .hex = "01 01 00 05 00 0161"}},
        {{.type = 28, .hex = "01 01 06 05 00 0161"}, {.type = 28, .hex = "01 01 00 05 00 0161"}},
        /* modules: which, its version, a part, the kind of a part */
        {{.type = 7, .hex = "4400 02 05 00"}, {.type = 7, .hex = "4800 02 05 00"}},
        {{.type = 7, .hex = "4400 02 05 00"}, {.type = 7, .hex = "4401 02 05 00"}},
        {{.type = 7, .hex = "4400 02 05 00"}, {.type = 7, .hex = "4400 02 06 00"}},
        {{.type = 7, .hex = "4400 02 05 00"}, {.type = 7, .hex = "4400 01 05 00"}},
        {{.type = 7, .hex = "4400 02 05 00"}, {.type = 7, .hex = "4400 02 05 02 05 00"}},
        {{.type = 7, .hex = "4400 05 0161 00"}, {.type = 7, .hex = "4400 05 0162 00"}},
        {{.type = 7, .hex = "4400 03 00000000 00"}, {.type = 7, .hex = "4400 03 00000080 00"}},
        {{.type = 7, .hex = "4400 04 0000000000000000 00"},
         {.type = 7, .hex = "4400 04 0000000000000080 00"}},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        cr_expect(digest_of(&pairs[i][0]) != digest_of(&pairs[i][1]), "row %zu: type %u, %s", i,
                  pairs[i][1].type, pairs[i][1].hex);
}

Test(digest_change, none_where_the_data_is_the_same)
{
    static const struct one_value pairs[][2] = {
        {{.hex = "02 3132"}, {.hex = "c0 0c"}},
        {{.hex = "c2 0c000000"}, {.hex = "c1 0c00"}},
        {{.hex = "4001 61"}, {.hex = "01 61"}},
        {{.before = "fc e803000000000000", .hex = "00"}, {.before = "fd 01000000", .hex = "00"}},
        {{.before = "fc ffffffffffffffff", .hex = "00"}, {.hex = "00"}},
        {{.before = "f8 20 f9 07", .hex = "00"}, {.hex = "00"}},
        {{.magic = "REDIS0003", .hex = "00"}, {.magic = "VALKEY080", .hex = "00"}},
        {{.type = 2, .hex = "02 0161 0162"}, {.type = 2, .hex = "02 0162 0161"}},
        {{.type = 3, .hex = "02 0161 0131 0162 fe"}, {.type = 3, .hex = "02 0162 fe 0161 0131"}},
        {{.type = 5, .hex = "01 0161 0000000000000000"}, {.type = 5, .hex = "01 0161 0000000000000080"}},
        {{.type = 3, .hex = "01 0161 03 312e30"}, {.type = 5, .hex = "01 0161 000000000000f03f"}},
        {{.type = 3, .hex = "01 0161 03 316530"}, {.type = 5, .hex = "01 0161 000000000000f03f"}},
        {{.type = 4, .hex = "02 0166 0176 0167 0177"}, {.type = 4, .hex = "02 0167 0177 0166 0176"}},
        {{.type = 4, .hex = "01 0166 0176"}, {.type = 22, .hex = "01 00 0166 0176"}},
        {{.type = 4, .hex = "01 0166 0176"},
         {.magic = "VALKEY080", .type = 22, .hex = "01 0166 0176 ffffffffffffffff"}},
        {{.type = 24, .hex = "0500000000000000 01 03 0166 0176"}, {.type = 22, .hex = "01 07 0166 0176"}},
        {{.type = 7, .hex = "00 01 05 00"}, {.type = 7, .hex = "8000000000 01 8000000005 00"}},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        cr_expect(digest_of(&pairs[i][0]) == digest_of(&pairs[i][1]), "row %zu: type %u, %s", i,
                  pairs[i][1].type, pairs[i][1].hex);
}

/* --- whole inputs ------------------------------------------------------------------------------------ */

static wide digest_sample(const struct sample *sample, size_t block_size)
{
    struct build b = {0};
    rf_error error;
    wide sum;
    put_sample(&b, sample);
    cr_assert_eq(digest_input(built(&b), block_size, COMPARE_ALL, &sum, &error), RF_OK, "%s: %s",
                 sample->name, error.message);
    build_free(&b);
    return sum;
}

Test(digest_change, none_by_the_size_of_blocks)
{
    static const size_t block_sizes[] = {1, 2, 3, 7, 64, 4096};
    wide all[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++) {
        all[i] = digest_sample(&samples[i], 0);
        for (size_t j = 0; j < sizeof block_sizes / sizeof *block_sizes; j++)
            cr_expect(digest_sample(&samples[i], block_sizes[j]) == all[i], "%s, %zu", samples[i].name,
                      block_sizes[j]);
        for (size_t j = 0; j < i; j++)
            cr_expect(all[i] != all[j], "%s and %s", samples[i].name, samples[j].name);
    }
}

/* --- every byte -------------------------------------------------------------------------------------- */

static rf_code on_consumer(void *ctx, const rf_consumer *consumer)
{
    record_text(ctx, "consumer ");
    record_bytes(ctx, consumer->name);
    record_text(ctx, "\n");
    return RF_OK;
}

static rf_code on_stream(void *ctx, const rf_stream *stream)
{
    record_text(ctx, "stream %" PRIu64 "-%" PRIu64 " %" PRIu64 "-%" PRIu64 " %" PRIu64 "\n",
                stream->last_id.ms, stream->last_id.seq, stream->max_deleted_id.ms,
                stream->max_deleted_id.seq, stream->entries_added);
    return RF_OK;
}

static rf_code on_group(void *ctx, const rf_group *group)
{
    record_text(ctx, "group ");
    record_bytes(ctx, group->name);
    record_text(ctx, " %" PRIu64 "-%" PRIu64 " %" PRId64 "\n", group->last_id.ms, group->last_id.seq,
                group->entries_read);
    return RF_OK;
}

static rf_code on_module_part(void *ctx, const rf_module_part *part)
{
    record_text(ctx, "part %d %" PRIu64 " ", (int)part->kind, part->number);
    record_bytes(ctx, part->bytes);
    record_text(ctx, "\n");
    return RF_OK;
}

/* An entry's data as text: the recorder's, without what is none. */
static rf_code tell_data(struct buffer *text, rf_entry *entry, rf_error *error)
{
    rf_visitor visitor = recorder;
    visitor.consumer = on_consumer;
    visitor.stream = on_stream;
    visitor.group = on_group;
    visitor.module_part = on_module_part;
    visitor.producers = NULL;
    visitor.producer_record = NULL;
    if (entry->kind == RF_ENTRY_FUNCTION) {
        record_text(text, "function ");
        record_bytes(text, entry->text);
    }
    if (entry->kind != RF_ENTRY_KEY)
        return RF_OK;
    record_text(text, "key %" PRId64 " %d %" PRId64 " ", entry->db, (int)entry->type, entry->expire_ms);
    record_bytes(text, entry->key);
    record_text(text, " ");
    record_bytes(text, entry->metadata);
    record_text(text, "\n");
    return rf_value_walk(entry->value, &visitor, text, error);
}

static rf_code tell_all_data(rf_slice input, struct buffer *text, rf_error *error)
{
    rf_source *source;
    rf_reader *reader = NULL;
    rf_entry entry;
    text->len = 0;
    rf_code code = rf_source_open_memory(input.ptr, input.len, "input", &source, error);
    if (code == RF_OK)
        code = rf_reader_open(source, &(rf_reader_options){.block_size = 4096}, &reader, error);
    while (code == RF_OK && (code = rf_reader_next(reader, &entry, error)) == RF_OK)
        code = tell_data(text, &entry, error);
    rf_reader_close(reader);
    record_end(text);
    return code == RF_END ? RF_OK : code;
}

/* Changes one byte after another; where what is left is still sound, its data and its digest have both
 * changed or neither has. The checksum does not matter here: there is none. */
static unsigned flip_every_byte(const struct sample *sample)
{
    static const uint8_t flips[] = {0x01, 0x02, 0x80};
    struct build b = {0};
    struct buffer before = {0}, after = {0};
    unsigned changes = 0;
    rf_error error;
    wide original, changed;
    put_sample(&b, sample);
    memset(b.bytes.data + b.bytes.len - 8, 0, 8);
    cr_assert_eq(digest_input(built(&b), 0, COMPARE_ALL, &original, &error), RF_OK);
    cr_assert_eq(tell_all_data(built(&b), &before, &error), RF_OK);
    for (size_t i = 9; i < b.bytes.len - 9; i++)
        for (size_t j = 0; j < sizeof flips; j++) {
            b.bytes.data[i] ^= flips[j];
            if (digest_input(built(&b), 4096, COMPARE_ALL, &changed, &error) == RF_OK &&
                tell_all_data(built(&b), &after, &error) == RF_OK) {
                bool same = strcmp((const char *)before.data, (const char *)after.data) == 0;
                cr_expect_eq(changed == original, same, "%s: byte %zu ^ %02x gives\n%s", sample->name, i,
                             flips[j], (const char *)after.data);
                changes += !same;
            }
            b.bytes.data[i] ^= flips[j];
        }
    buffer_free(&before);
    buffer_free(&after);
    build_free(&b);
    return changes;
}

Test(digest_change, shows_where_the_data_has_changed_and_only_there)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        bool has_checksum = samples[i].magic && strcmp(samples[i].magic, "REDIS0005") >= 0;
        if (has_checksum && !samples[i].commands)
            cr_expect_gt(flip_every_byte(&samples[i]), 40, "%s", samples[i].name);
    }
}
