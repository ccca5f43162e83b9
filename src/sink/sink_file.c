/* SPDX-License-Identifier: MIT */
/* One file: an RDB, commands, or both. As the preamble of an AOF, an RDB ends at the first command. */
#include "base/fail.h"
#include "command/ability.h"
#include "command/encoder.h"
#include "sink/sink.h"
#include "sink/surroundings.h"
#include <stdlib.h>

struct sink_file {
    struct rf_sink sink;
    struct output output;
    bool in_rdb, commands_may_follow;
    struct rdb_writer writer;
    struct encoder encoder;
};

static rf_code end_rdb(struct sink_file *s, rf_error *error)
{
    s->in_rdb = false;
    return rdb_writer_end(&s->writer, error);
}

static rf_code put_entry(struct sink_file *s, rf_entry *entry, rf_error *error)
{
    if (s->in_rdb && s->commands_may_follow && entry->kind == RF_ENTRY_COMMAND)
        TRY(end_rdb(s, error));
    return s->in_rdb ? rdb_writer_put(&s->writer, entry, error) : encoder_put(&s->encoder, entry, error);
}

static rf_code file_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    struct sink_file *s = (struct sink_file *)sink;
    TRY(put_entry(s, entry, error));
    return LIKELY(s->output.buf.code == RF_OK) ? RF_OK : output_failure(&s->output, error);
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
    static const struct sink_class class = {file_put, file_finish, file_commit, file_output, file_close};
    struct sink_file *s = calloc(1, sizeof *s);
    if (!s)
        return fail(error, RF_E_MEMORY, "out of memory");
    s->sink.class = &class;
    s->sink.check = options->check;
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
