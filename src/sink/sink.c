/* SPDX-License-Identifier: MIT */
/* The public functions of all sinks, and the null sink. */
#include "sink/sink.h"

#include "base/fail.h"
#include "rdb/value.h"
#include <stdlib.h>

rf_code rf_sink_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    if (UNLIKELY(sink->check) && entry->kind == RF_ENTRY_KEY)
        entry->value->unguarded = true;
    return sink->class->put(sink, entry, error);
}

bool rf_sink_takes_strings(const rf_sink *sink)
{
    return sink->takes_strings;
}

rf_code rf_sink_put_strings(rf_sink *sink, const rf_strings *strings, rf_error *error)
{
    if (UNLIKELY(sink->check))
        strings->value->unguarded = true;
    return sink->class->put_strings(sink, strings, error);
}

bool rf_sink_takes_commands(const rf_sink *sink)
{
    return sink->takes_commands;
}

rf_code rf_sink_put_commands(rf_sink *sink, const rf_plain_commands *run, rf_error *error)
{
    return sink->class->put_commands(sink, run, error);
}

rf_code rf_sink_open_part(rf_sink *sink, rf_notify notify, rf_sink **part, rf_error *error)
{
    return sink->class->open_part(sink, notify, part, error);
}

rf_code rf_sink_append(rf_sink *sink, rf_sink *part, rf_error *error)
{
    return sink->class->append(sink, part, error);
}

void rf_sink_part_restart(rf_sink *part)
{
    part->class->restart(part);
}

size_t rf_sink_part_size(const rf_sink *part)
{
    return part->class->size(part);
}

rf_code rf_sink_complete(rf_sink *sink, rf_error *error)
{
    if (!sink->complete)
        TRY(sink->class->finish(sink, error));
    sink->complete = true;
    return RF_OK;
}

rf_code rf_sink_finish(rf_sink *sink, rf_error *error)
{
    TRY(rf_sink_complete(sink, error));
    return sink->class->commit(sink, error);
}

bool rf_sink_output(const rf_sink *sink, size_t index, rf_output_info *info)
{
    return sink->class->output(sink, index, info);
}

void rf_sink_close(rf_sink *sink)
{
    if (sink)
        sink->class->close(sink);
}

/* --- null sink -------------------------------------------------------------------------------------- */

static rf_code on_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    (void)ctx, (void)id, (void)fields_values, (void)pairs;
    return RF_OK;
}

static rf_code on_stream(void *ctx, const rf_stream *stream)
{
    (void)ctx, (void)stream;
    return RF_OK;
}

static rf_code null_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    /* A stream's entries and its length are checked only with callbacks. */
    static const rf_visitor checker = {
        .unique = RF_UNIQUE_ALL, .stream_entry = on_stream_entry, .stream = on_stream};
    (void)sink;
    return entry->kind == RF_ENTRY_KEY ? rf_value_walk(entry->value, &checker, NULL, error) : RF_OK;
}

static rf_code null_end(rf_sink *sink, rf_error *error)
{
    (void)sink, (void)error;
    return RF_OK;
}

static bool null_output(const rf_sink *sink, size_t index, rf_output_info *info)
{
    (void)sink, (void)index, (void)info;
    return false;
}

static void null_close(rf_sink *sink)
{
    free(sink);
}

static rf_code null_open_part(rf_sink *sink, rf_notify notify, rf_sink **out, rf_error *error)
{
    (void)sink, (void)notify;
    return rf_sink_open_null(out, error);
}

static rf_code null_append(rf_sink *sink, rf_sink *part, rf_error *error)
{
    (void)sink, (void)part, (void)error;
    return RF_OK;
}

static void null_restart(rf_sink *part)
{
    (void)part;
}

static size_t null_size(const rf_sink *part)
{
    (void)part;
    return 0;
}

rf_code rf_sink_open_null(rf_sink **out, rf_error *error)
{
    static const struct sink_class class = {.put = null_put,
                                            .finish = null_end,
                                            .commit = null_end,
                                            .output = null_output,
                                            .open_part = null_open_part,
                                            .append = null_append,
                                            .restart = null_restart,
                                            .size = null_size,
                                            .close = null_close};
    rf_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return fail(error, RF_E_MEMORY, "out of memory");
    sink->class = &class;
    *out = sink;
    return RF_OK;
}
