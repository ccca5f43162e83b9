/* SPDX-License-Identifier: MIT */
/* One file: an RDB, commands, or both. As the preamble of an AOF, an RDB ends at the first command. */
#include "base/fail.h"
#include "command/ability.h"
#include "command/encoder.h"
#include "sink/part.h"
#include "sink/sink.h"
#include "sink/surroundings.h"
#include <stdlib.h>

struct sink_file {
    struct rf_sink sink;
    struct output output; /* none in a part */
    struct part part;     /* otherwise empty */
    rf_sink_options options;
    bool is_part, in_rdb, commands_may_follow;
    struct rdb_writer writer;
    struct encoder encoder;
};

/* The RDB of a part is ended by the output that it is appended to. */
static rf_code end_rdb(struct sink_file *s, rf_error *error)
{
    s->in_rdb = false;
    return s->is_part ? RF_OK : rdb_writer_end(&s->writer, error);
}

COLD static rf_code failure(struct sink_file *s, rf_error *error)
{
    return s->is_part ? fail(error, RF_E_MEMORY, "out of memory") : output_failure(&s->output, error);
}

static inline rf_code outcome(struct sink_file *s, rf_error *error)
{
    return LIKELY(s->encoder.out->code == RF_OK) ? RF_OK : failure(s, error);
}

static rf_code file_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    struct sink_file *s = (struct sink_file *)sink;
    if (s->in_rdb && s->commands_may_follow && entry->kind == RF_ENTRY_COMMAND)
        TRY(end_rdb(s, error));
    TRY(s->in_rdb ? rdb_writer_put(&s->writer, entry, error) : encoder_put(&s->encoder, entry, error));
    return outcome(s, error);
}

static rf_code file_put_strings(rf_sink *sink, const rf_strings *strings, rf_error *error)
{
    struct sink_file *s = (struct sink_file *)sink;
    if (s->in_rdb)
        rdb_writer_put_strings(&s->writer, strings);
    else
        encoder_put_strings(&s->encoder, strings);
    return outcome(s, error);
}

static rf_code file_put_commands(rf_sink *sink, const rf_plain_commands *run, rf_error *error)
{
    struct sink_file *s = (struct sink_file *)sink;
    if (s->in_rdb)
        TRY(end_rdb(s, error));
    encoder_put_commands(&s->encoder, run);
    return outcome(s, error);
}

static rf_code file_finish(rf_sink *sink, rf_error *error)
{
    struct sink_file *s = (struct sink_file *)sink;
    if (s->in_rdb)
        TRY(end_rdb(s, error));
    return output_finish(&s->output, error);
}

static rf_code file_commit(rf_sink *sink, rf_error *error)
{
    return output_commit(&((struct sink_file *)sink)->output, error);
}

static bool file_output(const rf_sink *sink, size_t index, rf_output_info *info)
{
    if (index > 0)
        return false;
    output_info(&((const struct sink_file *)sink)->output, info);
    return true;
}

static void file_close(rf_sink *sink)
{
    struct sink_file *s = (struct sink_file *)sink;
    encoder_close(&s->encoder);
    output_close(&s->output);
    free(s);
}

/* --- parts -------------------------------------------------------------------------------------------- */

static void on_select(void *ctx, int64_t db)
{
    struct sink_file *s = ctx;
    part_select(&s->part, db, s->writer.selected->keys, s->writer.selected->expiring);
}

/* What an error has left unfinished is forgotten. */
static void part_restart(rf_sink *sink)
{
    struct sink_file *s = (struct sink_file *)sink;
    struct encoder_options options = s->encoder.options;
    part_clear(&s->part);
    encoder_close(&s->encoder);
    encoder_open(&s->encoder, &s->part.buf, &options);
    rdb_writer_open_part(&s->writer, &s->part.buf, (struct select_hook){on_select, s}, &s->options);
}

static size_t part_bytes_put(const rf_sink *sink)
{
    return part_size(&((const struct sink_file *)sink)->part);
}

static void part_free(rf_sink *sink)
{
    struct sink_file *s = (struct sink_file *)sink;
    encoder_close(&s->encoder);
    part_close(&s->part);
    free(s);
}

static const struct sink_class part_class = {.put = file_put,
                                             .put_strings = file_put_strings,
                                             .put_commands = file_put_commands,
                                             .restart = part_restart,
                                             .size = part_bytes_put,
                                             .close = part_free};

static rf_code file_open_part(rf_sink *sink, rf_notify notify, rf_sink **out, rf_error *error)
{
    const struct sink_file *whole = (const struct sink_file *)sink;
    struct sink_file *s = calloc(1, sizeof *s);
    if (!s || !part_open(&s->part)) {
        free(s);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    s->sink.class = &part_class;
    s->is_part = true;
    s->sink.check = whole->sink.check;
    s->sink.takes_strings = whole->sink.takes_strings;
    s->sink.takes_commands = whole->sink.takes_commands;
    s->in_rdb = whole->in_rdb;
    s->commands_may_follow = whole->commands_may_follow;
    s->options = whole->options;
    s->options.notify = notify;
    s->encoder.options = whole->encoder.options;
    s->encoder.options.notify = notify;
    s->encoder.options.select = (struct select_hook){on_select, s};
    part_restart(&s->sink);
    *out = &s->sink;
    return RF_OK;
}

static void append_run(struct sink_file *s, const struct sink_file *from, size_t run)
{
    const struct part *part = &from->part;
    const struct part_run *first = &part->runs[run], *next = first + 1;
    bool is_last = run + 1 == part->count;
    rf_slice bytes = part_bytes(part, run);
    if (s->in_rdb)
        rdb_writer_append(
            &s->writer, first->db, (is_last ? from->writer.selected->keys : next->keys) - first->keys,
            (is_last ? from->writer.selected->expiring : next->expiring) - first->expiring, bytes);
    else
        encoder_append(&s->encoder, first->db, bytes);
}

static rf_code file_append(rf_sink *sink, rf_sink *part, rf_error *error)
{
    struct sink_file *s = (struct sink_file *)sink, *from = (struct sink_file *)part;
    if (s->in_rdb && !from->in_rdb)
        TRY(end_rdb(s, error));
    for (size_t i = 0; i < from->part.count; i++)
        append_run(s, from, i);
    from->in_rdb = s->in_rdb;
    return outcome(s, error);
}

/* --- opening ------------------------------------------------------------------------------------------ */

/* Before any file is made. */
static rf_code check_rdb(const rf_sink_options *options, rf_error *error)
{
    if (rf_server_rdb_version(options->target) == 0)
        return fail(error, RF_E_ARGUMENT, "the target version is required to write an RDB");
    if (options->rdb_compression == RF_PLAIN)
        return RF_OK;
    if (options->compress != RF_PLAIN)
        return fail(error, RF_E_ARGUMENT, "an RDB that is compressed as a whole cannot be compressed again");
    if (!server_can(options->target, CAN_COMPRESSED_RDBS))
        return fail(error, RF_E_ARGUMENT, "%s are read by Valkey 9.2 and newer only",
                    ability_text(CAN_COMPRESSED_RDBS));
    return RF_OK;
}

/* A file of commands, or one that begins with an RDB. */
static rf_code open_file(const struct sink_location *location, const rf_sink_options *options, bool is_rdb,
                         struct sink_file **out, rf_error *error)
{
    static const struct sink_class class = {.put = file_put,
                                            .put_strings = file_put_strings,
                                            .put_commands = file_put_commands,
                                            .finish = file_finish,
                                            .commit = file_commit,
                                            .output = file_output,
                                            .open_part = file_open_part,
                                            .append = file_append,
                                            .close = file_close};
    struct sink_file *s = calloc(1, sizeof *s);
    if (!s)
        return fail(error, RF_E_MEMORY, "out of memory");
    s->sink.class = &class;
    s->sink.check = options->check;
    s->sink.takes_strings = s->sink.takes_commands = true;
    s->options = *options;
    struct output_options output = sink_output_options(location, options);
    output.crc = is_rdb && options->rdb_compression == RF_PLAIN;
    output.in_envelope = is_rdb && options->rdb_compression != RF_PLAIN;
    if (output.in_envelope)
        output.compress = options->rdb_compression;
    rf_code code = output_open(location->path, &output, &s->output, error);
    if (code != RF_OK) {
        free(s);
        return code;
    }
    encoder_open(&s->encoder, &s->output.buf,
                 &(struct encoder_options){.target = options->target,
                                           .prefer_restore = options->prefer_restore,
                                           .drop_unsupported = options->drop_unsupported,
                                           .drop_detail = options->drop_detail,
                                           .json = options->json,
                                           .notify = options->notify});
    *out = s;
    return RF_OK;
}

rf_code sink_open_aof(const struct sink_location *location, const rf_sink_options *options, rf_sink **out,
                      rf_error *error)
{
    struct sink_file *s = NULL;
    TRY(open_file(location, options, false, &s, error));
    *out = &s->sink;
    return RF_OK;
}

rf_code rf_sink_open_aof(const char *path, const rf_sink_options *options, rf_sink **out, rf_error *error)
{
    TRY(surroundings_check_file(path, options, error));
    return sink_open_aof(&(struct sink_location){.path = path}, options, out, error);
}

rf_code sink_open_rdb(const struct sink_location *location, enum rdb_purpose purpose,
                      const rf_sink_options *options, rf_sink **out, rf_error *error)
{
    struct sink_file *s = NULL;
    TRY(check_rdb(options, error));
    TRY(open_file(location, options, true, &s, error));
    s->in_rdb = true;
    s->commands_may_follow = purpose == RDB_AOF_PREAMBLE;
    rdb_writer_open(&s->writer, &s->output, purpose, options);
    s->sink.takes_strings = rdb_writer_takes_strings(&s->writer);
    s->sink.takes_commands = s->commands_may_follow;
    *out = &s->sink;
    return RF_OK;
}

rf_code rf_sink_open_rdb(const char *path, bool preamble, const rf_sink_options *options, rf_sink **out,
                         rf_error *error)
{
    TRY(surroundings_check_file(path, options, error));
    return sink_open_rdb(&(struct sink_location){.path = path}, preamble ? RDB_AOF_PREAMBLE : RDB_PLAIN,
                         options, out, error);
}
