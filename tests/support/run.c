/* SPDX-License-Identifier: MIT */
#include "support/run.h"
#include "base/fail.h"
#include "resp/resp_read.h"
#include "support/exact.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <rdbferry/batch.h>

typedef rf_code take_fn(void *ctx, rf_entry *entry, rf_error *error);

/* All keys that are at hand. */
static rf_code take_batch(rf_reader *reader, take_fn *take, void *ctx, rf_error *error)
{
    rf_batch *batch = rf_batch_new();
    rf_entry entry;
    bool taken;
    cr_assert(batch);
    rf_code code = rf_reader_take(reader, batch, &taken, error);
    if (code == RF_OK && taken) {
        while (code == RF_OK && (code = rf_batch_next(batch, &entry, error)) == RF_OK)
            code = take(ctx, &entry, error);
        rf_batch_mark(batch);
        rf_batch_end(batch);
    }
    rf_batch_free(batch);
    return code == RF_END ? RF_OK : code;
}

/* The input lies in a block of exactly its size. */
static rf_code read_all(rf_slice input, const rf_reader_options *options, take_fn *take, void *ctx,
                        rf_reader_info *info, rf_error *error)
{
    rf_source *source;
    rf_reader *reader = NULL;
    rf_entry entry = {0};
    rf_slice exact = exact_copy(input.ptr, input.len);
    memset(error, 0, sizeof *error);
    rf_code code = rf_source_open_memory(exact.ptr, exact.len, "input", &source, error);
    if (code == RF_OK)
        code = rf_reader_open(source, options, &reader, error);
    while (code == RF_OK) {
        if (options->batches > 0)
            code = take_batch(reader, take, ctx, error);
        if (code == RF_OK)
            code = rf_reader_next(reader, &entry, error);
        if (code == RF_OK)
            code = take(ctx, &entry, error);
    }
    if (reader && info)
        *info = *rf_reader_info_get(reader);
    cr_assert(code == RF_END || (error->code == code && error->message[0]), "an error says what it is");
    rf_reader_close(reader);
    exact_free(exact);
    return code == RF_END ? RF_OK : code;
}

/* --- as text ----------------------------------------------------------------------------------------- */

static const char *const type_names[] = {
#define TYPE_NAME(name, text) [RF_##name] = (text),
    RF_TYPES(TYPE_NAME)
#undef TYPE_NAME
};

static const char *const notice_names[] = {
#define NOTICE_NAME(name, id, text) [RF_NOTICE_##name] = (id),
    RF_NOTICES(NOTICE_NAME)
#undef NOTICE_NAME
};

static void put_word(struct buffer *text, const char *word, rf_slice bytes)
{
    record_text(text, "%s", word);
    record_bytes(text, bytes);
}

static void put_hex_word(struct buffer *text, const char *word, rf_slice bytes)
{
    record_text(text, "%s", word);
    for (size_t i = 0; i < bytes.len; i++)
        record_text(text, "%02x", bytes.ptr[i]);
}

static void put_key_line(struct buffer *text, const rf_entry *entry)
{
    record_text(text, "key %" PRId64 " ", entry->db);
    record_bytes(text, entry->key);
    record_text(text, " %s", type_names[entry->type]);
    if (entry->expire_ms != RF_NO_EXPIRY)
        record_text(text, " expire %" PRId64, entry->expire_ms);
    if (entry->idle >= 0)
        record_text(text, " idle %" PRId64, entry->idle);
    if (entry->freq >= 0)
        record_text(text, " freq %d", entry->freq);
    if (entry->no_evict)
        record_text(text, " no-evict");
    if (entry->vendor_flags)
        record_text(text, " (%s)", entry->vendor_flags);
    if (entry->metadata.len)
        put_hex_word(text, " meta ", entry->metadata);
    record_text(text, "\n");
}

static void put_command_line(struct buffer *text, const rf_entry *entry)
{
    record_text(text, "command %" PRId64, entry->db);
    for (size_t i = 0; i < entry->argc; i++)
        put_word(text, " ", entry->argv[i]);
    record_text(text, "\n");
}

static void put_other_line(struct buffer *text, const rf_entry *entry)
{
    if (entry->kind == RF_ENTRY_AUX) {
        put_word(text, "aux ", entry->name);
        put_word(text, " ", entry->text);
    } else if (entry->kind == RF_ENTRY_FUNCTION) {
        put_word(text, "function ", entry->text);
    } else if (entry->kind == RF_ENTRY_MODULE_AUX) {
        put_word(text, "module_aux ", entry->name);
        put_hex_word(text, " ", entry->text);
    } else if (entry->kind == RF_ENTRY_FOREIGN || entry->kind == RF_ENTRY_FOREIGN_DETAIL) {
        record_text(text, "foreign %" PRId64, entry->db);
        put_word(text, " ", entry->key);
        put_word(text, " ", entry->name);
        put_word(text, ": ", entry->text);
    } else if (entry->kind == RF_ENTRY_KEY_COUNTS) {
        record_text(text, "counts %" PRId64 " %" PRIu64 " %" PRIu64, entry->db, entry->keys, entry->expiring);
    }
    record_text(text, "\n");
}

static rf_code take_as_text(void *ctx, rf_entry *entry, rf_error *error)
{
    if (entry->kind == RF_ENTRY_KEY) {
        put_key_line(ctx, entry);
        return rf_value_walk(entry->value, &recorder, ctx, error);
    }
    if (entry->kind == RF_ENTRY_COMMAND)
        put_command_line(ctx, entry);
    else
        put_other_line(ctx, entry);
    return RF_OK;
}

static void notice_as_text(void *ctx, const rf_notice *notice)
{
    record_text(ctx, "notice %s\n", notice_names[notice->code]);
}

static rf_code take_nothing(void *ctx, rf_entry *entry, rf_error *error)
{
    (void)ctx, (void)entry, (void)error;
    return RF_OK;
}

rf_code run_read(rf_slice input, size_t block_size, struct buffer *text, rf_error *error)
{
    rf_reader_options options = {.block_size = block_size};
    if (text)
        options.notify = (rf_notify){notice_as_text, text};
    return read_all(input, &options, text ? take_as_text : take_nothing, text, NULL, error);
}

rf_code run_read_batches(rf_slice input, struct buffer *text, rf_error *error)
{
    return read_all(input, &(rf_reader_options){.batches = 1}, take_as_text, text, NULL, error);
}

rf_code run_info(rf_slice input, rf_reader_info *info, rf_error *error)
{
    return read_all(input, &(rf_reader_options){0}, take_nothing, NULL, info, error);
}

void count_notice(void *ctx, const rf_notice *notice)
{
    ((unsigned *)ctx)[notice->code]++;
}

/* --- as commands ------------------------------------------------------------------------------------- */

/* An outbuf over one block that is emptied into a buffer. */
struct collector {
    struct outbuf out;
    struct buffer *kept;
    uint8_t block[OUTBUF_RESERVE_MAX];
};

static void collect(struct outbuf *out)
{
    struct collector *collector = (struct collector *)out;
    if (collector->kept)
        cr_assert(buffer_append(collector->kept, slice_of(out->start, (size_t)(out->pos - out->start))));
    out->pos = out->start;
}

static rf_code take_by_encoder(void *ctx, rf_entry *entry, rf_error *error)
{
    return encoder_put(ctx, entry, error);
}

rf_code run_encode(rf_slice input, size_t block_size, const struct encoder_options *options,
                   struct buffer *out, rf_error *error)
{
    static struct collector collector;
    struct encoder encoder;
    collector.kept = out;
    collector.out = (struct outbuf){.start = collector.block,
                                    .pos = collector.block,
                                    .end = collector.block + sizeof collector.block,
                                    .next = collect};
    encoder_open(&encoder, &collector.out, options);
    rf_reader_options reading = {.block_size = block_size, .notify = options->notify};
    rf_code code = read_all(input, &reading, take_by_encoder, &encoder, NULL, error);
    collect(&collector.out);
    encoder_close(&encoder);
    return code;
}

void resp_as_text(rf_slice resp, struct buffer *text)
{
    struct window w;
    struct rf_arguments command = {.w = &w};
    rf_error error;
    bool at_end;
    window_open_memory(&w, resp);
    w.error = &error;
    while (window_at_end(&w, &at_end) == RF_OK && !at_end) {
        cr_assert_eq(resp_read_command(&command), RF_OK);
        for (size_t i = 0; i < command.argc; i++)
            put_word(text, i ? " " : "", ((const rf_slice *)(const void *)command.argv.data)[i]);
        record_text(text, "\n");
    }
    resp_arguments_free(&command);
    window_close(&w);
}

const char *run_commands(rf_slice input, struct buffer *text)
{
    rf_error error;
    struct buffer resp = {0};
    rf_code code = run_encode(input, 0, &(struct encoder_options){.target = {RF_REDIS, 8, 10}}, &resp,
                              &error);
    cr_assert_eq(code, RF_OK, "%s", error.message);
    resp_as_text(buffer_slice(&resp), text);
    buffer_free(&resp);
    return record_end(text);
}

/* --- by a sink --------------------------------------------------------------------------------------- */

static rf_code take_by_sink(void *ctx, rf_entry *entry, rf_error *error)
{
    return rf_sink_put(ctx, entry, error);
}

rf_code run_sink(rf_slice input, size_t block_size, rf_sink *sink, rf_error *error)
{
    rf_code code = read_all(input, &(rf_reader_options){.block_size = block_size}, take_by_sink, sink, NULL,
                            error);
    if (code == RF_OK)
        code = rf_sink_finish(sink, error);
    rf_sink_close(sink);
    return code;
}
