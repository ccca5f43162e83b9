/* SPDX-License-Identifier: MIT */
/* Plain commands, which are rewritten and written together: the output is that of one entry after the other,
 * by any rules, to any sink. */
#include "base/bytes.h"
#include "command/encoder.h"
#include "support/commands.h"
#include "support/exact.h"
#include "support/logs.h"
#include "support/record.h"
#include "support/rewrites.h"
#include "support/tree.h"
#include <criterion/criterion.h>
#include <rdbferry/command_rewrite.h>
#include <rdbferry/plain_commands.h>

enum { COMMANDS = 1500, COMMANDS_MOST = 100 };

static const size_t block_sizes[] = {0, 7, 4096};

static struct scratch scratch;
static rf_error error;
static uint64_t seed;

static void setup(void)
{
    scratch_make(&scratch);
    seed = printed_seed();
}

static void teardown(void)
{
    tree_remove_all(&scratch);
}

TestSuite(plain_commands_put, .init = setup, .fini = teardown, .timeout = 120);

static unsigned any(unsigned below)
{
    return (unsigned)(next_random(&seed) % below);
}

struct wish {
    const char *rules, *keys;    /* "": none, all */
    const rf_topology *topology; /* NULL: one output */
    bool together, directory;
    rf_sink *sink;
    rf_command_rewrite *rewrite;
    size_t count;
};

static rf_code put_results(struct wish *wish, const rf_entry *entry)
{
    rf_entry *result;
    rf_code code = rf_command_rewrite_put(wish->rewrite, entry, &error);
    while (code == RF_OK && (code = rf_command_rewrite_next(wish->rewrite, &result, &error)) == RF_OK)
        code = rf_sink_put(wish->sink, result, &error);
    return code == RF_END ? RF_OK : code;
}

/* Returns how many were taken. */
static size_t put_some_plain(struct wish *wish, rf_reader *reader)
{
    rf_plain_command commands[COMMANDS_MOST];
    rf_plain_commands run;
    rf_reader_peek_commands(reader, commands, 1 + any(COMMANDS_MOST), &run);
    const int64_t db = rf_command_rewrite_db(wish->rewrite, run.db);
    const size_t taken = run.count > 0 ? rf_command_rewrite_plain(wish->rewrite, &run) : 0;
    if (taken == 0)
        return 0;
    cr_assert_eq(run.db, db);
    rf_reader_skip_commands(reader, &commands[taken - 1]);
    if (run.count > 0)
        cr_assert_eq(rf_sink_put_commands(wish->sink, &run, &error), RF_OK);
    return taken;
}

static void put_log(struct wish *wish, rf_slice log, size_t block_size)
{
    rf_reader *reader = log_open(log, block_size, false);
    rf_entry entry;
    rf_code code = RF_OK;
    while (code == RF_OK) {
        const size_t taken = wish->together ? put_some_plain(wish, reader) : 0;
        wish->count += taken;
        if (taken == 0 && (code = rf_reader_next(reader, &entry, &error)) == RF_OK)
            code = put_results(wish, &entry);
    }
    cr_assert_eq(code, RF_END, "%s", error.message);
    rf_reader_close(reader);
}

static void open_sink(struct wish *wish)
{
    tree_remove_all(&scratch);
    scratch_make(&scratch);
    const rf_sink_options options = {.target = {RF_REDIS, 7, 2}, .force = true, .saved_at = -1};
    const rf_split_options split = {
        .topology = wish->topology, .kind = RF_SINK_AOF, .all_dbs = true, .name_only = true};
    const char *path = scratch_path(&scratch, wish->topology || wish->directory ? "dir" : "out");
    const rf_code code = wish->topology ? rf_sink_open_split(path, &split, &options, &wish->sink, &error)
                         : wish->directory
                             ? rf_sink_open_aofdir(path, "a", RF_BASE_AOF, &options, &wish->sink, &error)
                             : rf_sink_open_aof(path, &options, &wish->sink, &error);
    cr_assert_eq(code, RF_OK, "%s", error.message);
    cr_assert(rf_sink_takes_commands(wish->sink));
}

/* The bytes of all outputs, then the counters. */
static void note_outputs(const struct wish *wish, const rf_rewrite *rules, struct buffer *out)
{
    const rf_command_rewrite_counts counts = rf_command_rewrite_counts_get(wish->rewrite);
    const rf_rewrite_counts of_rules = rf_rewrite_counts_get(rules);
    rf_output_info info;
    for (size_t i = 0; rf_sink_output(wish->sink, i, &info); i++) {
        rf_slice bytes = scratch_read(&scratch, info.path + strlen(scratch.path) + 1);
        cr_assert(buffer_append(out, bytes));
        exact_free(bytes);
    }
    record_text(out, "%llu %llu %llu %llu", (unsigned long long)counts.dropped,
                (unsigned long long)counts.narrowed, (unsigned long long)of_rules.changed,
                (unsigned long long)of_rules.tagged);
}

static rf_code leave_out(void *ctx, const rf_refused_command *command, rf_error *why)
{
    (void)ctx, (void)command, (void)why;
    return RF_OK;
}

static void run_wish(struct wish *wish, rf_slice log, size_t block_size, struct buffer *out)
{
    rf_rewrite *rules = rewrite_of(wish->rules);
    rf_filter *filter = rf_filter_new();
    if (*wish->keys)
        cr_assert_eq(rf_filter_glob(filter, RF_INCLUDE, wish->keys, &error), RF_OK);
    const rf_command_rewrite_options options = {.filter = filter,
                                                .rewrite = *wish->rules ? rules : NULL,
                                                .topology = wish->topology,
                                                .unknown = RF_UNKNOWN_DROP,
                                                .refused = leave_out};
    cr_assert_eq(rf_command_rewrite_open(&options, &wish->rewrite, &error), RF_OK);
    wish->count = 0;
    open_sink(wish);
    put_log(wish, log, block_size);
    cr_assert_eq(rf_sink_finish(wish->sink, &error), RF_OK, "%s", error.message);
    note_outputs(wish, rules, out);
    rf_sink_close(wish->sink);
    rf_command_rewrite_close(wish->rewrite);
    rf_filter_free(filter);
    rf_rewrite_free(rules);
}

static void expect_same_output(struct wish wish, rf_slice log, bool together)
{
    struct buffer expected = {0};
    run_wish(&wish, log, 0, &expected);
    wish.together = true;
    for (size_t i = 0; i < sizeof block_sizes / sizeof *block_sizes; i++) {
        struct buffer found = {0};
        run_wish(&wish, log, block_sizes[i], &found);
        cr_expect(slice_equal(buffer_slice(&found), buffer_slice(&expected)), "%s: %s: blocks of %zu",
                  wish.rules, wish.keys, block_sizes[i]);
        cr_expect(block_sizes[i] > 0 || !together || wish.count > 0, "none were taken together");
        buffer_free(&found);
    }
    buffer_free(&expected);
}

static const struct {
    const char *rules, *keys;
    bool together; /* some commands are taken together */
} wishes[] = {
    {"", "", true},
    {"", "user:*", true},
    {"flatten-dbs", "", true},
    {"hash-tag {user:*}:*\nflatten-dbs", "", true},
    {"hash-tag {user:*}:*\nflatten-dbs", "*1*", true},
    {"map-db 1=0,2=7", "", false}, /* database 2 may not be selected */
    {"rename s/a/b/g", "", false}, /* every key is ambiguous */
    {"rename "
     "s/^u/"
     "a-long-prefix-that-makes-names-of-two-digits-and-more-than-a-hundred-bytes-aaaaaaaaaaaaaaaaaaaaaa/",
     "", true},
};

static void expect_same_outputs(const rf_topology *topology, bool directory)
{
    rf_slice log = log_of_commands(COMMANDS, &seed);
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
        expect_same_output((struct wish){.rules = wishes[i].rules,
                                         .keys = wishes[i].keys,
                                         .topology = topology,
                                         .directory = directory},
                           log, wishes[i].together);
    exact_free(log);
}

Test(plain_commands_put, into_a_file)
{
    expect_same_outputs(NULL, false);
}

Test(plain_commands_put, into_a_directory)
{
    expect_same_outputs(NULL, true);
}

Test(plain_commands_put, into_shards)
{
    rf_topology *topology;
    cr_assert_eq(rf_topology_equal(3, &topology, &error), RF_OK);
    expect_same_outputs(topology, false);
    rf_topology_free(topology);
}

/* --- the end of a block ------------------------------------------------------------------------------- */

enum { BLOCK = OUTBUF_RESERVE_MAX, BEHIND = 256 };

struct blocks {
    struct outbuf out;
    struct buffer gathered;
    uint8_t memory[BLOCK + BEHIND];
};

static void gather(struct outbuf *out)
{
    struct blocks *blocks = (struct blocks *)out;
    cr_assert(buffer_append(&blocks->gathered, slice_of(out->start, (size_t)(out->pos - out->start))));
    out->start = out->pos = blocks->memory;
}

static void expect_nothing_behind(const struct blocks *blocks, size_t left)
{
    for (size_t i = 0; i < BEHIND; i++)
        cr_assert_eq(blocks->memory[BLOCK + i], 0xee, "%zu bytes before the end", left);
}

/* With a block that has so many bytes left. */
static void put_at_end(struct blocks *blocks, size_t left, const rf_plain_commands *run, rf_slice expected)
{
    const struct encoder_options options = {.target = {RF_REDIS, 7, 2}};
    struct encoder encoder;
    encoder_open(&encoder, &blocks->out, &options);
    encoder.db = run->db;
    blocks->gathered.len = 0;
    blocks->out.start = blocks->out.pos = blocks->memory + BLOCK - left;
    encoder_put_commands(&encoder, run);
    gather(&blocks->out);
    cr_assert(slice_equal(buffer_slice(&blocks->gathered), expected), "%zu bytes before the end", left);
    expect_nothing_behind(blocks, left);
    encoder_close(&encoder);
}

Test(plain_commands_put, up_to_the_end_of_a_block)
{
    static const char *const keys[] = {
        "a", "a-name-that-is-longer-than-what-is-left-of-the-bytes-that-are-copied-before-it", "b", "c"};
    enum { COUNT = sizeof keys / sizeof *keys };
    struct blocks *blocks = calloc(1, sizeof *blocks);
    struct buffer log = {0}, renamed = {0};
    rf_plain_command commands[COUNT];
    rf_plain_commands run;
    for (size_t i = 0; i < COUNT; i++) {
        struct buffer text = {0};
        record_text(&text, "SET %s a-value-of-about-fifty-bytes-which-makes-it-far-more", keys[i]);
        commands_resp(record_end(&text), &renamed);
        buffer_free(&text);
        commands_resp("SET k a-value-of-about-fifty-bytes-which-makes-it-far-more", &log);
    }
    commands_resp("PING | PING | PING | PING", &log);
    rf_reader *reader = log_open(buffer_slice(&log), 0, false);
    rf_reader_peek_commands(reader, commands, COUNT, &run);
    cr_assert_eq(run.count, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        commands[i].key = slice_of(keys[i], strlen(keys[i]));
    blocks->out = (struct outbuf){.end = blocks->memory + BLOCK, .next = gather};
    memset(blocks->memory + BLOCK, 0xee, BEHIND);
    for (size_t left = 0; left < 2 * BEHIND; left++)
        put_at_end(blocks, left, &run, buffer_slice(&renamed));
    rf_reader_close(reader);
    buffer_free(&blocks->gathered);
    free(blocks);
    buffer_free(&renamed);
    buffer_free(&log);
}
