/* SPDX-License-Identifier: MIT */
/* A file of commands: an encoder writing into an output. */
#include "base/fail.h"
#include "command/encoder.h"
#include "io/output.h"
#include "sink/sink.h"
#include <stdlib.h>

struct sink_aof {
    struct rf_sink sink;
    struct output output;
    struct encoder encoder;
};

static rf_code aof_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    struct sink_aof *s = (struct sink_aof *)sink;
    TRY(encoder_put(&s->encoder, entry, error));
    return LIKELY(s->output.buf.code == RF_OK) ? RF_OK : output_failure(&s->output, error);
}

static rf_code aof_finish(rf_sink *sink, rf_error *error)
{
    return output_finish(&((struct sink_aof *)sink)->output, error);
}

static rf_code aof_commit(rf_sink *sink, rf_error *error)
{
    return output_commit(&((struct sink_aof *)sink)->output, error);
}

static bool aof_output(const rf_sink *sink, size_t index, rf_output_info *info)
{
    if (index > 0)
        return false;
    output_info(&((const struct sink_aof *)sink)->output, info);
    return true;
}

static void aof_close(rf_sink *sink)
{
    struct sink_aof *s = (struct sink_aof *)sink;
    encoder_close(&s->encoder);
    output_close(&s->output);
    free(s);
}

rf_code rf_sink_open_aof(const char *path, const rf_sink_options *options, rf_sink **out, rf_error *error)
{
    static const struct sink_class class = {aof_put, aof_finish, aof_commit, aof_output, aof_close};
    struct sink_aof *s = calloc(1, sizeof *s);
    if (!s)
        return fail(error, RF_E_MEMORY, "out of memory");
    s->sink.class = &class;
    struct output_options output = {
        .compress = options->compress, .force = options->force, .hash = options->hash};
    rf_code code = output_open(path, &output, &s->output, error);
    if (code != RF_OK) {
        free(s);
        return code;
    }
    encoder_open(&s->encoder, &s->output.buf,
                 &(struct encoder_options){.target = options->target,
                                           .prefer_restore = options->prefer_restore,
                                           .drop_unsupported = options->drop_unsupported,
                                           .notify = options->notify});
    *out = &s->sink;
    return RF_OK;
}
