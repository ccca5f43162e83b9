/* SPDX-License-Identifier: MIT */
/* Counts commands. */
#include "cmd/inspect/log_facts.h"
#include "base/bytes.h"
#include <ctype.h>
#include <rdbferry/command.h>
#include <stdlib.h>

bool log_facts_open(struct log_facts *facts, const struct input *inputs, size_t input_count,
                    struct prefixes *prefixes)
{
    facts->inputs = inputs;
    facts->prefixes = prefixes;
    facts->files = calloc(input_count, sizeof *facts->files);
    return facts->files;
}

void log_facts_free(struct log_facts *facts)
{
    free(facts->files);
    sketch_free(&facts->by_name);
    sketch_free(&facts->unknown);
}

/* --- places and times --------------------------------------------------------------------------------- */

static void add_time(int64_t *first, int64_t *last, int64_t time)
{
    if (time <= 0)
        return;
    *first = *first > 0 && *first < time ? *first : time; /* clocks step back */
    *last = *last > time ? *last : time;
}

static void add_event(struct log_facts *facts, const struct input *input, const rf_entry *command)
{
    static const char *const names[] = {"FLUSHALL", "FLUSHDB", "SWAPDB"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct log_events *events = i < 2 ? &facts->flushes : &facts->swaps;
        if (!slice_is_word(command->argv[0], names[i]))
            continue;
        events->last = (struct log_event){names[i], input, command->offset, command->db, command->time};
        if (events->count++ < EVENTS_KEPT)
            events->first[events->count - 1] = events->last;
    }
}

/* --- names and keys ----------------------------------------------------------------------------------- */

struct key_counter {
    struct prefixes *prefixes;
    uint64_t bytes;
    bool failed;
};

static bool count_key(void *ctx, rf_slice key)
{
    struct key_counter *counter = ctx;
    counter->failed = !prefixes_add(counter->prefixes, key, counter->bytes, 0);
    return !counter->failed;
}

static bool add_names(struct log_facts *facts, const rf_entry *command, uint64_t bytes)
{
    uint8_t name[SKETCH_NAME_KEPT];
    size_t length = command->argv[0].len < sizeof name ? command->argv[0].len : sizeof name;
    struct key_counter counter = {.prefixes = facts->prefixes, .bytes = bytes};
    for (size_t i = 0; i < length; i++)
        name[i] = (uint8_t)tolower(command->argv[0].ptr[i]);
    const rf_slice lower = {name, length};
    bool known = rf_command_each_key(command, count_key, &counter);
    return !counter.failed && sketch_add(&facts->by_name, lower, bytes) &&
           (known || sketch_add(&facts->unknown, lower, bytes));
}

bool log_facts_add(struct log_facts *facts, const struct input *input, const rf_entry *command)
{
    struct log_file *file = &facts->files[input - facts->inputs];
    struct log_sum *db = &facts->dbs[tables_place_of_db(command->db)];
    uint64_t bytes = 0;
    for (size_t i = 0; i < command->argc; i++)
        bytes += command->argv[i].len;
    add_time(&file->first_time, &file->last_time, command->time);
    add_time(&facts->first_time, &facts->last_time, command->time);
    add_event(facts, input, command);
    facts->transactions += slice_is_word(command->argv[0], "MULTI");
    facts->commands++;
    file->commands++;
    db->commands++;
    db->bytes += bytes;
    return add_names(facts, command, bytes);
}
