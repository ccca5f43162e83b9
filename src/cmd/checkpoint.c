/* SPDX-License-Identifier: MIT */
/* The checkpoint's file. */
#include "checkpoint.h"
#include "failure.h"
#include "json.h"
#include "json_read.h"
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
#include <unistd.h>

enum { FORMAT = 1, FILE_MOST = 16 * 1024 * 1024, SHOWN = 60 };

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
    return c->inputs != NULL;
}

rf_code checkpoint_new(struct checkpoint *c, const char *path, size_t input_count, rf_error *error)
{
    *c = (struct checkpoint){.path = path, .lock = -1};
    if (!make_inputs(c, input_count))
        return failure(error, RF_E_MEMORY, "out of memory");
    if (name_run(c->run))
        return RF_OK;
    return failure(error, RF_E_MEMORY, "no random numbers: %s", strerror(errno));
}

/* Beside the file itself, where the path is a link to it. */
static int open_lock(const char *path)
{
    char *target = realpath(path, NULL), *name = NULL;
    int fd = -1;

    if (asprintf(&name, "%s.lock", target ? target : path) >= 0)
        fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    free(name);
    free(target);
    return fd;
}

rf_code checkpoint_lock(struct checkpoint *c, rf_error *error)
{
    struct stat found;

    if (stat(c->path, &found) == 0 && !S_ISREG(found.st_mode))
        return failure(error, RF_E_ARGUMENT, "'%.128s' is no checkpoint", c->path);
    c->lock = open_lock(c->path);
    if (c->lock < 0)
        return failure(error, RF_E_WRITE, "cannot make '%.128s.lock', the checkpoint's lock: %s", c->path,
                       strerror(errno));
    if (flock(c->lock, LOCK_EX | LOCK_NB) == 0)
        return RF_OK;
    if (errno == EWOULDBLOCK)
        return failure(error, RF_E_ARGUMENT, "the checkpoint '%.128s': another run is under way with it",
                       c->path);
    return failure(error, RF_E_WRITE, "cannot lock '%.128s.lock': %s", c->path, strerror(errno));
}

void checkpoint_free(struct checkpoint *c)
{
    if (c->path && c->lock >= 0)
        close(c->lock);
    free(c->dead_letter);
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

static void put_dead_letter(struct json *json, const struct checkpoint *c)
{
    if (!c->dead_letter)
        return;
    json_object(json, "dead_letter");
    json_string(json, "path", c->dead_letter);
    json_number(json, "bytes", c->dead_letter_bytes);
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
    put_dead_letter(&json, c);
    put_options(&json, c);
    json_array(&json, "inputs");
    for (size_t i = 0; i < c->input_count; i++)
        put_input(&json, &c->inputs[i]);
    json_end_array(&json);
    json_end_object(&json);
}

rf_code checkpoint_save(const struct checkpoint *c, rf_error *error)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool good = false;

    if (out) {
        put(out, c);
        if (fclose(out) == 0)
            good = save_private(c->path, text, size);
    }
    free(text);
    if (good)
        return RF_OK;
    return failure(error, RF_E_WRITE, "cannot write the checkpoint '%.128s': %s", c->path, strerror(errno));
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

static bool read_dead_letter(const struct json_values *values, struct checkpoint *c)
{
    const char *path = json_text_at(values, "dead_letter.path");

    if (!path)
        return true;
    c->dead_letter = strdup(path);
    return c->dead_letter && json_number_at(values, "dead_letter.bytes", &c->dead_letter_bytes);
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
        !read_options(values, c) || !read_dead_letter(values, c))
        return false;
    c->started = (int64_t)started;
    c->commands = strcmp(commands, "true") == 0;
    if (!make_inputs(c, count_inputs(values)))
        return false;
    for (size_t i = 0; i < c->input_count; i++)
        read_input(values, i, &c->inputs[i]);
    return true;
}

rf_code checkpoint_load(struct checkpoint *c, const char *path, bool *there, rf_error *error)
{
    struct json_values values = {0};
    rf_error why;
    char *text;
    size_t size;
    bool good;

    *c = (struct checkpoint){.path = path, .lock = -1};
    *there = access(path, F_OK) == 0 || errno != ENOENT;
    if (!*there)
        return RF_OK;
    if (slurp(path, FILE_MOST, &text, &size, &why) != RF_OK)
        return failure(error, RF_E_ARGUMENT, "cannot read the checkpoint: %s", why.message);
    good = json_read(text, &values) && read_members(&values, c);
    json_values_free(&values);
    free(text);
    if (good)
        return RF_OK;
    return failure(error, RF_E_ARGUMENT, "'%.128s' is no checkpoint that this version of rdbferry knows",
                   path);
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
