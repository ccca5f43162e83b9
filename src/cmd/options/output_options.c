/* SPDX-License-Identifier: MIT */
/* The options for outputs: the tables, formats inferred from file names, invalid combinations, defaults. */
#include "cmd/options/output_options.h"
#include "cmd/term/message.h"
#include <string.h>
#include <sys/stat.h>

static const struct option_choice base_choices[] = {{"rdb", RF_BASE_RDB}, {"aof", RF_BASE_AOF}, {NULL, 0}};
static const struct option_choice binary_choices[] = {
    {"escape", RF_JSON_ESCAPE}, {"base64", RF_JSON_BASE64}, {NULL, 0}};
static const struct option_choice rdb_compression_choices[] = {
    {"none", RF_PLAIN}, {"lz4", RF_LZ4}, {"zstd", RF_ZSTD}, {NULL, 0}};
static const struct option_choice module_choices[] = {{"json", TARGET_JSON}, {NULL, 0}};
const struct option_choice collision_choices[] = {
    {"fail", COLLISION_FAIL}, {"skip", COLLISION_SKIP}, {"overwrite", COLLISION_OVERWRITE}, {NULL, 0}};

#define AT(member) .offset = offsetof(struct output_options, member)

/* clang-format off */
const struct option_row format_rows[] = {
    {OPTION_CHOICE, 0, "base", "KIND", "aof-dir: format of the base file: rdb or aof (rdb)", AT(base),
     .choices = base_choices},
    {OPTION_STRING, 0, "appendfilename", "NAME",
     "aof-dir: the server's appendfilename\n"
     "(appendonly.aof)", AT(appendfilename)},
    {OPTION_CHOICE, 0, "rdb-compression", "HOW",
     "rdb and aof-dir: compress the whole RDB as Valkey 9.2\n"
     "and newer do: none, lz4 or zstd (none)", AT(rdb_compression), .choices = rdb_compression_choices},
    {OPTION_CHOICE, 0, "binary", "HOW",
     "jsonl: write bytes that are not valid UTF-8 as\n"
     "\\u0080 to \\u00ff (escape) or, without loss, as base64\n"
     "(escape)", AT(binary), .choices = binary_choices},
    {OPTION_FLAG, 0, "check", .help =
     "check every value, also those only copied into an\n"
     "RDB, and look for duplicate keys", AT(check)},
    {.kind = OPTION_END},
};

const struct option_row existing_rows[] = {
    {OPTION_FLAG, 0, "force-unsafe", .help =
     "like --force, but also replace files that a running\n"
     "server has open, and write to a directory that holds\n"
     "other files", AT(unsafe)},
    {OPTION_FLAG, 0, "if-missing", .help =
     "if the output exists and is complete, do nothing, with\n"
     "status 0; inputs are then not needed", AT(if_missing)},
    {.kind = OPTION_END},
};

const struct option_row reader_rows[] = {
    {OPTION_HEADING, .help = "Target"},
    {OPTION_SERVER, 0, "target-version", "VERSION",
     "server that will load the output, such as 6.2,\n"
     "valkey-9.0 or dragonfly (default: the one that wrote\n"
     "the input)", AT(target)},
    {OPTION_CHOICE, 0, "target-module", "NAME",
     "module that it has: json, for JSON of Dragonfly, which\n"
     "is written as strings otherwise", AT(target_module), .choices = module_choices},
    {OPTION_FLAG, 0, "restore", .help = "write all keys except strings as RESTORE", AT(restore)},
    {OPTION_FLAG, 0, "drop-unsupported", .help = "skip what the target version does not support",
     AT(drop_unsupported)},
    {OPTION_FLAG, 0, "drop-detail", .help = DROP_DETAIL_HELP, AT(drop_detail)},
    {.kind = OPTION_END},
};

const struct option_row collision_rows[] = {
    {OPTION_HEADING, .help = "Name collisions; explaining one key"},
    {OPTION_CHOICE, 0, "on-collision", "POLICY",
     "when keys end up with the same name: fail, skip (keep\n"
     "the first) or overwrite (keep the last) (fail)", AT(on_collision), .choices = collision_choices},
    {OPTION_SIZE, 0, "memory", "SIZE",
     "memory for detecting collisions; beyond it, temporary\n"
     "files in $TMPDIR (512M, or a quarter of the memory\n"
     "limit)", AT(memory)},
    {OPTION_STRING, 0, "explain-key", "KEY",
     "show how the rules rewrite KEY (\\xNN is a byte),\n"
     "without reading any input", AT(explain_key)},
    {OPTION_COUNT, 0, "explain-db", "N", "database of that key (0)", AT(explain_db), .most = INT32_MAX},
    {.kind = OPTION_END},
};
/* clang-format on */

/* --- formats inferred from file names ------------------------------------------------------------------ */

struct ending {
    const char *text;
    int meaning;
};

static const struct ending compressions[] = {
    {".gz", RF_GZIP}, {".lz4", RF_LZ4}, {".zst", RF_ZSTD}, {NULL, RF_PLAIN}};
static const struct ending kinds[] = {
    {".aof", TO_AOF}, {".rdb", TO_RDB}, {".jsonl", TO_JSONL}, {NULL, TO_UNSET}};

/* The row whose text the first `length` bytes of `path` end with, or the last row. */
static const struct ending *find_ending(const struct ending *row, const char *path, size_t length)
{
    for (; row->text; row++) {
        size_t size = strlen(row->text);
        if (length > size && memcmp(path + length - size, row->text, size) == 0)
            break;
    }
    return row;
}

static bool names_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct stat there;
    if (stat(path, &there) == 0 && S_ISDIR(there.st_mode))
        return true;
    return (slash && slash[1] == '\0') || !strchr(slash ? slash : path, '.');
}

enum output_kind output_kind_of(const char *path)
{
    size_t length = strlen(path);
    if (names_directory(path))
        return TO_AOF_DIR;
    const struct ending *compression = find_ending(compressions, path, length);
    if (compression->text)
        length -= strlen(compression->text);
    return (enum output_kind)find_ending(kinds, path, length)->meaning;
}

rf_compression output_compression_of(const char *path)
{
    return (rf_compression)find_ending(compressions, path, strlen(path))->meaning;
}

/* --- checks ------------------------------------------------------------------------------------------- */

/* Options that only one format has, and those that JSON lines, which no server loads, do not have. */
static const char *check_combination(const struct output_options *written)
{
    const bool aof = written->to == TO_AOF, dir = written->to == TO_AOF_DIR, jsonl = written->to == TO_JSONL,
               rdb = written->to == TO_RDB;
    const struct {
        bool given, fits;
        const char *message;
    } rules[] = {
        {written->base != (int)OPT_UNSET, dir, "--base requires --to aof-dir"},
        {written->appendfilename != NULL, dir, "--appendfilename requires --to aof-dir"},
        {written->preamble, aof, "--preamble requires --to aof"},
        {written->rdb_compression != RF_PLAIN, rdb || (dir && written->base != RF_BASE_AOF),
         "--rdb-compression requires --to rdb, or aof-dir with an RDB base"},
        {written->binary != (int)OPT_UNSET, jsonl, "--binary requires --to jsonl"},
        {written->target.major > 0, !jsonl, "--target-version cannot be combined with --to jsonl"},
        {written->restore, !jsonl, "--restore cannot be combined with --to jsonl"},
        {written->drop_unsupported, !jsonl, "--drop-unsupported cannot be combined with --to jsonl"},
        {written->drop_detail, !jsonl, "--drop-detail cannot be combined with --to jsonl"},
        {written->if_missing, !written->force && !written->unsafe,
         "--if-missing cannot be combined with --force or --force-unsafe"},
        {written->explain_db != OPT_UNSET, written->explain_key != NULL,
         "--explain-db requires --explain-key"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].given && !rules[i].fits)
            return rules[i].message;
    return NULL;
}

rf_server output_options_min_version(const struct output_options *written)
{
    if (written->to == TO_AOF_DIR)
        return (rf_server){RF_REDIS, 7, 0};
    if (written->to == TO_AOF)
        return written->preamble ? (rf_server){RF_REDIS, 4, 0} : (rf_server){RF_REDIS, 2, 8};
    return (rf_server){RF_REDIS, 2, 8};
}

bool output_options_copies(const struct output_options *written)
{
    const bool is_rdb = written->to == TO_RDB || written->preamble ||
                        (written->to == TO_AOF_DIR && written->base == RF_BASE_RDB);
    return is_rdb && !written->check && written->target.major == 0;
}

static void fill_in(struct output_options *written)
{
    if (written->base == (int)OPT_UNSET)
        written->base = RF_BASE_RDB;
    if (written->binary == (int)OPT_UNSET)
        written->binary = RF_JSON_ESCAPE;
    if (!written->appendfilename)
        written->appendfilename = "appendonly.aof";
    written->force |= written->unsafe;
}

bool output_options_finalize(struct output_options *written, const char *command)
{
    const char *message = check_combination(written);
    rf_server min_version = output_options_min_version(written);
    if (message) {
        message_usage(command, "%s", message);
        return false;
    }
    if (written->target.major > 0 && !rf_server_at_least(written->target, min_version)) {
        message_usage(command, "this output format requires --target-version %d.%d or newer",
                      min_version.major, min_version.minor);
        return false;
    }
    fill_in(written);
    return true;
}

bool output_options_is_done(const struct output_options *written, bool exists, const char *path, bool quiet)
{
    if (!written->if_missing || !exists)
        return false;
    if (!quiet)
        message_summary("%s already exists and is complete: nothing to do (--if-missing)", path);
    return true;
}
