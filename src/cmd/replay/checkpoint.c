/* SPDX-License-Identifier: MIT */
/* Checkpoints in memory: creation, locking, and comparison with the checkpoint of an earlier run. */
#include "cmd/replay/checkpoint.h"
#include "base/fail.h"
#include "cmd/term/text.h"
#include <errno.h>
#include <fcntl.h>
#include <rdbferry/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN = 60 };

static const char *const option_texts[CHECKPOINT_OPTIONS] = {
    [CHECKPOINT_TARGET] = "the target",
    [CHECKPOINT_KEYS] = "the key filters",
    [CHECKPOINT_EXPIRED] = "--expired",
    [CHECKPOINT_RULES] = "the rewrite rules",
    [CHECKPOINT_SHIFT] = "--shift-expiry",
    [CHECKPOINT_ON_EXISTS] = "--on-exists",
    [CHECKPOINT_DELETIONS] = "--since or --delete-extra",
    [CHECKPOINT_ON_COLLISION] = "--on-collision",
    [CHECKPOINT_LOG] = "the options for commands",
};

/* --- creation ------------------------------------------------------------------------------------------ */

static bool name_run(char run[CHECKPOINT_RUN + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char random[CHECKPOINT_RUN];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return false;
    for (int i = 0; i < CHECKPOINT_RUN; i++)
        run[i] = letters[random[i] % (sizeof letters - 1)];
    run[CHECKPOINT_RUN] = '\0';
    return true;
}

rf_code checkpoint_new(struct checkpoint *c, const char *path, size_t input_count, rf_error *error)
{
    *c = (struct checkpoint){.path = path, .lock = -1};
    c->input_count = input_count;
    c->inputs = calloc(input_count + 1, sizeof *c->inputs);
    if (!c->inputs)
        return fail(error, RF_E_MEMORY, "out of memory");
    if (name_run(c->run))
        return RF_OK;
    return fail(error, RF_E_MEMORY, "cannot get random bytes: %s", strerror(errno));
}

/* The lock file is next to the checkpoint itself, even if `path` is a symbolic link to it. */
static int open_lock(const char *path)
{
    char *target = realpath(path, NULL), *name;
    int fd = -1;
    if (asprintf(&name, "%s.lock", target ? target : path) >= 0) {
        fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0)
            rf_file_give_to_owner(fd, name);
        else if (errno == EEXIST)
            fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
        free(name);
    }
    free(target);
    return fd;
}

rf_code checkpoint_lock(struct checkpoint *c, rf_error *error)
{
    struct stat found;
    if (stat(c->path, &found) == 0 && !S_ISREG(found.st_mode))
        return fail(error, RF_E_ARGUMENT, "'%.128s' is not a valid checkpoint: not a regular file", c->path);
    c->lock = open_lock(c->path);
    if (c->lock < 0)
        return fail(error, RF_E_WRITE, "cannot create the checkpoint lock file '%.128s.lock': %s", c->path,
                    strerror(errno));
    if (flock(c->lock, LOCK_EX | LOCK_NB) == 0)
        return RF_OK;
    if (errno == EWOULDBLOCK)
        return fail(error, RF_E_ARGUMENT, "the checkpoint '%.128s' is in use by another process", c->path);
    return fail(error, RF_E_WRITE, "cannot lock '%.128s.lock': %s", c->path, strerror(errno));
}

void checkpoint_free(struct checkpoint *c)
{
    if (c->path && c->lock >= 0)
        close(c->lock);
    free(c->dead_letter);
    for (int i = 0; i < CHECKPOINT_OPTIONS; i++)
        free(c->options[i]);
    free(c->inputs);
    checkpoint_forget_streams(c);
    free(c->streams);
}

/* --- comparison ---------------------------------------------------------------------------------------- */

static const char *shown(const char *value, char out[SHOWN])
{
    snprintf(out, SHOWN, "%s", *value ? value : "none");
    if (strlen(value) >= SHOWN)
        memcpy(out + SHOWN - 4, "...", 4);
    return out;
}

rf_code checkpoint_compare(const struct checkpoint *found, const struct checkpoint *wanted, rf_error *error)
{
    char then[SHOWN], now[SHOWN];
    for (int i = 0; i < CHECKPOINT_OPTIONS; i++) {
        const char *before = found->options[i], *after = wanted->options[i];
        if (strcmp(before, after) != 0)
            return fail(error, RF_E_ARGUMENT,
                        "the checkpoint '%.128s' belongs to a different run: %s changed from %s to %s",
                        found->path, option_texts[i], shown(before, then), shown(after, now));
    }
    return RF_OK;
}

rf_code checkpoint_compare_inputs(const struct checkpoint *found, const struct checkpoint *wanted,
                                  rf_error *error)
{
    if (found->input_count != wanted->input_count)
        return fail(error, RF_E_ARGUMENT,
                    "the checkpoint '%.128s' belongs to a different run: it has %zu input%s, not %zu",
                    found->path, found->input_count, text_plural(found->input_count), wanted->input_count);
    for (size_t i = 0; i < found->input_count; i++)
        TRY(checkpoint_compare_input(found, wanted, i, error));
    return RF_OK;
}

rf_code checkpoint_compare_input(const struct checkpoint *found, const struct checkpoint *wanted,
                                 size_t input, rf_error *error)
{
    const struct checkpoint_input *before = &found->inputs[input], *after = &wanted->inputs[input];
    bool same_size = before->identity.size == after->identity.size;
    if (!before->known || !after->known ||
        (same_size && strcmp(before->identity.hash, after->identity.hash) == 0))
        return RF_OK;
    return fail(error, RF_E_ARGUMENT,
                "the checkpoint '%.128s' belongs to a different run: the input '%.128s' has changed",
                found->path, after->path);
}

bool checkpoint_has_same_streams(const struct checkpoint *found, const struct checkpoint *wanted)
{
    bool same = found->stream_count == wanted->stream_count;
    for (size_t i = 0; i < found->stream_count && same; i++)
        same = strcmp(found->streams[i].slots, wanted->streams[i].slots) == 0;
    return same;
}

struct checkpoint checkpoint_without_streams(const struct checkpoint *c)
{
    struct checkpoint without = *c;
    without.stream_count = 0;
    without.commands = COMMANDS_NONE;
    without.position = without.written_until = (rf_position){0};
    return without;
}

void checkpoint_forget_streams(struct checkpoint *c)
{
    for (size_t i = 0; i < c->stream_count; i++)
        free(c->streams[i].slots);
    *c = checkpoint_without_streams(c);
}
