/* SPDX-License-Identifier: MIT */
/* An inspection: statistics of the inputs, and the three output formats. */
#ifndef CMD_INSPECT_INSPECT_H
#define CMD_INSPECT_INSPECT_H

#include "base/buffer.h"
#include "base/json.h"
#include "cmd/inspect/inspect_count.h"
#include "cmd/inspect/inspect_extras.h"
#include "cmd/inspect/inspect_options.h"
#include "cmd/inspect/inspect_prefix.h"
#include "cmd/run/cursor.h"
#include "cmd/term/table.h"

struct inspection {
    const struct inspect_options *options;
    struct session session;
    const rf_error *error; /* why an input could not be read to the end; NULL: all were */
    struct cursor cursor;
    struct key_counts counts;
    struct key_totals *by_input;
    struct prefixes prefixes;
    struct slots slots;
    struct extras extras;
    struct top sorted; /* rows of --keys, if they are sorted */
    struct buffer row; /* a line */
    uint64_t rows;     /* rows of --keys, --commands written so far */
    uint64_t commands; /* read so far, with --commands */
    uint64_t unknown;  /* of these: not listed, as their keys are not known */
    struct prefixes log_prefixes;
};

/* The save time of an input in Unix milliseconds; RF_NO_EXPIRY: unknown. */
static inline int64_t inspect_saved_ms(const struct input *input)
{
    int64_t seconds = input->info.saved_at;
    return seconds < 0 ? RF_NO_EXPIRY : seconds * 1000;
}

/* The report for people, and its first part. */
void inspect_put_text(const struct inspection *inspection);
void inspect_put_summary(const struct table *table, const struct inspection *inspection);

/* Lines of it: slots in use; an input; names with count and weight; how many more there are than shown. */
enum { KEY_SHOWN = 100 };
void inspect_put_slot_use(const struct slots *slots, struct key_totals total);
void inspect_put_input(const struct input *input, const struct log_file *log);
void inspect_put_names(const struct table *table, const struct table_column *columns,
                       const struct sketch *sketch, size_t most);
void inspect_put_more(uint64_t all, size_t shown);

/* `keys_listed`: at most so many in each top list of keys. */
void inspect_put_json(struct json *json, const struct inspection *inspection, size_t keys_listed);

void inspect_put_csv_head(void);

/* Appends the line of a key. False: out of memory. */
bool inspect_format_csv_row(struct buffer *line, const struct key_row *row);

/* One of the commands of an AOF, with --commands; *full: no more are wanted. */
rf_code inspect_list_command(struct inspection *inspection, const struct input *input,
                             const rf_entry *command, bool *full, rf_error *error);

#endif
