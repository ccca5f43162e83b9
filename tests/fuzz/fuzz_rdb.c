/* SPDX-License-Identifier: MIT */
/* Inputs of any format. What is found sound can be encoded, and can be written as an RDB, which is sound too
 * and encoded alike. For older servers it is written as an RDB that is sound; encoding does not crash. */
#include "fuzz/convert.h"
#include "rdb/rdb_writer.h"
#include "rdb/value.h"

/* Values are checked, as many inputs have no checksum that vouches for them. */
static rf_code write_entry(void *writer, rf_entry *entry, rf_error *error)
{
    if (entry->kind == RF_ENTRY_KEY)
        entry->value->unguarded = true;
    return entry->kind == RF_ENTRY_COMMAND ? RF_OK : rdb_writer_put(writer, entry, error);
}

/* What says that it cannot be patched. */
static struct output_state *nowhere(void)
{
    static struct output output;
    rf_error error;
    if (!output.state && output_open("/dev/null", &(struct output_options){0}, &output, &error) != RF_OK)
        abort();
    return output.state;
}

/* A writer needs no more of an output than its outbuf, but for the end, which is made here, without a
 * checksum.
 */
static void write_rdb(const uint8_t *data, size_t size, rf_server target, struct buffer *rdb)
{
    static const uint8_t end[9] = {0xff};
    static struct drain drain;
    struct rdb_writer writer;
    drain_open(&drain, rdb);
    drain.output.state = nowhere();
    rdb_writer_open(&writer, &drain.output, RDB_PLAIN,
                    &(rf_sink_options){.target = target, .saved_at = -1, .drop_unsupported = true});
    if (convert(data, size, write_entry, &writer) != RF_OK)
        abort();
    drain_next(&drain.output.buf);
    if (!buffer_append(rdb, slice_of(end, sizeof end)))
        abort();
}

/* An RDB of its own dialect and of the newest version has everything. */
static void check_rewritten(const uint8_t *data, size_t size, const struct encoder_options *options)
{
    struct buffer rdb = {0}, encoded = {0}, again = {0};
    write_rdb(data, size, options->target, &rdb);
    if (convert_check(rdb.data, rdb.len) != RF_OK || convert_encode(data, size, options, &encoded) != RF_OK ||
        convert_encode(rdb.data, rdb.len, options, &again) != RF_OK)
        abort();
    if (again.len > encoded.len || !slice_equal(buffer_slice(&again), slice_of(encoded.data, again.len)))
        abort(); /* what is missing are commands behind the RDB */
    buffer_free(&rdb);
    buffer_free(&encoded);
    buffer_free(&again);
}

static void check_written(const uint8_t *data, size_t size, rf_server target)
{
    struct buffer rdb = {0};
    write_rdb(data, size, target, &rdb);
    if (convert_check(rdb.data, rdb.len) != RF_OK)
        abort();
    buffer_free(&rdb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct encoder_options newest[] = {
        {.target = {RF_REDIS, 8, 12}, .drop_unsupported = true},
        {.target = {RF_VALKEY, 9, 2}, .drop_unsupported = true},
    };
    static const struct encoder_options others[] = {
        {.target = {RF_REDIS, 8, 12}, .prefer_restore = true},
        {.target = {RF_VALKEY, 9, 2}, .drop_unsupported = true},
        {.target = {RF_DRAGONFLY, 1, 0}, .prefer_restore = true},
        {.target = {RF_REDIS, 6, 0}, .drop_unsupported = true},
        {.target = {RF_REDIS, 2, 6}, .drop_unsupported = true, .prefer_restore = true},
    };
    static const rf_server older[] = {
        {RF_REDIS, 7, 4}, {RF_REDIS, 7, 0},  {RF_REDIS, 6, 2},  {RF_REDIS, 4, 0},  {RF_REDIS, 3, 2},
        {RF_REDIS, 2, 4}, {RF_REDIS, 8, 10}, {RF_VALKEY, 8, 0}, {RF_VALKEY, 9, 0}, {RF_DRAGONFLY, 1, 0},
    };
    bool is_valkeys = size > 0 && *data == 'V';
    if (convert_check(data, size) == RF_OK) {
        check_rewritten(data, size, &newest[is_valkeys]);
        check_written(data, size, older[size % (sizeof older / sizeof *older)]);
    }
    convert_encode(data, size, &others[size % (sizeof others / sizeof *others)], NULL);
    return 0;
}
