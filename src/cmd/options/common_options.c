/* SPDX-License-Identifier: MIT */
/* The common options, and the checks of the operands. */
#include "cmd/options/common_options.h"
#include "cmd/options/url_guard.h"
#include "cmd/run/files.h"
#include "cmd/run/inputs.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <rdbferry/target.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option_choice progress_choices[] = {
    {"auto", PROGRESS_AUTO}, {"always", PROGRESS_ALWAYS}, {"never", PROGRESS_NEVER}, {NULL, 0}};

#define AT(member) .offset = offsetof(struct common_options, member)

/* clang-format off */
const struct option_row common_rows[] = {
    {OPTION_STRING, 0, "report", "FILE", "write a JSON report; '-' is stdout", AT(report)},
    {OPTION_CHOICE, 0, "progress", "WHEN", "show progress: auto, always or never (auto)", AT(progress),
     .choices = progress_choices},
    {OPTION_FLAG, 'q', "quiet", .help = "print errors only", AT(quiet)},
    {OPTION_FLAG, 'v', "verbose", .help = "print details of what was found and done", AT(verbose)},
    {OPTION_HELP, 0, "help", .help = "show this help; so does -h as the only argument"},
    {.kind = OPTION_END},
};
/* clang-format on */

/* clang-format off */
const struct option_row thread_rows[] = {
    {OPTION_COUNT, 0, "threads", "N", "threads that decode and encode keys (as many as there\nare processors)",
     AT(threads), .most = THREADS_MOST},
    {.kind = OPTION_END},
};
/* clang-format on */

/* Removes user and password from the URL. */
static void hide_credentials(char *url)
{
    char *start = strstr(url, "://"), *at = strrchr(url, '@');
    if (start && at > start)
        memmove(start + 3, at + 1, strlen(at + 1) + 1);
}

static bool add_operand(struct common_options *common, const char *command, char *operand, int *status)
{
    rf_error error;
    if (rf_target_is_url(operand)) {
        bool added = source_options_add(&common->source, operand, !common->has_target, command,
                                        &common->inputs, status);
        hide_credentials(operand);
        return added;
    }
    rf_code code = inputs_add(operand, common->keep_failed, &common->inputs, &error);
    if (code == RF_OK)
        return true;
    message_failure(&error);
    *status = (int)status_of(code);
    return false;
}

/* A shard of a snapshot is a file by itself, and easily taken for all of it. */
static void warn_of_parts(const rf_files *inputs)
{
    char *apart = NULL;
    for (size_t i = inputs->set; i < inputs->count && !apart; i++) {
        apart = rf_files_apart(inputs, i);
        if (apart)
            message_warning(
                "%s: a part of a snapshot of which %s is not read; the summary stands for all of it",
                inputs->paths[i], apart);
    }
    free(apart);
}

bool common_options_add_apart(struct common_options *common, const char *path, int *status)
{
    rf_error error;
    common->inputs.set = common->inputs.count;
    rf_code code = rf_files_add(&common->inputs, path, &error);
    if (code == RF_OK) {
        warn_of_parts(&common->inputs);
        return true;
    }
    message_failure(&error);
    *status = (int)status_of(code);
    return false;
}

/* The files of each operand: an AOF directory and a cluster have several. */
static bool expand(struct common_options *common, const char *command, int *status)
{
    *status = STATUS_OUTPUT;
    common->operand_ends = calloc(common->operand_count, sizeof *common->operand_ends);
    if (!common->operand_ends) {
        message_error("out of memory");
        return false;
    }
    for (size_t i = 0; i < common->operand_count; i++) {
        if (common->apart) {
            warn_of_parts(&common->inputs);
            common->inputs.set = common->inputs.count;
        }
        if (!add_operand(common, command, common->operands[i], status))
            return false;
        common->operand_ends[i] = common->inputs.count;
    }
    warn_of_parts(&common->inputs);
    return true;
}

bool inputs_use_stdin_once(const struct common_options *common, const char *command)
{
    bool seen = false;
    for (size_t i = 0; i < common->inputs.count; i++) {
        bool dash = is_dash(common->inputs.paths[i]);
        if (dash && seen) {
            message_usage(command, "stdin can be read only once");
            return false;
        }
        seen |= dash;
    }
    return true;
}

static bool is_input(const struct common_options *common, const struct stat *written)
{
    struct stat read;
    for (size_t i = 0; i < common->inputs.count; i++) {
        const struct input input = input_of(&common->inputs, i);
        if (input_stat(&input, &read) && same_file(written, &read))
            return true;
    }
    return false;
}

/* Whether a path is a manifest, or one of the files of an AOF directory. */
static bool is_of_operand(const struct common_options *common, const char *path, const struct stat *written)
{
    struct stat operand, directory;
    bool lies_somewhere = !is_dash(path) && stat_directory(path, &directory);
    for (size_t i = 0; i < common->operand_count; i++) {
        if (is_dash(common->operands[i]) || stat(common->operands[i], &operand) != 0)
            continue;
        if (same_file(written, &operand))
            return true;
        if (S_ISREG(written->st_mode) && lies_somewhere && S_ISDIR(operand.st_mode) &&
            directory.st_dev == operand.st_dev && directory.st_ino == operand.st_ino)
            return true;
    }
    return false;
}

bool inputs_differ_from(const struct common_options *common, const char *path, const char *what,
                        const char *command)
{
    struct stat written;
    if (!path || (is_dash(path) ? fstat(STDOUT_FILENO, &written) : stat(path, &written)) != 0)
        return true;
    if (!is_input(common, &written) && !is_of_operand(common, path, &written))
        return true;
    message_usage(command, "%s '%s' is also an input", what, path);
    return false;
}

static bool check_server(const struct common_options *common, const char *command)
{
    const struct log_options *log = &common->log;
    if (!log->server)
        return true;
    if (common->keys.shift == SHIFT_AUTO)
        return message_usage(command,
                             "--shift-expiry auto cannot be combined with --server: what it saves is of "
                             "now; use a duration");
    if (common->operand_count > 1 &&
        (log->until_command != OPT_UNSET || log->until_offset.text || log->drop_at.text))
        return message_usage(command, "--until-command, --until-offset and --drop-at with --server require a "
                                      "single input");
    return true;
}

bool common_options_read(struct common_options *common, const char *command, char **operands, int count,
                         int *status)
{
    *status = STATUS_USAGE;
    common->operands = operands;
    common->operand_count = (size_t)count;
    if (count == 0) {
        message_usage(command, "missing INPUT");
        return false;
    }
    bool has_live = false;
    for (int i = 0; i < count; i++) {
        has_live |= rf_target_is_url(operands[i]);
        if (!url_guard(operands[i], URL_OR_FILE, "an input", command))
            return false;
    }
    if (!source_options_check(&common->source, has_live, command) ||
        !key_options_finalize(&common->keys, command) || !check_server(common, command))
        return false;
    if (!save_check(common->report, "the report")) {
        *status = STATUS_OUTPUT;
        return false;
    }
    if (!expand(common, command, status))
        return false;
    *status = STATUS_USAGE;
    return inputs_use_stdin_once(common, command) &&
           inputs_differ_from(common, common->report, "the report", command);
}

void common_options_free(struct common_options *common)
{
    log_options_free(&common->log);
    source_options_free(&common->source);
    rf_files_free(&common->inputs);
    free(common->operand_ends);
    key_options_free(&common->keys);
}
