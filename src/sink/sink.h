/* SPDX-License-Identifier: MIT */
/* The inside of a sink: what each kind provides. A kind's struct has struct rf_sink first. */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "io/output.h"
#include "rdb/rdb_writer.h"
#include <rdbferry/sink.h>

struct sink_class {
    rf_code (*put)(rf_sink *sink, rf_entry *entry, rf_error *error);
    /* Everything on disk and synced, under temporary names. Once. */
    rf_code (*finish)(rf_sink *sink, rf_error *error);
    /* Final names, after a finish. */
    rf_code (*commit)(rf_sink *sink, rf_error *error);
    bool (*output)(const rf_sink *sink, size_t index, rf_output_info *info);
    void (*close)(rf_sink *sink);
};

struct rf_sink {
    const struct sink_class *class;
    bool complete;
    bool check; /* all of each value, whatever checksum is over it */
};

/* Where an output goes. In a temporary directory `path` is relative to it, and nothing may be there yet. */
struct sink_place {
    const char *path;
    struct output_group *group; /* NULL: threads of its own */
    struct tempdir *within;     /* NULL: none */
};

rf_code sink_open_aof(const struct sink_place *place, const rf_sink_options *options, rf_sink **out,
                      rf_error *error);

/* Also as the base of an AOF directory. */
rf_code sink_open_rdb(const struct sink_place *place, enum rdb_purpose purpose,
                      const rf_sink_options *options, rf_sink **out, rf_error *error);

rf_code sink_open_aofdir(const struct sink_place *place, const char *appendfilename, rf_aof_base base,
                         const rf_sink_options *options, rf_sink **out, rf_error *error);

rf_code sink_open_jsonl(const struct sink_place *place, rf_json_bytes bytes, const rf_sink_options *options,
                        rf_sink **out, rf_error *error);

/* What an output is to be like that goes to a place. */
static inline struct output_options sink_output_options(const struct sink_place *place,
                                                        const rf_sink_options *options)
{
    return (struct output_options){.compress = options->compress,
                                   .force = options->force,
                                   .unsafe = options->unsafe,
                                   .hash = options->hash,
                                   .group = place->group,
                                   .within = place->within};
}

#endif
