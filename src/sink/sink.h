/* SPDX-License-Identifier: MIT */
/* The internals of a sink: the functions of each kind. A kind's struct begins with struct rf_sink. */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "io/output.h"
#include "rdb/rdb_writer.h"
#include <rdbferry/plain_commands.h>
#include <rdbferry/sink.h>
#include <rdbferry/strings.h>

struct sink_class {
    rf_code (*put)(rf_sink *sink, rf_entry *entry, rf_error *error);
    /* rf_sink_put_strings(); only if the sink takes them. */
    rf_code (*put_strings)(rf_sink *sink, const rf_strings *strings, rf_error *error);
    /* rf_sink_put_commands(); the same. */
    rf_code (*put_commands)(rf_sink *sink, const rf_plain_commands *run, rf_error *error);
    /* Writes and syncs everything, under temporary names. Called once. */
    rf_code (*finish)(rf_sink *sink, rf_error *error);
    /* Sets the final names, after finish. */
    rf_code (*commit)(rf_sink *sink, rf_error *error);
    bool (*output)(const rf_sink *sink, size_t index, rf_output_info *info);
    /* rf_sink_open_part(), rf_sink_append(). */
    rf_code (*open_part)(rf_sink *sink, rf_notify notify, rf_sink **out, rf_error *error);
    rf_code (*append)(rf_sink *sink, rf_sink *part, rf_error *error);
    /* Of a part: rf_sink_part_restart(), rf_sink_part_size(). It has no others but those above that put, and
     * `close`. */
    void (*restart)(rf_sink *part);
    size_t (*size)(const rf_sink *part);
    void (*close)(rf_sink *sink);
};

struct rf_sink {
    const struct sink_class *class;
    bool complete;
    bool takes_strings, takes_commands;
    bool check; /* check each value completely, even if a checksum covers it */
};

/* The destination of an output. In a temporary directory `path` is relative to it, and must not exist. */
struct sink_location {
    const char *path;
    struct output_group *group; /* NULL: threads of its own */
    struct tempdir *within;     /* NULL: none */
};

rf_code sink_open_aof(const struct sink_location *location, const rf_sink_options *options, rf_sink **out,
                      rf_error *error);

/* Also as the base of an AOF directory. */
rf_code sink_open_rdb(const struct sink_location *location, enum rdb_purpose purpose,
                      const rf_sink_options *options, rf_sink **out, rf_error *error);

rf_code sink_open_aofdir(const struct sink_location *location, const char *appendfilename, rf_aof_base base,
                         const rf_sink_options *options, rf_sink **out, rf_error *error);

rf_code sink_open_jsonl(const struct sink_location *location, rf_json_bytes bytes,
                        const rf_sink_options *options, rf_sink **out, rf_error *error);

/* The options for an output at this destination. */
static inline struct output_options sink_output_options(const struct sink_location *location,
                                                        const rf_sink_options *options)
{
    return (struct output_options){.compress = options->compress,
                                   .force = options->force,
                                   .unsafe = options->unsafe,
                                   .hash = options->hash,
                                   .group = location->group,
                                   .within = location->within};
}

#endif
