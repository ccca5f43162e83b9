/* SPDX-License-Identifier: MIT */
/* The inside of a sink: what each kind provides. A kind's struct has struct rf_sink first. */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "rdb/rdb_writer.h"
#include <rdbferry/sink.h>

struct sink_class {
    rf_code (*put)(rf_sink *sink, rf_entry *entry, rf_error *error);
    /* Everything on disk and synced, under temporary names. */
    rf_code (*finish)(rf_sink *sink, rf_error *error);
    /* Final names, after a finish. */
    rf_code (*commit)(rf_sink *sink, rf_error *error);
    bool (*output)(const rf_sink *sink, size_t index, rf_output_info *info);
    void (*close)(rf_sink *sink);
};

struct rf_sink {
    const struct sink_class *class;
};

/* An RDB file, also as the base of an AOF directory. */
rf_code sink_open_rdb(const char *path, enum rdb_purpose purpose, const rf_sink_options *options,
                      rf_sink **out, rf_error *error);

#endif
