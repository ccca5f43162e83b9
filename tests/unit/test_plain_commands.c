/* SPDX-License-Identifier: MIT */
/* Plain commands, which are read together: the result is that of one entry after the other, wherever blocks
 * end and whatever is between them. */
#include "base/bytes.h"
#include "resp/resp_write.h"
#include "support/commands.h"
#include "support/exact.h"
#include "support/logs.h"
#include "support/record.h"
#include "support/rewrites.h"
#include <criterion/criterion.h>
#include <rdbferry/command.h>
#include <rdbferry/plain_commands.h>

enum { COMMANDS = 3000, COMMANDS_MOST = 100 };

static const size_t block_sizes[] = {0, 1, 7, 100, 4096, 70 * 1000};

static rf_error error;
static uint64_t seed;

static void setup(void)
{
    seed = printed_seed();
}

TestSuite(plain_commands, .init = setup, .timeout = 120);

static unsigned any(unsigned below)
{
    return (unsigned)(next_random(&seed) % below);
}

/* --- reading ------------------------------------------------------------------------------------------ */

/* "offset db ", the command, "complete_bytes" */
static void note(struct buffer *out, uint64_t offset, int64_t db, rf_slice command)
{
    record_text(out, "%llu %lld ", (unsigned long long)offset, (long long)db);
    cr_assert(buffer_append(out, command));
}

/* The rest of it may be damaged. */
static rf_code note_entry(struct buffer *out, rf_entry *entry)
{
    struct buffer resp = {0};
    const rf_code code = rf_command_hold(entry, &error);
    if (code != RF_OK)
        return code;
    cr_assert(resp_append_command(&resp, entry->argv, entry->argc));
    note(out, entry->offset, entry->db, buffer_slice(&resp));
    buffer_free(&resp);
    return RF_OK;
}

static void note_plain(struct buffer *out, const rf_plain_commands *run, const rf_plain_command *command)
{
    struct buffer resp = {0};
    cr_assert(rf_plain_command_is_whole(command));
    cr_assert_eq(command->slot, -1);
    cr_assert(buffer_append(&resp, command->head));
    record_text(&resp, "$%zu\r\n", command->key.len);
    cr_assert(buffer_append(&resp, command->key));
    record_text(&resp, "\r\n");
    cr_assert(buffer_append(&resp, command->rest));
    note(out, run->offset + (uint64_t)(command->head.ptr - run->commands->head.ptr), run->db,
         buffer_slice(&resp));
    buffer_free(&resp);
}

/* Some of those that are next; returns how many. */
static size_t read_some(rf_reader *reader, struct buffer *out)
{
    rf_plain_command commands[COMMANDS_MOST];
    rf_plain_commands run;
    rf_reader_peek_commands(reader, commands, 1 + any(COMMANDS_MOST), &run);
    const size_t n = run.count == 0 ? 0 : 1 + any((unsigned)run.count);
    for (size_t i = 0; i < n; i++)
        note_plain(out, &run, &commands[i]);
    if (n > 0)
        rf_reader_skip_commands(reader, &commands[n - 1]);
    return n;
}

/* Returns how many were read together. */
static size_t read_log(rf_slice log, size_t block_size, bool together, struct buffer *out)
{
    rf_reader *reader = log_open(log, block_size, false);
    rf_entry entry;
    rf_code code = RF_OK;
    size_t count = 0;
    while (code == RF_OK) {
        const size_t n = together ? read_some(reader, out) : 0;
        count += n;
        if (n == 0 && (code = rf_reader_next(reader, &entry, &error)) == RF_OK)
            code = note_entry(out, &entry);
    }
    record_text(out, "%d %s %lld", (int)code, code == RF_END ? "" : error.message,
                (long long)rf_reader_info_get(reader)->complete_bytes);
    rf_reader_close(reader);
    return count;
}

static void expect_same_entries(rf_slice log, size_t block_size, size_t least)
{
    struct buffer expected = {0}, found = {0};
    read_log(log, block_size, false, &expected);
    const size_t together = read_log(log, block_size, true, &found);
    cr_expect(slice_equal(buffer_slice(&found), buffer_slice(&expected)), "blocks of %zu", block_size);
    cr_expect_geq(together, least, "only %zu were read together", together);
    buffer_free(&expected);
    buffer_free(&found);
}

Test(plain_commands, are_the_same_entries)
{
    rf_slice log = log_of_commands(COMMANDS, &seed);
    for (size_t i = 0; i < sizeof block_sizes / sizeof *block_sizes; i++)
        expect_same_entries(log, block_sizes[i], block_sizes[i] ? 0 : COMMANDS / 2);
    exact_free(log);
}

Test(plain_commands, of_a_log_that_is_cut_or_damaged)
{
    rf_slice log = log_of_commands(COMMANDS, &seed);
    const size_t window = 3000;
    for (int i = 0; i < 1000; i++) {
        rf_slice damaged = exact_copy(log.ptr, 1 + any((unsigned)window));
        if (i % 2)
            *(uint8_t *)(uintptr_t)&damaged.ptr[any((unsigned)damaged.len)] = (uint8_t) "$*\r\n0"[any(5)];
        if (*damaged.ptr == '*')
            expect_same_entries(damaged, 0, 0);
        exact_free(damaged);
    }
    exact_free(log);
}

/* --- which are plain ---------------------------------------------------------------------------------- */

static size_t count_plain(rf_reader *reader)
{
    rf_plain_command commands[COMMANDS_MOST];
    rf_plain_commands run;
    rf_reader_peek_commands(reader, commands, COMMANDS_MOST, &run);
    return run.count;
}

/* How many of a log's commands are, of those after the first one. The last ones of an input are not. */
static size_t plain_after_first(const char *text, bool resume)
{
    static const char *const end = "| PING | PING | PING | PING";
    struct buffer log = {0};
    rf_entry entry;
    commands_resp(text, &log);
    commands_resp(end + 1, &log);
    rf_reader *reader = log_open(buffer_slice(&log), 0, resume);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    const size_t count = count_plain(reader);
    rf_reader_close(reader);
    buffer_free(&log);
    return count;
}

Test(plain_commands, have_one_key_and_no_more)
{
    static const struct {
        const char *log;
        size_t count;
    } cases[] = {
        {"PING | SET a 1 | incr b | HSET c d e | DEL f | UNLINK g | PEXPIREAT a 1", 6},
        {"PING | SET a 1 | GET a | SET a 1", 1},
        {"PING | SET a", 0},
        {"PING | SET a 1 EX 10", 0},
        {"PING | EXPIRE a 10", 0},
        {"PING | SETEX a 10 v", 0},
        {"PING | DEL a b", 0},
        {"PING | MSET a b", 0},
        {"PING | MOVE a 1", 0},
        {"PING | PFDEBUG ENCODING a", 0},
        {"PING | XGROUP DESTROY a b", 0},
        {"PING | XADD a * b c", 1},
        {"PING | SELECT 1 | SET a 1", 0},
        {"PING | MULTI | SET a 1 | EXEC", 0},
        {"PING | NOSUCH a 1", 0},
        {"PING | FLUSHDB", 0},
        {"MULTI | SET a 1 | EXEC", 0},
        {"EXEC | SET a 1", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(plain_after_first(cases[i].log, false), cases[i].count, "%s", cases[i].log);
        cr_expect_eq(plain_after_first(cases[i].log, true), 0, "%s", cases[i].log);
    }
}

/* More different commands than heads are kept of. */
Test(plain_commands, with_many_names)
{
    struct buffer log = {0}, text = {0};
    for (int round = 0; round < 2; round++)
        for (int fields = 1; fields < 40; fields++) {
            text.len = 0;
            record_text(&text, "HSET key");
            for (int i = 0; i < fields; i++)
                record_text(&text, " f v");
            commands_resp(record_end(&text), &log);
        }
    commands_resp("PING | PING | PING | PING", &log);
    rf_reader *reader = log_open(buffer_slice(&log), 0, false);
    cr_expect_eq(count_plain(reader), 78);
    rf_reader_close(reader);
    rf_slice exact = exact_copy(log.data, log.len);
    expect_same_entries(exact, 0, 78);
    exact_free(exact);
    buffer_free(&log);
    buffer_free(&text);
}
