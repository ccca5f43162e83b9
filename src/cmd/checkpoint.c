/* SPDX-License-Identifier: MIT */
/* The checkpoint's file. */
#include "checkpoint.h"
#include "failure.h"
#include "json.h"
#include "json_read.h"
#include "message.h"
#include "save.h"
#include "slurp.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FORMAT = 1, FILE_MOST = 16 * 1024 * 1024, SHOWN = 60, LOCK_TRIES = 10 };

static const char *const states[] = {"running", "stopped", "done"};

/* For the file, and for people. */
static const struct {
    const char *path, *text;
} options[CHECKPOINT_OPTIONS] = {
    [CHECKPOINT_TARGET] = {"options.target", "the target"},
    [CHECKPOINT_KEYS] = {"options.keys", "the choice of keys"},
    [CHECKPOINT_EXPIRED] = {"options.expired", "--expired"},
    [CHECKPOINT_RULES] = {"options.rules", "the rewriting"},
    [CHECKPOINT_SHIFT] = {"options.shift_expiry", "--shift-expiry"},
    [CHECKPOINT_ON_EXISTS] = {"options.on_exists", "--on-exists"},
    [CHECKPOINT_ON_COLLISION] = {"options.on_collision", "--on-collision"},
};

/* --- a new one ---------------------------------------------------------------------------------------- */

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

static bool make_inputs(struct checkpoint *c, size_t count)
{
    c->input_count = count;
    c->inputs = calloc(count + 1, sizeof *c->inputs);
    if (!c->inputs)
        message_error("out of memory");
    return c->inputs != NULL;
}

bool checkpoint_new(struct checkpoint *c, const char *path, size_t input_count)
{
    *c = (struct checkpoint){.path = path, .fd = -1};
    if (!make_inputs(c, input_count))
        return false;
    if (name_run(c->run))
        return true;
    message_error("no random numbers: %s", strerror(errno));
    return false;
}

void checkpoint_free(struct checkpoint *c)
{
    if (c->path && c->fd >= 0)
        close(c->fd);
    for (int i = 0; i < CHECKPOINT_OPTIONS; i++)
        free(c->options[i]);
    free(c->inputs);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static void put_place(struct json *json, const char *name, rf_place place)
{
    json_object(json, name);
    json_number(json, "input", place.input);
    json_number(json, "offset", place.offset);
    json_end_object(json);
}

static void put_options(struct json *json, const struct checkpoint *c)
{
    json_object(json, "options");
    for (int i = 0; i < CHECKPOINT_OPTIONS; i++)
        json_string(json, strchr(options[i].path, '.') + 1, c->options[i]);
    json_end_object(json);
}

static void put_input(struct json *json, const struct checkpoint_input *input)
{
    char path[1024];

    text_escape((rf_slice){(const uint8_t *)input->path, strlen(input->path)}, path, sizeof path);
    json_object(json, NULL);
    json_string(json, "path", path);
    if (input->known) {
        if (input->identity.size >= 0)
            json_signed(json, "size", input->identity.size);
        json_string(json, "xxh3", input->identity.hash);
    }
    json_end_object(json);
}

static void put(FILE *out, const struct checkpoint *c)
{
    struct json json = {.out = out};

    json_object(&json, NULL);
    json_number(&json, "rdbferry_checkpoint", FORMAT);
    json_string(&json, "state", states[c->state]);
    json_string(&json, "run", c->run);
    json_signed(&json, "started", c->started);
    put_place(&json, "position", c->position);
    put_place(&json, "written_until", c->written_until);
    json_bool(&json, "commands", c->commands);
    json_number(&json, "failed", c->failed);
    json_number(&json, "skipped", c->skipped);
    put_options(&json, c);
    json_array(&json, "inputs");
    for (size_t i = 0; i < c->input_count; i++)
        put_input(&json, &c->inputs[i]);
    json_end_array(&json);
    json_end_object(&json);
}

rf_code checkpoint_save(struct checkpoint *c, rf_error *error)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int fd = -1;

    if (out) {
        put(out, c);
        if (fclose(out) == 0)
            fd = save_locked(c->path, text, size);
    }
    free(text);
    if (fd < 0)
        return failure(error, RF_E_WRITE, "cannot write the checkpoint '%s': %s", c->path, strerror(errno));
    if (c->fd >= 0)
        close(c->fd);
    c->fd = fd;
    return RF_OK;
}

/* --- reading ------------------------------------------------------------------------------------------ */

static bool read_place(const struct json_values *values, const char *input_path, const char *offset_path,
                       rf_place *out)
{
    uint64_t input;

    if (!json_number_at(values, input_path, &input) || input > UINT32_MAX ||
        !json_number_at(values, offset_path, &out->offset))
        return false;
    out->input = (uint32_t)input;
    return true;
}

static bool read_state(const struct json_values *values, enum checkpoint_state *out)
{
    const char *text = json_text_at(values, "state");

    for (int i = CHECKPOINT_RUNNING; text && i <= CHECKPOINT_DONE; i++) {
        if (strcmp(text, states[i]) == 0) {
            *out = (enum checkpoint_state)i;
            return true;
        }
    }
    return false;
}

static bool read_run(const struct json_values *values, char run[CHECKPOINT_RUN + 1])
{
    const char *text = json_text_at(values, "run");

    if (!text || strlen(text) != CHECKPOINT_RUN ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz234567") != CHECKPOINT_RUN)
        return false;
    memcpy(run, text, CHECKPOINT_RUN + 1);
    return true;
}

static bool read_options(const struct json_values *values, struct checkpoint *c)
{
    for (int i = 0; i < CHECKPOINT_OPTIONS; i++) {
        const char *value = json_text_at(values, options[i].path);

        if (!value || !(c->options[i] = strdup(value)))
            return false;
    }
    return true;
}

static void read_input(const struct json_values *values, size_t number, struct checkpoint_input *out)
{
    char path[64];
    const char *hash;
    uint64_t size;

    snprintf(path, sizeof path, "inputs.%zu.size", number);
    out->identity.size = json_number_at(values, path, &size) ? (int64_t)size : -1;
    snprintf(path, sizeof path, "inputs.%zu.xxh3", number);
    hash = json_text_at(values, path);
    out->known = hash != NULL;
    snprintf(out->identity.hash, sizeof out->identity.hash, "%s", hash ? hash : "");
}

static size_t count_inputs(const struct json_values *values)
{
    char path[64];

    for (size_t i = 0;; i++) {
        snprintf(path, sizeof path, "inputs.%zu.path", i);
        if (!json_text_at(values, path))
            return i;
    }
}

static bool read_members(const struct json_values *values, struct checkpoint *c)
{
    const char *commands = json_text_at(values, "commands");
    uint64_t format, started;

    if (!json_number_at(values, "rdbferry_checkpoint", &format) || format != FORMAT ||
        !read_state(values, &c->state) || !read_run(values, c->run) ||
        !json_number_at(values, "started", &started) || !json_number_at(values, "failed", &c->failed) ||
        !json_number_at(values, "skipped", &c->skipped) ||
        !read_place(values, "position.input", "position.offset", &c->position) ||
        !read_place(values, "written_until.input", "written_until.offset", &c->written_until) || !commands ||
        !read_options(values, c))
        return false;
    c->started = (int64_t)started;
    c->commands = strcmp(commands, "true") == 0;
    if (!make_inputs(c, count_inputs(values)))
        return false;
    for (size_t i = 0; i < c->input_count; i++)
        read_input(values, i, &c->inputs[i]);
    return true;
}

/* A run that has just been killed may hold it a little longer. */
static bool wait_for_lock(int fd)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

    for (int left = LOCK_TRIES; flock(fd, LOCK_EX | LOCK_NB) != 0; left--) {
        if (left == 0 || (errno != EWOULDBLOCK && errno != EINTR))
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool lock(const struct checkpoint *c)
{
    struct stat found;

    if (fstat(c->fd, &found) != 0 || !S_ISREG(found.st_mode))
        message_error("'%s' is no checkpoint", c->path);
    else if (!wait_for_lock(c->fd))
        message_error("the checkpoint '%s': %s", c->path,
                      errno == EWOULDBLOCK ? "another run is under way with it" : strerror(errno));
    else
        return true;
    return false;
}

static bool read_file(struct checkpoint *c)
{
    struct json_values values = {0};
    rf_error error;
    char *text;
    size_t size;
    bool good;

    if (slurp(c->path, FILE_MOST, &text, &size, &error) != RF_OK) {
        message_failure(&error);
        return false;
    }
    good = json_read(text, &values) && read_members(&values, c);
    json_values_free(&values);
    free(text);
    if (!good)
        message_error("'%s' is no checkpoint that this version of rdbferry knows", c->path);
    return good;
}

bool checkpoint_load(struct checkpoint *c, const char *path, bool *there)
{
    *c = (struct checkpoint){.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    *there = c->fd >= 0;
    if (c->fd < 0 && errno == ENOENT)
        return true;
    if (c->fd >= 0)
        return lock(c) && read_file(c);
    message_error("cannot read the checkpoint '%s': %s", path, strerror(errno));
    return false;
}

/* --- comparing ---------------------------------------------------------------------------------------- */

static const char *shown(const char *value, char out[SHOWN])
{
    snprintf(out, SHOWN, "%s", *value ? value : "nothing");
    if (strlen(value) >= SHOWN)
        memcpy(out + SHOWN - 4, "...", 4);
    return out;
}

rf_code checkpoint_compare(const struct checkpoint *found, const struct checkpoint *wanted, rf_error *error)
{
    char then[SHOWN], now[SHOWN];

    for (int i = 0; i < CHECKPOINT_OPTIONS; i++) {
        const char *old = found->options[i], *new = wanted->options[i];

        if (strcmp(old, new) != 0)
            return failure(error, RF_E_ARGUMENT,
                           "the checkpoint '%.128s' is of another run: %s was %s, and is %s", found->path,
                           options[i].text, shown(old, then), shown(new, now));
    }
    if (found->input_count != wanted->input_count)
        return failure(error, RF_E_ARGUMENT,
                       "the checkpoint '%.128s' is of another run: of %zu input%s, not %zu", found->path,
                       found->input_count, text_plural(found->input_count), wanted->input_count);
    return RF_OK;
}

rf_code checkpoint_compare_input(const struct checkpoint *found, const struct checkpoint *wanted,
                                 size_t input, rf_error *error)
{
    const struct checkpoint_input *old = &found->inputs[input], *new = &wanted->inputs[input];

    if (!old->known || !new->known ||
        (old->identity.size == new->identity.size &&strcmp(old->identity.hash, new->identity.hash) == 0))
        return RF_OK;
    return failure(error, RF_E_ARGUMENT,
                   "the checkpoint '%.128s' is of another run: '%.128s' is not the input that it was",
                   found->path, new->path);
}
