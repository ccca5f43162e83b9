/* SPDX-License-Identifier: MIT */
/* What results of the commands of a log: by rules, filters and slots; in blocks of all sizes. */
#include "base/bytes.h"
#include "support/commands.h"
#include "support/exact.h"
#include "support/record.h"
#include "support/rewrites.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <rdbferry/command_rewrite.h>
#include <rdbferry/reader.h>
#include <stdio.h>

/* --- running -------------------------------------------------------------------------------------------- */

/* A case: what is asked, a log, and what comes out: as commands_resp() takes it, with "SELECT n |" where the
 * database changes, and at an error "! what it says (offset, db, key)". */
struct rewrite_case {
    const char *rules;  /* of a rewrite */
    const char *filter; /* "k:GLOB", "d:DBS", "s:SLOTS" */
    const char *log, *result;
};

struct run {
    struct buffer out;
    struct buffer written; /* "db:name>db:name " of each key */
    int64_t db;
    const rf_topology *topology; /* NULL: no shards */
    rf_command_rewrite *rewrite;
    rf_command_rewrite_counts counts;
};

static rf_filter *filter_of(const char *text)
{
    rf_filter *filter = rf_filter_new();
    rf_error error;
    rf_code code = RF_OK;
    cr_assert(filter);
    if (*text)
        code = *text == 'k'   ? rf_filter_glob(filter, RF_INCLUDE, text + 2, &error)
               : *text == 'd' ? rf_filter_dbs(filter, RF_INCLUDE, text + 2, &error)
                              : rf_filter_slots(filter, text + 2, &error);
    cr_assert_eq(code, RF_OK, "%s", text);
    return filter;
}

static void put_separator(struct run *run)
{
    record_text(&run->out, "%s", run->out.len ? " | " : "");
}

static void put_command(struct run *run, const rf_entry *command)
{
    cr_assert_eq(command->kind, RF_ENTRY_COMMAND);
    put_separator(run);
    cr_expect_eq(command->slot >= 0, run->topology != NULL);
    if (run->topology)
        record_text(&run->out, "%zu: ", rf_topology_of_slot(run->topology, (unsigned)command->slot));
    if (command->db != run->db)
        record_text(&run->out, "SELECT %" PRId64 " | ", command->db);
    run->db = command->db;
    for (size_t i = 0; i < command->argc; i++) {
        record_text(&run->out, "%s", i ? " " : "");
        record_bytes(&run->out, command->argv[i]);
    }
}

static void put_error(struct run *run, const rf_error *error)
{
    put_separator(run);
    record_text(&run->out, "! %s (%" PRId64, error->message, error->offset);
    if (*error->key)
        record_text(&run->out, ", %d, %s", error->db, error->key);
    record_text(&run->out, ")");
}

/* Takes all that results of the last command. */
static rf_code take_results(struct run *run, rf_error *error)
{
    rf_entry *result;
    rf_code code;
    while ((code = rf_command_rewrite_next(run->rewrite, &result, error)) == RF_OK)
        put_command(run, result);
    return code == RF_END ? RF_OK : code;
}

static rf_code note_written(void *ctx, const rf_entry *key, int64_t source_db, rf_slice source,
                            bool ambiguous, rf_error *error)
{
    struct run *run = ctx;
    (void)ambiguous;
    (void)error;
    record_text(&run->written, "%s%" PRId64 ":", run->written.len ? " " : "", source_db);
    record_bytes(&run->written, source);
    record_text(&run->written, ">%" PRId64 ":", key->db);
    record_bytes(&run->written, key->key);
    return RF_OK;
}

static rf_code note_history(void *history, const rf_entry *command, rf_error *error)
{
    return rf_command_history_note(history, 0, command, error);
}

static rf_code rewrite_command(void *ctx, const rf_entry *command, rf_error *error)
{
    struct run *run = ctx;
    rf_code code = rf_command_rewrite_put(run->rewrite, command, error);
    return code == RF_OK ? take_results(run, error) : code;
}

/* Hands each command of a log to `take`. */
static rf_code read_log(rf_slice resp, size_t block_size,
                        rf_code (*take)(void *ctx, const rf_entry *command, rf_error *error), void *ctx,
                        rf_error *error)
{
    const rf_reader_options options = {.block_size = block_size};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry = {0};
    cr_assert_eq(rf_source_open_memory(resp.ptr, resp.len, "log", &source, error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &reader, error), RF_OK);
    rf_code code = RF_OK;
    while (code == RF_OK) {
        code = rf_reader_next(reader, &entry, error);
        if (code == RF_OK)
            code = take(ctx, &entry, error);
    }
    rf_reader_close(reader);
    return code == RF_END ? RF_OK : code;
}

static rf_command_history *history_of(rf_slice resp, const rf_rewrite *rules)
{
    rf_error error;
    rf_command_history *history = rf_command_history_new(rules);
    cr_assert(history);
    cr_assert_eq(read_log(resp, 4096, note_history, history, &error), RF_OK);
    cr_assert_eq(rf_command_history_end(history, &error), RF_OK);
    return history;
}

/* The result is in run->out; the caller frees it. */
static rf_code run_case(const struct rewrite_case *c, const rf_topology *topology,
                        rf_unknown_commands unknown, bool history, size_t block_size, struct run *run)
{
    struct buffer resp = {0};
    rf_error error = {0};
    rf_rewrite *rules = rewrite_of(c->rules);
    rf_command_rewrite_options options = {.filter = filter_of(c->filter),
                                          .rewrite = rules,
                                          .topology = topology,
                                          .unknown = unknown,
                                          .written = note_written,
                                          .ctx = run};
    *run = (struct run){.topology = topology};
    rf_rewrite_expect(rules, options.filter);
    commands_resp(c->log, &resp);
    rf_slice exact = exact_copy(resp.data, resp.len);
    if (history)
        options.history = history_of(exact, rules);
    cr_assert_eq(rf_command_rewrite_open(&options, &run->rewrite, &error), RF_OK);
    rf_code code = read_log(exact, block_size, rewrite_command, run, &error);
    if (code != RF_OK)
        put_error(run, &error);
    run->counts = rf_command_rewrite_counts_get(run->rewrite);
    rf_command_rewrite_close(run->rewrite);
    rf_command_history_free((rf_command_history *)(uintptr_t)options.history);
    exact_free(exact);
    buffer_free(&resp);
    rf_filter_free(options.filter);
    rf_rewrite_free(rules);
    record_end(&run->out);
    record_end(&run->written);
    return code;
}

static void run_free(struct run *run)
{
    buffer_free(&run->out);
    buffer_free(&run->written);
}

static void expect_result(const struct rewrite_case *c, rf_unknown_commands unknown, bool history)
{
    static const size_t blocks[] = {1, 2, 7, 4096};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        struct run run;
        run_case(c, NULL, unknown, history, blocks[i], &run);
        cr_expect_str_eq((const char *)run.out.data, c->result, "[%s] [%s] %s\n  is %s\n  not %s", c->rules,
                         c->filter, c->log, (const char *)run.out.data, c->result);
        run_free(&run);
    }
}

#define EXPECT_EACH(cases)                                          \
    for (size_t i_ = 0; i_ < sizeof(cases) / sizeof *(cases); i_++) \
    expect_result(&(cases)[i_], RF_UNKNOWN_FAIL, false)

/* --- names and databases -------------------------------------------------------------------------------- */

static const struct rewrite_case renamed[] = {
    {"", "", "SET a 1 | SELECT 3 | DEL a b", "SET a 1 | SELECT 3 | DEL a b"},
    {"rename s/^/p:/", "", "SET a 1 | set a\\x00b \"\" PXAT 9 | DEL a b",
     "SET p:a 1 | set p:a\\x00b  PXAT 9 | DEL p:a p:b"},
    {"rename s/^/p:/", "", "MSET a b c d | MSETEX 2 a b c d EX 3",
     "MSET p:a b p:c d | MSETEX 2 p:a b p:c d EX 3"},
    {"rename s/^/p:/", "", "BITOP AND a a b", "BITOP AND p:a p:a p:b"},
    {"rename s/^/p:/", "", "ZUNIONSTORE a 2 a b WEIGHTS 1 2", "ZUNIONSTORE p:a 2 p:a p:b WEIGHTS 1 2"},
    {"rename s/^/p:/", "", "COPY DB REPLACE | MOVE a 1", "COPY p:DB p:REPLACE REPLACE | MOVE p:a 1"},
    {"rename s/^/p:/", "", "XGROUP CREATE s g $ | XREADGROUP GROUP STREAMS c STREAMS s >",
     "XGROUP CREATE p:s g $ | XREADGROUP GROUP STREAMS c STREAMS p:s >"},
    {"rename s/^/p:/", "", "GEORADIUS a 1 2 3 km STORE STOREDIST",
     "GEORADIUS p:a 1 2 3 km STORE p:STOREDIST"},
    {"rename s/^/p:/", "", "SORT a BY nosort GET # STORE d", "SORT p:a BY nosort GET # STORE p:d"},
    {"rename s/^/p:/", "", "FUNCTION LOAD a | SCRIPT FLUSH | FLUSHALL",
     "FUNCTION LOAD a | SCRIPT FLUSH | FLUSHALL"},
    {"rename s/^/p:/", "", "PING | REPLCONF GETACK * | PUBLISH a b | SET a 1", "SET p:a 1"},
    /* databases */
    {"map-db 0=5,5=0", "", "SET a 1 | SELECT 5 | SET a 2 | SELECT 7 | SET a 3",
     "SELECT 5 | SET a 1 | SELECT 0 | SET a 2 | SELECT 7 | SET a 3"},
    {"map-db 0=5,5=0", "", "MOVE a 5 | COPY a b DB 5 | COPY a b DB 1 REPLACE | COPY a b",
     "SELECT 5 | MOVE a 0 | COPY a b DB 0 REPLACE | COPY a b DB 1 REPLACE | COPY a b REPLACE"},
    {"map-db 0=5,5=0", "", "SWAPDB 0 3 | SELECT 5 | FLUSHDB | FLUSHALL",
     "SELECT 5 | SWAPDB 5 3 | SELECT 0 | FLUSHDB | FLUSHALL"},
    {"map-db 0=5", "d:0", "FLUSHDB | SWAPDB 1 2 | SELECT 1 | FLUSHDB", "SELECT 5 | FLUSHDB"},
    {"flatten-dbs", "", "SET a 1 | SELECT 7 | SET a 2 | MOVE a 0 | MOVE b 3",
     "SET a 1 | SET db7:a 2 | RENAME db7:a a | RENAME db7:b db3:b"},
    {"flatten-dbs", "", "SELECT 2 | COPY a b | COPY a b DB 0 | COPY a a DB 5 REPLACE | copy DB REPLACE",
     "COPY db2:a db2:b REPLACE | COPY db2:a b REPLACE | COPY db2:a db5:a REPLACE | copy db2:DB db2:REPLACE "
     "REPLACE"},
    {"flatten-dbs", "", "SELECT 2 | SORT l BY w_* GET # GET v_*->f STORE d",
     "SORT db2:l BY db2:w_* GET # GET db2:v_*->f STORE db2:d"},
    {"flatten-dbs d%d.\nprefix-db0", "", "RENAME a b | SELECT 1 | RENAME a b",
     "RENAME d0.a d0.b | RENAME d1.a d1.b"},
};

Test(command_rewrite, names_and_databases)
{
    EXPECT_EACH(renamed);
}

/* --- transactions --------------------------------------------------------------------------------------- */

static const struct rewrite_case transactions[] = {
    {"rename s/^/p:/", "", "MULTI | SET a 1 | SET b 2 | EXEC | SET c 3",
     "MULTI | SET p:a 1 | SET p:b 2 | EXEC | SET p:c 3"},
    {"rename s/^/p:/", "", "MULTI | SET a 1 | EXEC", "SET p:a 1"},
    {"rename s/^/p:/", "", "MULTI | EXEC | multi | exec", ""},
    {"", "k:k*", "MULTI | SET x 1 | SET ka 2 | SET y 3 | EXEC", "SET ka 2"},
    {"", "k:k*", "MULTI | SET x 1 | EXEC | SET kb 1", "SET kb 1"},
    {"", "k:k*", "MULTI | SET ka 1 | SET x 1 | SET kb 2 | EXEC", "MULTI | SET ka 1 | SET kb 2 | EXEC"},
    {"", "k:k*", "MULTI | SET ka \"\" | SET x 1 | EXEC", "SET ka "},
    {"", "k:k*", "MULTI | DEL ka x | RENAME kb x | SMOVE x kc m | EXEC",
     "MULTI | DEL ka | DEL kb | SADD kc m | EXEC"},
    /* SELECT in it outlives it; databases change where they have to */
    {"", "k:k*", "MULTI | SET ka 1 | SELECT 7 | SET kb 2 | EXEC | SET kc 3",
     "MULTI | SET ka 1 | SELECT 7 | SET kb 2 | EXEC | SET kc 3"},
    {"flatten-dbs", "", "MULTI | SELECT 7 | SET a 2 | SET b 2 | EXEC | SET c 3",
     "MULTI | SET db7:a 2 | SET db7:b 2 | EXEC | SET db7:c 3"},
    {"map-db 7=1", "", "SELECT 3 | SET x 1 | MULTI | SELECT 7 | SET a 2 | SET b 2 | EXEC | SET c 3",
     "SELECT 3 | SET x 1 | SELECT 1 | MULTI | SET a 2 | SET b 2 | EXEC | SET c 3"},
    /* numbers that have been made here are kept with a command that is held */
    {"map-db 3=12", "", "MULTI | MOVE a 3 | COPY a b DB 3 | EXEC",
     "MULTI | MOVE a 12 | COPY a b DB 12 REPLACE | EXEC"},
    {"", "k:k*", "MULTI | MSETEX 3 ka 1 x 2 kb 3 | EXEC", "MSETEX 2 ka 1 kb 3"},
    /* a server takes no notice of these */
    {"rename s/^/p:/", "", "MULTI | SET a 1 | EXEC | EXEC | SET b 1", "SET p:a 1 | SET p:b 1"},
    {"rename s/^/p:/", "", "EXEC | MULTI | SET a 1 | SET b 1 | EXEC | EXEC",
     "MULTI | SET p:a 1 | SET p:b 1 | EXEC"},
    {"rename s/^/p:/", "", "MULTI | SET a 1 | MULTI | SET b 1 | EXEC",
     "MULTI | SET p:a 1 | SET p:b 1 | EXEC"},
    {"rename s/^/p:/", "", "MULTI | SET a 1 | SET b 1 | MULTI | SET c 1 | EXEC | SET d 1",
     "MULTI | SET p:a 1 | SET p:b 1 | SET p:c 1 | EXEC | SET p:d 1"},
    {"rename s/^/p:/", "", "MULTI | MULTI | MULTI | SET a 1 | EXEC", "SET p:a 1"},
    /* one that does not end is left out: a server does the same */
    {"rename s/^/p:/", "", "SET a 1 | MULTI | SET b 1",
     "SET p:a 1 | ! the AOF ends inside a transaction (MULTI without EXEC) (69)"},
};

Test(command_rewrite, transactions)
{
    EXPECT_EACH(transactions);
}

/* --- narrowing ------------------------------------------------------------------------------------------ */

#define OTHERS   "it concerns selected data and others that are not: they are"
#define MOVED    "it gives a selected key data that are not selected: they are"
#define COMPUTED "it computes a selected key from data that are not selected: they are"

static const struct rewrite_case narrowed[] = {
    {"", "k:k*", "SET ka 1 | SET x 1 | FLUSHDB | FLUSHALL | FUNCTION FLUSH",
     "SET ka 1 | FLUSHDB | FLUSHALL | FUNCTION FLUSH"},
    /* each key by itself */
    {"", "k:k*", "DEL x ka y kb | UNLINK ka kb | DEL x y", "DEL ka kb | UNLINK ka kb"},
    {"", "k:k*", "MSET x 1 ka 2 y 3 kb 4 | mset x 1", "MSET ka 2 kb 4"},
    {"", "k:k*", "MSETNX x 1 ka 2 | MSETNX ka 2 kb 3", "MSET ka 2 | MSETNX ka 2 kb 3"},
    {"", "k:k*", "MSETEX 2 ka 1 x 2 NX PXAT 9 | msetex 3 x 1 kNX NX y 2 KEEPTTL xx | MSETEX 1 ka 1 NX",
     "MSETEX 1 ka 1 PXAT 9 | msetex 1 kNX NX KEEPTTL | MSETEX 1 ka 1 NX"},
    {"rename s/^k/p/", "k:k*", "DEL x ka y kb | MSET x 1 ka 2", "DEL pa pb | MSET pa 2"},
    /* from one to another */
    {"", "k:k*", "RENAME ka x | RENAMENX kb x | RENAME ka kb | RENAME x y", "DEL ka | DEL kb | RENAME ka kb"},
    {"", "k:k*", "COPY ka x | COPY x y | COPY ka kb DB 3", "COPY ka kb DB 3 REPLACE"},
    {"", "k:k*", "SMOVE ka x m | SMOVE x ka m\\x00 | SMOVE ka kb m | SMOVE x y m",
     "SREM ka m | SADD ka m\\x00 | SMOVE ka kb m"},
    {"", "k:k*", "LMOVE ka x LEFT RIGHT | lmove ka x right left | RPOPLPUSH ka x | LMOVE x y LEFT LEFT",
     "LPOP ka | RPOP ka | RPOP ka"},
    {"", "d:0-2", "MOVE a 3 | MOVE a 2 | COPY a b DB 3 | SELECT 4 | MOVE a 5 | COPY a b DB 6",
     "DEL a | MOVE a 2"},
    {"", "k:k*", "RENAME x ka", "! RENAME: " MOVED " (0, 0, x)"},
    {"", "k:k*", "SET a 1 | renamenx x ka", "! RENAMENX: " MOVED " (27, 0, x)"},
    {"", "k:k*", "COPY x ka", "! COPY: " MOVED " (0, 0, x)"},
    {"", "k:k*", "LMOVE x ka LEFT LEFT", "! LMOVE: " MOVED " (0, 0, x)"},
    {"", "d:0", "SELECT 1 | MOVE a 0", "! MOVE: " MOVED " (23, 1, a)"},
    {"", "k:k*", "ZMOVE ka x 1", "! ZMOVE: " OTHERS " (0, 0, x)"},
    /* from several to one */
    {"", "k:k*",
     "SUNIONSTORE x ka y | SUNIONSTORE ka kb kc | ZUNIONSTORE x 1 ka | BITOP AND x ka | PFMERGE x ka",
     "SUNIONSTORE ka kb kc"},
    {"", "k:k*",
     "GEORADIUS ka 1 2 3 km STORE x | GEOSEARCHSTORE x ka | SORT ka STORE x | ZRANGESTORE x ka 0 1", ""},
    {"", "k:k*", "SUNIONSTORE ka kb x", "! SUNIONSTORE: " COMPUTED " (0, 0, x)"},
    {"", "k:k*", "PFMERGE ka x", "! PFMERGE: " COMPUTED " (0, 0, x)"},
    {"", "k:k*", "BITOP OR ka kb x", "! BITOP: " COMPUTED " (0, 0, x)"},
    {"", "k:k*", "ZINTERSTORE ka 1 x", "! ZINTERSTORE: " COMPUTED " (0, 0, x)"},
    {"", "k:k*", "SORT x STORE ka", "! SORT: " COMPUTED " (0, 0, x)"},
    {"", "k:k*", "PFCOUNT ka x", "! PFCOUNT: " OTHERS " (0, 0, x)"},
    /* patterns of SORT matter only where its result does */
    {"", "k:k*", "SORT x BY w_* GET v_* STORE y | SORT ka BY w_* STORE x", ""},
    {"", "k:k*", "SORT ka BY w_* STORE kb",
     "! SORT: its pattern may refer to keys that are not selected (0)"},
    {"", "k:k*", "SORT ka BY nosort GET # STORE kb", "SORT ka BY nosort GET # STORE kb"},
    {"rename s/^/p:/", "", "SORT a GET v_*->f STORE b",
     "! SORT: rules for names cannot be applied to its pattern (0)"},
    {"map-db 1=0", "", "SORT a BY w_* STORE b",
     "! SORT: its pattern may refer to keys of other databases that are mapped to the same (0)"},
    {"map-db 1=2", "d:1", "SELECT 1 | SORT a BY w_* STORE b", "SELECT 2 | SORT a BY w_* STORE b"},
    /* never in a log, or its keys are not known */
    {"", "k:k*", "EVAL x 1 ka", "! EVAL: its keys are not known (0)"},
    {"", "k:k*", "BLPOP x 0 | BLPOP x ka 0", "! BLPOP: its keys are not known (29)"},
    {"", "k:k*", "NO.SUCH x y",
     "! NO.SUCH: the keys of this command are not known (see --command-keys, --unknown-commands) (0)"},
    /* no server would have written these */
    {"", "k:k*", "SET", "! SET: wrong number of arguments (0)"},
    {"", "k:k*", "DEL", "! DEL: wrong number of arguments (0)"},
    {"", "k:k*", "MSET x 1 ka", "! MSET: wrong number of arguments (0)"},
    {"", "k:k*", "MSETNX x 1 ka", "! MSETNX: wrong number of arguments (0)"},
    {"", "k:k*", "MSETEX 2 x 1 ka", "! MSETEX: wrong number of arguments (0)"},
    {"", "k:k*", "MSETEX 9223372036854775807 x 1 ka", "! MSETEX: wrong number of arguments (0)"},
    {"", "k:k*", "MSETEX 1e3 ka 1", "! MSETEX: wrong number of arguments (0)"},
    {"", "k:k*", "ZUNIONSTORE ka -1 x", "! ZUNIONSTORE: wrong number of arguments (0)"},
    {"", "k:k*", "ZUNIONSTORE x 3 ka", "! ZUNIONSTORE: wrong number of arguments (0)"},
    {"", "k:k*", "RENAME ka", "! RENAME: wrong number of arguments (0)"},
    {"", "k:k*", "MOVE ka", "! MOVE: invalid database number (0)"},
    {"", "k:k*", "MOVE ka x", "! MOVE: invalid database number (0)"},
    {"", "k:k*", "MOVE ka -1", "! MOVE: invalid database number (0)"},
    {"", "k:k*", "COPY ka kb DB 99999999999999999999", "! COPY: invalid database number (0)"},
    {"", "k:k*", "SWAPDB 0", "! SWAPDB: invalid database numbers (0)"},
    {"", "k:k*", "SWAPDB 0 1x", "! SWAPDB: invalid database numbers (0)"},
    {"", "k:k*", "LMOVE ka x", "! LMOVE: " OTHERS " (0, 0, x)"},
    {"", "k:k*", "SMOVE ka x", "! SMOVE: " OTHERS " (0, 0, x)"},
};

Test(command_rewrite, narrowed)
{
    EXPECT_EACH(narrowed);
}

/* --- slots: a 15495, b 3300, c 7365 --------------------------------------------------------------------- */

static const struct rewrite_case slots[] = {
    {"", "s:3300", "MSET a 1 b 2 c 3 | DEL a b | UNLINK c", "MSET b 2 | DEL b"},
    {"", "s:3300", "SADD a x | SMOVE a b x", "SADD b x"},
    {"", "s:15495", "SADD a x | SMOVE a b x", "SADD a x | SREM a x"},
    {"", "s:15495", "RENAME a b", "DEL a"},
    {"", "s:3300", "RENAME a b", "! RENAME: " MOVED " (0, 0, a)"},
    {"", "s:15495", "MULTI | SET a 1 | SET b 1 | INCR {a}n | EXEC", "MULTI | SET a 1 | INCR {a}n | EXEC"},
    /* of the new name */
    {"rename s/^x/b/", "s:3300", "SET x 1 | SET b 2 | SET a 1", "SET b 1 | SET b 2"},
    {"", "s:3300", "SORT b BY w_* STORE {b}d",
     "! SORT: its pattern may refer to keys that are not selected (0)"},
    {"", "s:3300", "FLUSHALL | FUNCTION FLUSH", "FLUSHALL | FUNCTION FLUSH"},
};

Test(command_rewrite, slots)
{
    EXPECT_EACH(slots);
}

/* --- shards: b is in the first of three, c in the second, a in the third ------------------------------ */

static const struct {
    const char *log, *result;
} split[] = {
    {"MSET a 1 b 2 c 3 | DEL a b | UNLINK c",
     "0: MSET b 2 | 1: MSET c 3 | 2: MSET a 1 | 0: DEL b | 2: DEL a | 1: UNLINK c"},
    {"SET a 1 | SMOVE a b x", "2: SET a 1 | 0: SADD b x | 2: SREM a x"},
    {"MULTI | SET a 1 | SET b 1 | INCR {a}n | EXEC",
     "2: MULTI | 2: SET a 1 | 2: INCR {a}n | 0: SET b 1 | 2: EXEC"},
    {"MULTI | SET a 1 | EXEC | MULTI | EXEC | EXEC | SET b 1", "2: SET a 1 | 0: SET b 1"},
    {"FLUSHALL | FUNCTION FLUSH",
     "0: FLUSHALL | 1: FLUSHALL | 2: FLUSHALL | 0: FUNCTION FLUSH | 1: FUNCTION FLUSH | 2: FUNCTION FLUSH"},
    {"MULTI | FLUSHALL | SET a 1 | EXEC",
     "2: MULTI | 2: FLUSHALL | 2: SET a 1 | 0: FLUSHALL | 1: FLUSHALL | 2: EXEC"},
    {"RENAME a {a}b | SUNIONSTORE {b}d b | PING", "2: RENAME a {a}b | 0: SUNIONSTORE {b}d b"},
    {"SORT a BY nosort STORE {a}b", "2: SORT a BY nosort STORE {a}b"},
    {"RENAME a b", "! RENAME: its keys are in slots 15495 and 3300, of different shards (a hash tag can keep "
                   "them together): "
                   "the first is (0, 0, a)"},
    {"SUNIONSTORE b c",
     "! SUNIONSTORE: its keys are in slots 7365 and 3300, of different shards (a hash tag can keep them "
     "together): the first is (0, 0, c)"},
    {"SORT a BY w_* STORE {a}b", "! SORT: its pattern may refer to keys of other shards (0)"},
    {"EVAL x 0", "! EVAL: its keys are not known (0)"},
};

Test(command_rewrite, shards)
{
    rf_topology *topology;
    rf_error error;
    cr_assert_eq(rf_topology_equal(3, &topology, &error), RF_OK);
    for (size_t i = 0; i < sizeof split / sizeof *split; i++) {
        const struct rewrite_case c = {"", "", split[i].log, split[i].result};
        struct run run;
        run_case(&c, topology, RF_UNKNOWN_FAIL, false, 7, &run);
        cr_expect_str_eq((const char *)run.out.data, c.result, "%s\n  is %s\n  not %s", c.log,
                         (const char *)run.out.data, c.result);
        run_free(&run);
    }
    rf_topology_free(topology);
}

/* --- names that meet ------------------------------------------------------------------------------------ */

#define SAME "another of its keys maps to the same name as what is"

static const struct rewrite_case met[] = {
    {"rename s/[ab]/x/", "", "RENAME a b", "! RENAME: " SAME " (0, 0, b)"},
    {"rename s/[ab]/x/", "", "SET q 1 | SMOVE a b m", "SET q 1 | ! SMOVE: " SAME " (27, 0, b)"},
    {"rename s/[ab]/x/", "", "COPY a b", "! COPY: " SAME " (0, 0, b)"},
    {"rename s/[ab]/x/", "", "LMOVE a b LEFT LEFT", "! LMOVE: " SAME " (0, 0, b)"},
    {"rename s/[ab]/x/", "", "SDIFFSTORE d a c b", "! SDIFFSTORE: " SAME " (0, 0, b)"},
    {"rename s/[ab]/x/", "", "SUNIONSTORE a c b", "! SUNIONSTORE: " SAME " (0, 0, b)"},
    {"rename s/[ab]/x/", "", "BITOP AND a a a | LMOVE a a LEFT RIGHT",
     "BITOP AND x x x | LMOVE x x LEFT RIGHT"},
    {"map-db 1=0", "", "MOVE a 1", "! MOVE: " SAME " (0, 1, a)"},
    {"map-db 1=0", "", "COPY a a DB 1", "! COPY: " SAME " (0, 1, a)"},
    {"map-db 1=0", "", "COPY a b DB 1", "COPY a b REPLACE"},
    {"map-db 1=0", "", "SELECT 1 | COPY a a DB 0", "! COPY: " SAME " (23, 0, a)"},
    {"map-db 1=0", "", "FLUSHDB",
     "! FLUSHDB: it would remove keys of other databases that are mapped to the same (0)"},
    {"map-db 1=0", "", "SELECT 1 | FLUSHDB",
     "! FLUSHDB: it would remove keys of other databases that are mapped to the same (23)"},
    {"map-db 1=0", "", "SELECT 2 | FLUSHDB", "SELECT 2 | FLUSHDB"},
    {"map-db 1=0", "", "SWAPDB 0 2", "! SWAPDB: other databases are mapped to the same (0)"},
    {"", "d:0", "SWAPDB 0 2", "! SWAPDB: only one of the databases is selected (0)"},
};

Test(command_rewrite, names_that_meet)
{
    EXPECT_EACH(met);
}

/* --- SWAPDB and FLUSHDB with the log's history -------------------------------------------------------- */

static const struct rewrite_case with_history[] = {
    /* names are those of the end; a swap does not change which database is selected */
    {"flatten-dbs", "", "SET a 1 | SELECT 1 | SET b 1 | SWAPDB 0 1 | SET c 1 | SELECT 0 | SET d 1",
     "SET db1:a 1 | SET b 1 | SET db1:c 1 | SET d 1"},
    {"flatten-dbs", "", "SET a 1 | SWAPDB 0 1 | SWAPDB 1 2 | SWAPDB 2 2 | SET b 1", "SET db2:a 1 | SET b 1"},
    {"flatten-dbs", "", "SWAPDB 0 1 | MOVE a 1 | SWAPDB 1 0", "RENAME db1:a a"},
    /* what a FLUSHDB removes is left out */
    {"flatten-dbs", "", "SELECT 3 | SET a 1 | SELECT 0 | SET a 9 | SELECT 3 | FLUSHDB | SET c 1",
     "SET a 9 | SET db3:c 1"},
    {"flatten-dbs", "", "SET a 1 | FLUSHDB | SET b 1 | SWAPDB 0 1 | SELECT 1 | FLUSHDB | SET c 1",
     "SET db1:c 1"},
    {"flatten-dbs", "", "MULTI | SET a 1 | SELECT 2 | SET b 1 | flushdb async | SET c 1 | EXEC",
     "MULTI | SET a 1 | SET db2:c 1 | EXEC"},
    {"flatten-dbs", "", "SELECT 2 | SET a 1 | FLUSHALL | SET b 1", "SET db2:a 1 | FLUSHALL | SET db2:b 1"},
    {"flatten-dbs", "", "SELECT 2 | MOVE a 0 | FLUSHDB",
     "! MOVE: it needs data that a later FLUSHDB removes: they are (23, 2, a)"},
    {"flatten-dbs", "", "SELECT 2 | SET a 1 | MOVE b 2 | DEL a | RENAME a c | FLUSHDB", ""},
    {"flatten-dbs", "", "MOVE a 2 | SELECT 2 | FLUSHDB", "DEL a"},
    /* where a database stays one, so does FLUSHDB */
    {"map-db 0=5,5=0", "", "MOVE a 5 | SWAPDB 0 5 | FLUSHDB | SET b 1",
     "MOVE a 5 | SELECT 5 | FLUSHDB | SET b 1"},
    {"map-db 1=0", "", "SET a 1 | SELECT 1 | SET b 1 | FLUSHDB | SET c 1 | SELECT 2 | FLUSHDB",
     "SET a 1 | SET c 1 | SELECT 2 | FLUSHDB"},
    /* selected by the number at the end */
    {"", "d:0", "SET a 1 | SELECT 1 | SET b 1 | SWAPDB 0 1 | SET c 1 | FLUSHDB", "SET b 1"},
    {"", "d:1", "SET a 1 | SWAPDB 0 1 | FLUSHDB | SELECT 1 | FLUSHDB", "SELECT 1 | SET a 1 | FLUSHDB"},
};

Test(command_rewrite, swaps_and_flushes_with_history)
{
    for (size_t i = 0; i < sizeof with_history / sizeof *with_history; i++)
        expect_result(&with_history[i], RF_UNKNOWN_FAIL, true);
}

/* Every key is told, also those that are only read, and those that are not there: one that was not may be,
 * under its new name. */
Test(command_rewrite, keys_that_are_told)
{
    static const struct {
        struct rewrite_case c;
        const char *told;
    } cases[] = {
        {{"rename s/^/p:/", "", "SET a 1 | DEL b c", NULL}, "0:a>0:p:a 0:b>0:p:b 0:c>0:p:c"},
        {{"map-db 1=2", "", "SUNIONSTORE d a b | SELECT 1 | COPY a b DB 0", NULL},
         "0:d>0:d 0:a>0:a 0:b>0:b 1:a>2:a 0:b>0:b"},
        {{"flatten-dbs", "k:k*", "MOVE ka 2 | RENAME x y | DEL x kb | SORT x BY w_* STORE y", NULL},
         "0:ka>0:ka 2:ka>0:db2:ka 0:kb>0:kb"},
        {{"flatten-dbs", "", "SELECT 1 | SORT a BY w_* STORE b", NULL}, "1:a>0:db1:a 1:b>0:db1:b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        cr_expect_eq(run_case(&cases[i].c, NULL, RF_UNKNOWN_FAIL, false, 4096, &run), RF_OK);
        cr_expect_str_eq((const char *)run.written.data, cases[i].told, "%s", cases[i].c.log);
        run_free(&run);
    }
}

/* --- others --------------------------------------------------------------------------------------------- */

Test(command_rewrite, unknown_commands)
{
    static const char log[] = "MULTI | NO.SUCH a | SELECT 3 | \\x1b[1m\\x00 a | EXEC | SET a 1";
    expect_result(&(struct rewrite_case){"map-db 3=4", "", log, "SELECT 4 | SET a 1"}, RF_UNKNOWN_DROP,
                  false);
    expect_result(&(struct rewrite_case){"map-db 3=4", "", log,
                                         "MULTI | NO.SUCH a | SELECT 4 | \\x1b[1m\\x00 a | EXEC | SET a 1"},
                  RF_UNKNOWN_COPY, false);
    expect_result(&(struct rewrite_case){"map-db 3=4", "", log,
                                         "! NO.SUCH: the keys of this command are not known (see "
                                         "--command-keys, --unknown-commands) (15)"},
                  RF_UNKNOWN_FAIL, false);
}

Test(command_rewrite, counts)
{
    static const struct rewrite_case c = {"", "k:k*",
                                          "PING | MULTI | SET x 1 | EXEC | SET ka 1 | DEL ka x | RENAME ka x "
                                          "| MSETNX ka 1 x 2 | SUNIONSTORE x ka",
                                          NULL};
    struct run run;
    cr_expect_eq(run_case(&c, NULL, RF_UNKNOWN_FAIL, false, 4096, &run), RF_OK);
    cr_expect_eq(run.counts.dropped, 3);
    cr_expect_eq(run.counts.narrowed, 3);
    run_free(&run);
}

Test(command_rewrite, filters_that_commands_cannot_answer)
{
    rf_error error;
    rf_command_rewrite *rewrite;
    rf_filter *types = rf_filter_new(), *expired = rf_filter_new();
    cr_assert(types && expired && rf_filter_types(types, RF_EXCLUDE, "hash", &error) == RF_OK);
    rf_filter_expired(expired, RF_EXPIRED_DROP, 1);
    cr_expect_eq(rf_command_rewrite_open(&(rf_command_rewrite_options){.filter = types}, &rewrite, &error),
                 RF_E_ARGUMENT);
    cr_expect_null(rewrite);
    cr_expect_eq(rf_command_rewrite_open(&(rf_command_rewrite_options){.filter = expired}, &rewrite, &error),
                 RF_E_ARGUMENT);
    rf_command_rewrite_close(NULL);
    rf_filter_free(types);
    rf_filter_free(expired);
}

/* --- long commands -------------------------------------------------------------------------------------- */

enum { MANY = 1000000 };

/* Not static: LeakSanitizer searches all of a program's static memory, in each test. */
struct long_command {
    rf_entry entry;
    rf_slice argv[MANY + 1];
    char names[MANY][10];
};

/* "<name> [<number>] k0 k1 ...", every other one named x1 x3 if `mixed`. */
static void put_long(struct run *run, struct long_command *command, const char *name, bool mixed,
                     rf_error *error)
{
    rf_slice *argv = command->argv;
    argv[0] = slice_of(name, strlen(name));
    for (size_t i = 0; i < MANY; i++) {
        char *key = command->names[i];
        argv[i + 1] = slice_of(key, (size_t)sprintf(key, "%c%zu", mixed && i % 2 ? 'x' : 'k', i));
    }
    command->entry = (rf_entry){.kind = RF_ENTRY_COMMAND, .slot = -1, .argv = argv, .argc = MANY + 1};
    cr_assert_eq(rf_command_rewrite_put(run->rewrite, &command->entry, error), RF_OK);
}

/* "SORT k GET k* GET k* ...", without STORE: its patterns do not matter. */
static void put_long_sort(struct run *run, struct long_command *command, rf_error *error)
{
    rf_slice *argv = command->argv;
    argv[0] = slice_of("SORT", 4);
    argv[1] = slice_of("k", 1);
    for (size_t i = 2; i < MANY; i++)
        argv[i] = i % 2 ? slice_of("k*", 2) : slice_of("GET", 3);
    command->entry = (rf_entry){.kind = RF_ENTRY_COMMAND, .slot = -1, .argv = argv, .argc = MANY};
    cr_assert_eq(rf_command_rewrite_put(run->rewrite, &command->entry, error), RF_OK);
}

/* The number of arguments of all commands that result. */
static size_t count_results(struct run *run)
{
    rf_entry *result;
    size_t count = 0;
    rf_error error;
    while (rf_command_rewrite_next(run->rewrite, &result, &error) == RF_OK)
        count += result->argc;
    return count;
}

/* A million keys take linear time: selected, renamed, narrowed, held back in a transaction. */
Test(command_rewrite, long_commands, .timeout = 120)
{
    static const rf_slice multi = {(const uint8_t *)"MULTI", 5}, exec = {(const uint8_t *)"EXEC", 4};
    rf_error error;
    struct run run = {0};
    struct long_command *command = malloc(sizeof *command);
    const rf_command_rewrite_options options = {.filter = filter_of("k:k*"),
                                                .rewrite = rewrite_of("rename s/^k/p/")};
    rf_entry entry = {.kind = RF_ENTRY_COMMAND, .slot = -1, .argv = &multi, .argc = 1};
    cr_assert_eq(rf_command_rewrite_open(&options, &run.rewrite, &error), RF_OK);
    put_long(&run, command, "DEL", false, &error);
    cr_expect_eq(count_results(&run), MANY + 1);
    put_long(&run, command, "DEL", true, &error);
    cr_expect_eq(count_results(&run), MANY / 2 + 1);
    put_long(&run, command, "SUNIONSTORE", false, &error);
    cr_expect_eq(count_results(&run), MANY + 1);
    put_long_sort(&run, command, &error);
    cr_expect_eq(count_results(&run), MANY);
    cr_assert_eq(rf_command_rewrite_put(run.rewrite, &entry, &error), RF_OK);
    put_long(&run, command, "SUNIONSTORE", false, &error);
    cr_expect_eq(count_results(&run), 0);
    entry.argv = &exec;
    cr_assert_eq(rf_command_rewrite_put(run.rewrite, &entry, &error), RF_OK);
    cr_expect_eq(count_results(&run), MANY + 1);
    rf_command_rewrite_close(run.rewrite);
    free(command);
    rf_filter_free(options.filter);
    rf_rewrite_free(options.rewrite);
}
