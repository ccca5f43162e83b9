/* SPDX-License-Identifier: MIT */
/* What all commands that read inputs ask of their operands. */
#include "common_options.h"
#include "inputs.h"
#include "message.h"
#include "status.h"
#include <string.h>
#include <unistd.h>

const struct option_choice progress_choices[] = {
    {"auto", PROGRESS_AUTO}, {"always", PROGRESS_ALWAYS}, {"never", PROGRESS_NEVER}, {NULL, 0}};

const struct option_choice expired_choices[] = {
    {"keep", EXPIRED_KEEP}, {"drop", EXPIRED_DROP}, {"only", EXPIRED_ONLY}, {NULL, 0}};

bool is_dash(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

/* What each operand is read from: an AOF directory is several files. */
static bool expand(struct common_options *common, char **operands, int *status)
{
    rf_error error;
    rf_code code = inputs_expand(operands, common->operand_count, &common->inputs, &error);

    if (code == RF_OK)
        return true;
    message_failure(&error);
    common->refused = code;
    *status = status_of(code);
    return false;
}

static bool check_stdin(const struct common_options *common, const char *command)
{
    bool seen = false;

    for (size_t i = 0; i < common->inputs.count; i++) {
        bool dash = is_dash(common->inputs.paths[i]);

        if (dash && seen) {
            message_usage(command, "stdin can be read once");
            return false;
        }
        seen |= dash;
    }
    return true;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return S_ISREG(a->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool inputs_differ_from(const struct common_options *common, const char *path, const char *what,
                        const char *command)
{
    struct stat written, read;

    if (!path || (is_dash(path) ? fstat(STDOUT_FILENO, &written) : stat(path, &written)) != 0)
        return true;
    for (size_t i = 0; i < common->inputs.count; i++) {
        const struct input input = {.path = common->inputs.paths[i]};

        if (input_stat(&input, &read) && same_file(&written, &read)) {
            message_usage(command, "%s '%s' is also an input", what, path);
            return false;
        }
    }
    return true;
}

bool common_options_read(struct common_options *common, const char *command, char **operands, int count,
                         int *status)
{
    *status = STATUS_USAGE;
    common->operand_count = (size_t)count;
    if (count == 0) {
        message_usage(command, "no input");
        return false;
    }
    if (!expand(common, operands, status))
        return false;
    return check_stdin(common, command) && inputs_differ_from(common, common->report, "the report", command);
}

void common_options_free(struct common_options *common)
{
    rf_files_free(&common->inputs);
}
