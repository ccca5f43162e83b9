/* SPDX-License-Identifier: MIT */
/* Invalid combinations and defaults of the options for outputs. */
#include "cmd/options/output_options.h"
#include "cmd/term/message.h"

const struct option_choice base_choices[] = {{"rdb", RF_BASE_RDB}, {"aof", RF_BASE_AOF}, {NULL, 0}};
const struct option_choice binary_choices[] = {
    {"escape", RF_JSON_ESCAPE}, {"base64", RF_JSON_BASE64}, {NULL, 0}};
const struct option_choice collision_choices[] = {
    {"fail", COLLISION_FAIL}, {"skip", COLLISION_SKIP}, {"overwrite", COLLISION_OVERWRITE}, {NULL, 0}};

/* Options that only one format has, and those that JSON lines, which no server loads, do not have. */
static const char *check_combination(const struct output_options *written)
{
    const bool aof = written->to == TO_AOF, dir = written->to == TO_AOF_DIR, jsonl = written->to == TO_JSONL;
    const struct {
        bool given, fits;
        const char *message;
    } rules[] = {
        {written->base != OPT_UNSET, dir, "--base requires --to aof-dir"},
        {written->appendfilename != NULL, dir, "--appendfilename requires --to aof-dir"},
        {written->preamble, aof, "--preamble requires --to aof"},
        {written->binary != OPT_UNSET, jsonl, "--binary requires --to jsonl"},
        {written->target.major > 0, !jsonl, "--target-version cannot be combined with --to jsonl"},
        {written->restore, !jsonl, "--restore cannot be combined with --to jsonl"},
        {written->drop_unsupported, !jsonl, "--drop-unsupported cannot be combined with --to jsonl"},
        {written->drop_detail, !jsonl, "--drop-detail cannot be combined with --to jsonl"},
        {written->explain_db != OPT_UNSET_DB, written->explain_key != NULL,
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

static void fill_in(struct output_options *written)
{
    if (written->base == OPT_UNSET)
        written->base = RF_BASE_RDB;
    if (written->binary == OPT_UNSET)
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
