/* SPDX-License-Identifier: MIT */
/* An RDB file. As the preamble of an AOF it ends where the first command comes, and commands follow it. */
#include "base/fail.h"
#include "command/encoder.h"
#include "rdb/rdb_writer.h"
#include "sink/sink.h"
#include <stdlib.h>

struct sink_rdb {
    struct rf_sink sink;
    struct output output;
    struct rdb_writer writer;
    enum rdb_purpose purpose;
    bool ended;
    struct encoder encoder; /* for what follows a preamble */
};

static rf_code end_rdb(struct sink_rdb *s, rf_error *error)
{
    if (s->ended)
        return RF_OK;
    s->ended = true;
    return rdb_writer_end(&s->writer, error);
}

static rf_code put_entry(struct sink_rdb *s, rf_entry *entry, rf_error *error)
{
    if (entry->kind == RF_ENTRY_COMMAND && s->purpose == RDB_AOF_PREAMBLE)
        TRY(end_rdb(s, error));
    return s->ended ? encoder_put(&s->encoder, entry, error) : rdb_writer_put(&s->writer, entry, error);
}

static rf_code rdb_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    struct sink_rdb *s = (struct sink_rdb *)sink;
    TRY(put_entry(s, entry, error));
    return LIKELY(s->output.buf.code == RF_OK) ? RF_OK : output_failure(&s->output, error);
}

static rf_code rdb_finish(rf_sink *sink, rf_error *error)
{
    struct sink_rdb *s = (struct sink_rdb *)sink;
    TRY(end_rdb(s, error));
    return output_finish(&s->output, error);
}

static rf_code rdb_commit(rf_sink *sink, rf_error *error)
{
    return output_commit(&((struct sink_rdb *)sink)->output, error);
}

static bool rdb_output(const rf_sink *sink, size_t index, rf_output_info *info)
{
    if (index > 0)
        return false;
    output_info(&((const struct sink_rdb *)sink)->output, info);
    return true;
}

static void rdb_close(rf_sink *sink)
{
    struct sink_rdb *s = (struct sink_rdb *)sink;
    encoder_close(&s->encoder);
    output_close(&s->output);
    free(s);
}

rf_code sink_open_rdb(const char *path, enum rdb_purpose purpose, const rf_sink_options *options,
                      rf_sink **out, rf_error *error)
{
    static const struct sink_class class = {rdb_put, rdb_finish, rdb_commit, rdb_output, rdb_close};
    if (rf_server_rdb_version(options->target) == 0)
        return fail(error, RF_E_ARGUMENT, "an RDB is written for a server whose version is known");
    struct sink_rdb *s = calloc(1, sizeof *s);
    if (!s)
        return fail(error, RF_E_MEMORY, "out of memory");
    s->sink.class = &class;
    s->purpose = purpose;
    struct output_options output = {
        .compress = options->compress, .force = options->force, .crc = true, .hash = options->hash};
    rf_code code = output_open(path, &output, &s->output, error);
    if (code != RF_OK) {
        free(s);
        return code;
    }
    rdb_writer_open(&s->writer, &s->output, purpose, options);
    encoder_open(&s->encoder, &s->output.buf,
                 &(struct encoder_options){.target = options->target,
                                           .prefer_restore = options->prefer_restore,
                                           .drop_unsupported = options->drop_unsupported,
                                           .notify = options->notify});
    *out = &s->sink;
    return RF_OK;
}

rf_code rf_sink_open_rdb(const char *path, bool preamble, const rf_sink_options *options, rf_sink **out,
                         rf_error *error)
{
    return sink_open_rdb(path, preamble ? RDB_AOF_PREAMBLE : RDB_PLAIN, options, out, error);
}
