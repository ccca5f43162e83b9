/* SPDX-License-Identifier: MIT */
/* A directory of outputs, one for each shard:
 *
 *                  slot -> shard        .shards.rdbferry-XXXXXX/
 *     key        ----------------+----> shard-0_0-5460.rdb
 *     function,                  +----> shard-1_5461-10922.rdb
 *     module aux ----> all ------+----> shard-2_10923-16383.rdb
 *                                       + files that are added  ->  shards/
 *
 * With nodes, each has a directory, with the output of its shard if it is a primary:
 *
 *     redis-0/nodes.conf  redis-0/dump.rdb  ...  redis-3/nodes.conf
 *
 * The outputs share their writer threads. Everything is written to a temporary directory, which is renamed at
 * the end. */
#include "base/fail.h"
#include "io/in_use.h"
#include "io/output_group.h"
#include "io/tempdir.h"
#include "sink/shard_lists.h"
#include "sink/sink.h"
#include <rdbferry/slot.h>
#include <stdio.h>
#include <stdlib.h>

struct sink_split {
    struct rf_sink sink;
    const rf_topology *topology;
    rf_nodes *nodes; /* NULL: none */
    rf_server target;
    bool all_dbs, hash, unsafe;
    rf_notify notify;
    bool reported; /* notices about this entry have already been sent by one of the outputs */
    struct tempdir *directory;
    struct output_group *group;
    struct shard_lists lists;
    rf_sink **shards;
    size_t shard_count, files_each;
    struct output *added;
    size_t added_count;
};

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

/* --- entries ------------------------------------------------------------------------------------------- */

COLD static rf_code refuse_db(const rf_entry *entry, rf_error *error)
{
    fail(error, RF_E_INCOMPATIBLE,
         "a cluster has database 0 only: use --flatten-dbs or --map-db, or select with --db");
    error_key(error, entry->db, entry->key);
    return RF_E_INCOMPATIBLE;
}

static size_t shard_of(const struct sink_split *s, int known_slot, rf_slice key)
{
    const unsigned slot = known_slot >= 0 ? (unsigned)known_slot : rf_slot_of(key);
    return rf_topology_of_slot(s->topology, slot);
}

static rf_code put_key(struct sink_split *s, rf_entry *entry, rf_error *error)
{
    if (UNLIKELY(entry->db >= RF_CLUSTER_DATABASES && !s->all_dbs))
        return refuse_db(entry, error);
    return rf_sink_put(s->shards[shard_of(s, entry->slot, entry->key)], entry, error);
}

static rf_code put_to_all(struct sink_split *s, rf_entry *entry, rf_error *error)
{
    rf_code code = RF_OK;
    for (size_t i = 0; code == RF_OK && i < s->shard_count; i++) {
        s->reported = i > 0;
        code = rf_sink_put(s->shards[i], entry, error);
    }
    s->reported = false;
    return code;
}

static rf_code split_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    struct sink_split *s = (struct sink_split *)sink;
    switch (entry->kind) {
    case RF_ENTRY_KEY:
    case RF_ENTRY_COMMAND:
    case RF_ENTRY_FOREIGN_DETAIL:
    case RF_ENTRY_FOREIGN: return put_key(s, entry, error);
    case RF_ENTRY_FUNCTION:
    case RF_ENTRY_MODULE_AUX: return put_to_all(s, entry, error);
    case RF_ENTRY_AUX:
    case RF_ENTRY_KEY_COUNTS: break;
    }
    return RF_OK;
}

/* SHARD_LISTS_MOST of them at most. */
static rf_code put_sorted(struct sink_split *s, const rf_strings *strings, rf_error *error)
{
    rf_string keys[SHARD_LISTS_MOST];
    rf_strings sorted = *strings;
    rf_code code = RF_OK;
    sorted.keys = keys;
    for (size_t i = 0; i < strings->count; i++)
        shard_lists_add(&s->lists, i, shard_of(s, strings->keys[i].slot, strings->keys[i].key));
    for (size_t i = 0; code == RF_OK && i < s->lists.shard_count; i++) {
        const size_t shard = s->lists.shards[i];
        sorted.count = shard_lists_get(&s->lists, shard, strings->keys, keys);
        code = rf_sink_put_strings(s->shards[shard], &sorted, error);
    }
    shard_lists_clear(&s->lists);
    return code;
}

static rf_code split_put_strings(rf_sink *sink, const rf_strings *strings, rf_error *error)
{
    struct sink_split *s = (struct sink_split *)sink;
    rf_strings some = *strings;
    for (size_t left = strings->count; left > 0; left -= some.count, some.keys += some.count) {
        some.count = left < SHARD_LISTS_MOST ? left : SHARD_LISTS_MOST;
        TRY(put_sorted(s, &some, error));
    }
    return RF_OK;
}

/* Neighbours of one shard are put together. */
static rf_code split_put_commands(rf_sink *sink, const rf_plain_commands *run, rf_error *error)
{
    const struct sink_split *s = (const struct sink_split *)sink;
    rf_plain_command *const end = run->commands + run->count;
    rf_plain_commands some = *run;
    for (size_t shard = shard_of(s, some.commands->slot, some.commands->key), next = 0; some.commands < end;
         shard = next) {
        rf_plain_command *command = some.commands + 1;
        while (command < end && (next = shard_of(s, command->slot, command->key)) == shard)
            command++;
        some.count = (size_t)(command - some.commands);
        TRY(rf_sink_put_commands(s->shards[shard], &some, error));
        some.commands = command;
    }
    return RF_OK;
}

static void on_notice(void *ctx, const rf_notice *notice)
{
    const struct sink_split *s = ctx;
    if (s->notify.fn && !s->reported)
        s->notify.fn(s->notify.ctx, notice);
}

/* --- the end ------------------------------------------------------------------------------------------- */

static rf_code add_file(struct sink_split *s, const char *name, rf_slice bytes, rf_error *error)
{
    struct output_options options = {.hash = s->hash, .group = s->group, .within = s->directory};
    struct output *more = realloc(s->added, (s->added_count + 1) * sizeof *more);
    if (!more)
        return out_of_memory(error);
    s->added = more;
    TRY(output_open(name, &options, &more[s->added_count], error));
    struct output *output = &more[s->added_count++];
    outbuf_put(&output->buf, bytes.ptr, bytes.len);
    return output_finish(output, error);
}

static rf_code add_nodes_conf(struct sink_split *s, size_t node, rf_error *error)
{
    rf_slice text;
    char *name;
    TRY(rf_nodes_conf(s->nodes, s->topology, node, s->target, &text, error));
    if (asprintf(&name, "%s/nodes.conf", rf_nodes_at(s->nodes, node)->name) < 0)
        return out_of_memory(error);
    rf_code code = add_file(s, name, text, error);
    free(name);
    return code;
}

static rf_code split_finish(rf_sink *sink, rf_error *error)
{
    struct sink_split *s = (struct sink_split *)sink;
    for (size_t i = 0; i < s->shard_count; i++)
        TRY(rf_sink_complete(s->shards[i], error));
    for (size_t i = 0; s->nodes && i < rf_nodes_count(s->nodes); i++)
        TRY(add_nodes_conf(s, i, error));
    return RF_OK;
}

/* A server may have been started on the result of an earlier split. */
static rf_code refuse_in_use(const struct sink_split *s, rf_error *error)
{
    return s->unsafe ? RF_OK : in_use_refuse(tempdir_target(s->directory), error);
}

static rf_code split_commit(rf_sink *sink, rf_error *error)
{
    struct sink_split *s = (struct sink_split *)sink;
    TRY(refuse_in_use(s, error));
    for (size_t i = 0; i < s->shard_count; i++)
        TRY(rf_sink_finish(s->shards[i], error));
    for (size_t i = 0; i < s->added_count; i++)
        TRY(output_commit(&s->added[i], error));
    return tempdir_commit(s->directory, error);
}

static bool split_output(const rf_sink *sink, size_t index, rf_output_info *info)
{
    const struct sink_split *s = (const struct sink_split *)sink;
    size_t of_shards = s->shard_count * s->files_each;
    if (index < of_shards)
        return rf_sink_output(s->shards[index / s->files_each], index % s->files_each, info);
    if (index - of_shards >= s->added_count)
        return false;
    output_info(&s->added[index - of_shards], info);
    return true;
}

static void split_close(rf_sink *sink)
{
    struct sink_split *s = (struct sink_split *)sink;
    for (size_t i = 0; i < s->shard_count; i++)
        rf_sink_close(s->shards[i]);
    for (size_t i = 0; i < s->added_count; i++)
        output_close(&s->added[i]);
    output_group_close(s->group);
    tempdir_close(s->directory);
    free(s->shards);
    shard_lists_close(&s->lists);
    free(s->added);
    free(s);
}

/* --- parts: one of each shard -------------------------------------------------------------------------- */

static bool allocate_shards(struct sink_split *s, size_t shards)
{
    s->shards = calloc(shards, sizeof(rf_sink *));
    return s->shards && shard_lists_open(&s->lists, shards);
}

static void part_restart(rf_sink *sink)
{
    struct sink_split *s = (struct sink_split *)sink;
    for (size_t i = 0; i < s->shard_count; i++)
        rf_sink_part_restart(s->shards[i]);
}

static size_t part_size(const rf_sink *sink)
{
    const struct sink_split *s = (const struct sink_split *)sink;
    size_t size = 0;
    for (size_t i = 0; i < s->shard_count; i++)
        size += rf_sink_part_size(s->shards[i]);
    return size;
}

static const struct sink_class part_class = {.put = split_put,
                                             .put_strings = split_put_strings,
                                             .put_commands = split_put_commands,
                                             .restart = part_restart,
                                             .size = part_size,
                                             .close = split_close};

static rf_code open_part_of_each(struct sink_split *s, const struct sink_split *whole, rf_notify notify,
                                 rf_error *error)
{
    if (!allocate_shards(s, whole->shard_count))
        return out_of_memory(error);
    for (; s->shard_count < whole->shard_count; s->shard_count++)
        TRY(rf_sink_open_part(whole->shards[s->shard_count], notify, &s->shards[s->shard_count], error));
    return RF_OK;
}

static rf_code split_open_part(rf_sink *sink, rf_notify notify, rf_sink **out, rf_error *error)
{
    const struct sink_split *whole = (const struct sink_split *)sink;
    struct sink_split *s = calloc(1, sizeof *s);
    if (!s)
        return out_of_memory(error);
    s->sink.class = &part_class;
    s->sink.check = whole->sink.check;
    s->sink.takes_strings = whole->sink.takes_strings;
    s->sink.takes_commands = whole->sink.takes_commands;
    s->topology = whole->topology;
    s->all_dbs = whole->all_dbs;
    rf_code code = open_part_of_each(s, whole, notify, error);
    if (code == RF_OK)
        *out = &s->sink;
    else
        split_close(&s->sink);
    return code;
}

static rf_code split_append(rf_sink *sink, rf_sink *part, rf_error *error)
{
    struct sink_split *s = (struct sink_split *)sink, *from = (struct sink_split *)part;
    for (size_t i = 0; i < s->shard_count; i++)
        TRY(rf_sink_append(s->shards[i], from->shards[i], error));
    return RF_OK;
}

static const struct sink_class split_class = {.put = split_put,
                                              .put_strings = split_put_strings,
                                              .put_commands = split_put_commands,
                                              .finish = split_finish,
                                              .commit = split_commit,
                                              .output = split_output,
                                              .open_part = split_open_part,
                                              .append = split_append,
                                              .close = split_close};

rf_code rf_sink_add_file(rf_sink *split, const char *name, rf_slice bytes, rf_error *error)
{
    if (split->class != &split_class || !split->complete)
        return fail(error, RF_E_ARGUMENT, "files can only be added to a completed split");
    if (!*name || strchr(name, '/'))
        return fail(error, RF_E_ARGUMENT, "'%s' is not a file name", name);
    return add_file((struct sink_split *)split, name, bytes, error);
}

/* --- opening ------------------------------------------------------------------------------------------- */

static bool makes_directories(const rf_split_options *split)
{
    return split->nodes || split->kind == RF_SINK_AOFDIR;
}

/* "shard-0_0-5460.rdb.gz", or the name of the shard's directory; NULL if out of memory. */
static char *name_of(const rf_shard *shard, const rf_split_options *split, rf_compression compress)
{
    static const char *const endings[] = {
        [RF_SINK_AOF] = ".aof", [RF_SINK_AOFDIR] = "", [RF_SINK_RDB] = ".rdb", [RF_SINK_JSONL] = ".jsonl"};
    static const char *const packed[] = {
        [RF_PLAIN] = "", [RF_GZIP] = ".gz", [RF_LZ4] = ".lz4", [RF_ZSTD] = ".zst"};
    bool is_file = !makes_directories(split);
    char *name, slots[32] = "";
    if (!split->name_only && !split->nodes)
        snprintf(slots, sizeof slots, "_%u-%u%s", shard->ranges->first, shard->ranges->last,
                 shard->range_count > 1 ? "+" : "");
    int n = asprintf(&name, "%s%s%s%s", shard->name, slots, is_file ? endings[split->kind] : "",
                     is_file ? packed[compress] : "");
    return n >= 0 ? name : NULL;
}

/* "shard-0_0-5460.rdb.gz", "shard-0_0-5460/appendonlydir", "redis-0/dump.rdb". Makes the directory. */
static rf_code make_path(const struct sink_split *s, const rf_split_options *split, rf_compression compress,
                         char **path, rf_error *error)
{
    static const char *const within[] = {
        [RF_SINK_AOF] = "appendonly.aof", [RF_SINK_AOFDIR] = "appendonlydir", [RF_SINK_RDB] = "dump.rdb"};
    char *name = name_of(rf_topology_shard(s->topology, s->shard_count), split, compress);
    if (!name)
        return out_of_memory(error);
    *path = name;
    if (!makes_directories(split))
        return RF_OK;
    rf_code code = tempdir_make_directory(s->directory, name, error);
    if (code == RF_OK && asprintf(path, "%s/%s", name, within[split->kind]) < 0)
        code = out_of_memory(error);
    free(name);
    return code;
}

static rf_code open_location(const struct sink_location *location, const rf_split_options *split,
                             const rf_sink_options *options, rf_sink **out, rf_error *error)
{
    switch (split->kind) {
    case RF_SINK_AOF: return sink_open_aof(location, options, out, error);
    case RF_SINK_AOFDIR:
        return sink_open_aofdir(location, split->appendfilename, split->base, options, out, error);
    case RF_SINK_RDB: return sink_open_rdb(location, RDB_PLAIN, options, out, error);
    case RF_SINK_JSONL: break;
    }
    return sink_open_jsonl(location, split->bytes, options, out, error);
}

static rf_code open_shards(struct sink_split *s, const rf_split_options *split,
                           const rf_sink_options *options, rf_error *error)
{
    rf_code code = RF_OK;
    for (size_t shards = rf_topology_shards(s->topology); code == RF_OK && s->shard_count < shards;) {
        struct sink_location location = {.group = s->group, .within = s->directory};
        char *path;
        TRY(make_path(s, split, options->compress, &path, error));
        location.path = path;
        code = open_location(&location, split, options, &s->shards[s->shard_count], error);
        s->shard_count += code == RF_OK;
        free(path);
    }
    return code;
}

/* Primaries have theirs already. */
static rf_code make_replicas(const struct sink_split *s, rf_error *error)
{
    for (size_t i = s->shard_count; s->nodes && i < rf_nodes_count(s->nodes); i++)
        TRY(tempdir_make_directory(s->directory, rf_nodes_at(s->nodes, i)->name, error));
    return RF_OK;
}

static rf_code open_directory(struct sink_split *s, const char *path, const rf_split_options *split,
                              const rf_sink_options *options, rf_error *error)
{
    size_t shards = rf_topology_shards(s->topology);
    rf_sink_options each = *options;
    each.notify = (rf_notify){on_notice, s};
    if (!allocate_shards(s, shards))
        return out_of_memory(error);
    TRY(tempdir_create(path, options->force, &s->directory, error));
    s->unsafe = options->unsafe;
    TRY(refuse_in_use(s, error));
    /* an AOF directory has two files that are written concurrently */
    TRY(output_group_open(split->kind == RF_SINK_AOFDIR ? 2 * shards : shards, &s->group, error));
    TRY(open_shards(s, split, &each, error));
    return make_replicas(s, error);
}

rf_code rf_sink_open_split(const char *path, const rf_split_options *split, const rf_sink_options *options,
                           rf_sink **out, rf_error *error)
{
    if (split->nodes && (split->kind == RF_SINK_JSONL || options->compress != RF_PLAIN))
        return fail(error, RF_E_ARGUMENT, "servers cannot read this output: it cannot be that of nodes");
    if (split->nodes && options->target.dialect == RF_DRAGONFLY)
        return fail(error, RF_E_ARGUMENT,
                    "Dragonfly does not read a nodes.conf: nodes need another target version");
    struct sink_split *s = calloc(1, sizeof *s);
    if (!s)
        return out_of_memory(error);
    s->sink.class = &split_class;
    s->sink.check = options->check;
    s->topology = split->topology;
    s->nodes = split->nodes;
    s->target = options->target;
    s->all_dbs = split->all_dbs;
    s->hash = options->hash;
    s->notify = options->notify;
    s->files_each = split->kind == RF_SINK_AOFDIR ? 3 : 1;
    rf_code code = open_directory(s, path, split, options, error);
    if (code != RF_OK) {
        split_close(&s->sink);
        return code;
    }
    s->sink.takes_strings = s->shards[0]->takes_strings;
    s->sink.takes_commands = s->shards[0]->takes_commands;
    *out = &s->sink;
    return RF_OK;
}
