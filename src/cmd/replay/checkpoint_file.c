/* SPDX-License-Identifier: MIT */
/* Reads and writes the checkpoint file. Its lines, "name value", in this order:
 *
 *   rdbferry-checkpoint 3
 *   state running | stopped | switching | done
 *   run NAME                        the run's name in CLIENT LIST
 *   started MS
 *   position INPUT OFFSET
 *   stream ID OFFSET DATABASE SLOTS   for each stream that is followed, if the position is in the first one
 *   applied SLOT OFFSET             after it, for each of its marks
 *   written-until INPUT OFFSET
 *   commands none | once | plain
 *   expiries shifted                only if they are
 *   import-mode ID                  only if the target is in it
 *   failed N
 *   skipped N
 *   dead-letter BYTES PATH          only if there is a dead-letter file
 *   target, keys, ... TEXT          each of enum checkpoint_option
 *   input SIZE HASH PATH            for each input; "-": not known
 *   checksum CRC32                  of all bytes before this line, eight hexadecimal digits
 *
 * All text is printable: line breaks, backslashes and non-ASCII bytes are written as \xNN. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/options/parse.h"
#include "cmd/replay/checkpoint.h"
#include "cmd/run/files.h"
#include <errno.h>
#include <inttypes.h>
#include <rdbferry/sink.h>
#include <rdbferry/slot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { FORMAT = 3, FILE_MOST = 16 * 1024 * 1024 };

static const char *const states[] = {"running", "stopped", "switching", "lost", "done", NULL};
static const char *const commands_texts[] = {"none", "once", "plain", NULL};

static const char *const option_names[CHECKPOINT_OPTIONS] = {
    [CHECKPOINT_TARGET] = "target",
    [CHECKPOINT_KEYS] = "keys",
    [CHECKPOINT_EXPIRED] = "expired",
    [CHECKPOINT_RULES] = "rules",
    [CHECKPOINT_SHIFT] = "shift-expiry",
    [CHECKPOINT_ON_EXISTS] = "on-exists",
    [CHECKPOINT_DELETIONS] = "deletions",
    [CHECKPOINT_ON_COLLISION] = "on-collision",
    [CHECKPOINT_LOG] = "log",
};

/* --- writing ------------------------------------------------------------------------------------------ */

static void put_input(FILE *out, const struct checkpoint_input *input)
{
    char path[1024];
    escape_text((rf_slice){(const uint8_t *)input->path, strlen(input->path)}, path, sizeof path);
    if (!input->known)
        fprintf(out, "input - - %s\n", path);
    else if (input->identity.size < 0)
        fprintf(out, "input - %s %s\n", input->identity.hash, path);
    else
        fprintf(out, "input %" PRId64 " %s %s\n", input->identity.size, input->identity.hash, path);
}

static void put_stream(FILE *out, const struct checkpoint_stream *stream)
{
    if (!*stream->id)
        return;
    fprintf(out, "stream %s %" PRIu64 " %" PRId64 " %s\n", stream->id, stream->offset, stream->db,
            stream->slots);
    for (size_t i = 0; i < CHECKPOINT_MARKS; i++)
        if (stream->marks[i].offset > 0)
            fprintf(out, "applied %u %" PRIu64 "\n", stream->marks[i].slot, stream->marks[i].offset);
}

static void put(FILE *out, const struct checkpoint *c)
{
    fprintf(out, "rdbferry-checkpoint %d\n", FORMAT);
    fprintf(out, "state %s\n", states[c->state]);
    fprintf(out, "run %s\n", c->run);
    fprintf(out, "started %" PRId64 "\n", c->started);
    fprintf(out, "position %" PRIu32 " %" PRIu64 "\n", c->position.input, c->position.offset);
    for (size_t i = 0; i < c->stream_count; i++)
        put_stream(out, &c->streams[i]);
    fprintf(out, "written-until %" PRIu32 " %" PRIu64 "\n", c->written_until.input, c->written_until.offset);
    fprintf(out, "commands %s\n", commands_texts[c->commands]);
    if (c->shifted)
        fprintf(out, "expiries shifted\n");
    if (c->import_id)
        fprintf(out, "import-mode %" PRIu64 "\n", c->import_id);
    fprintf(out, "failed %" PRIu64 "\n", c->failed);
    fprintf(out, "skipped %" PRIu64 "\n", c->skipped);
    if (c->dead_letter)
        fprintf(out, "dead-letter %" PRIu64 " %s\n", c->dead_letter_bytes, c->dead_letter);
    for (int i = 0; i < CHECKPOINT_OPTIONS; i++)
        fprintf(out, "%s %s\n", option_names[i], c->options[i]);
    for (size_t i = 0; i < c->input_count; i++)
        put_input(out, &c->inputs[i]);
}

static unsigned long checksum(const char *text, size_t size)
{
    return crc32_z(0, (const Bytef *)text, size);
}

/* Returns all lines in allocated memory, or NULL if out of memory. */
static char *make_text(const struct checkpoint *c, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out)
        return NULL;
    put(out, c);
    fflush(out);
    fprintf(out, "checksum %08lx\n", checksum(text, *size));
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

rf_code checkpoint_save(const struct checkpoint *c, rf_error *error)
{
    size_t size;
    char *text = make_text(c, &size);
    bool good = text && save_file(c->path, RF_SAVE_PRIVATE, text, size);
    free(text);
    if (good)
        return RF_OK;
    return fail(error, RF_E_WRITE, "cannot write the checkpoint '%.128s': %s", c->path, strerror(errno));
}

/* --- reading ------------------------------------------------------------------------------------------ */

/* Skips "name " and terminates the line if the next line has this name; otherwise returns NULL. */
static char *next_value(char **lines, const char *name)
{
    size_t length = strlen(name);
    char *value = *lines + length + 1, *end;
    if (strncmp(*lines, name, length) != 0 || (*lines)[length] != ' ')
        return NULL;
    end = strchr(value, '\n');
    if (!end)
        return NULL;
    *end = '\0';
    *lines = end + 1;
    return value;
}

/* Returns the word up to the next space and skips both; "" at the end of the line. */
static char *next_word(char **value)
{
    char *word = *value, *end = strchrnul(word, ' ');
    *value = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

static bool read_number(const char *word, uint64_t *out)
{
    return parse_count(word, out) && *out <= INT64_MAX;
}

static bool read_choice(char **lines, const char *name, const char *const *choices, int *out)
{
    const char *value = next_value(lines, name);
    for (*out = 0; value && choices[*out]; ++*out)
        if (strcmp(value, choices[*out]) == 0)
            return true;
    return false;
}

static bool read_count(char **lines, const char *name, uint64_t *out)
{
    const char *value = next_value(lines, name);
    return value && read_number(value, out);
}

static bool read_position(char **lines, const char *name, rf_position *out)
{
    char *value = next_value(lines, name);
    uint64_t input;
    if (!value || !read_number(next_word(&value), &input) || input > UINT32_MAX)
        return false;
    out->input = (uint32_t)input;
    return read_number(value, &out->offset);
}

static bool read_run(char **lines, char run[CHECKPOINT_RUN + 1])
{
    const char *value = next_value(lines, "run");
    if (!value || strlen(value) != CHECKPOINT_RUN ||
        strspn(value, "abcdefghijklmnopqrstuvwxyz234567") != CHECKPOINT_RUN)
        return false;
    memcpy(run, value, CHECKPOINT_RUN + 1);
    return true;
}

static bool read_stream(char *value, struct checkpoint_stream *out)
{
    uint64_t db;
    const char *id = next_word(&value);
    if (strlen(id) != sizeof out->id - 1)
        return false;
    memcpy(out->id, id, sizeof out->id);
    if (!read_number(next_word(&value), &out->offset) || !read_number(next_word(&value), &db))
        return false;
    out->db = (int64_t)db;
    out->slots = strdup(value);
    return out->slots != NULL;
}

static bool read_marks(char **lines, struct checkpoint_stream *stream)
{
    char *value;
    for (size_t i = 0; (value = next_value(lines, "applied")); i++) {
        uint64_t slot;
        if (i == CHECKPOINT_MARKS || !read_number(next_word(&value), &slot) || slot >= RF_SLOTS ||
            !read_number(value, &stream->marks[i].offset))
            return false;
        stream->marks[i].slot = (unsigned)slot;
    }
    return true;
}

static bool read_streams(char **lines, struct checkpoint *c)
{
    char *value;
    while ((value = next_value(lines, "stream"))) {
        struct checkpoint_stream *more = realloc(c->streams, (c->stream_count + 1) * sizeof *more);
        if (!more)
            return false;
        c->streams = more;
        c->streams[c->stream_count] = (struct checkpoint_stream){0};
        if (!read_stream(value, &c->streams[c->stream_count++]) ||
            !read_marks(lines, &c->streams[c->stream_count - 1]))
            return false;
    }
    return true;
}

static bool read_shifted(char **lines, bool *shifted)
{
    const char *value = next_value(lines, "expiries");
    *shifted = value != NULL;
    return !value || strcmp(value, "shifted") == 0;
}

static bool read_import_id(char **lines, uint64_t *id)
{
    char *value = next_value(lines, "import-mode");
    return !value || (parse_count(value, id) && *id > 0);
}

static bool read_dead_letter(char **lines, struct checkpoint *c)
{
    char *value = next_value(lines, "dead-letter");
    if (!value)
        return true;
    if (!read_number(next_word(&value), &c->dead_letter_bytes))
        return false;
    c->dead_letter = strdup(value);
    return c->dead_letter != NULL;
}

static bool read_options(char **lines, struct checkpoint *c)
{
    for (int i = 0; i < CHECKPOINT_OPTIONS; i++) {
        const char *value = next_value(lines, option_names[i]);
        if (!value || !(c->options[i] = strdup(value)))
            return false;
    }
    return true;
}

static bool read_input(char *value, struct checkpoint_input *out)
{
    const char *size = next_word(&value), *hash = next_word(&value);
    uint64_t bytes = 0;
    if (strcmp(size, "-") != 0 && !read_number(size, &bytes))
        return false;
    out->known = strcmp(hash, "-") != 0;
    out->identity.size = strcmp(size, "-") != 0 ? (int64_t)bytes : -1;
    snprintf(out->identity.hash, sizeof out->identity.hash, "%s", hash);
    return true;
}

static bool read_inputs(char **lines, struct checkpoint *c)
{
    char *value;
    while ((value = next_value(lines, "input"))) {
        struct checkpoint_input *more = realloc(c->inputs, (c->input_count + 1) * sizeof *more);
        if (!more)
            return false;
        c->inputs = more;
        c->inputs[c->input_count] = (struct checkpoint_input){0};
        if (!read_input(value, &c->inputs[c->input_count++]))
            return false;
    }
    return **lines == '\0';
}

static bool read_lines(char *lines, struct checkpoint *c)
{
    uint64_t format, started;
    int state, commands;
    if (!read_count(&lines, "rdbferry-checkpoint", &format) || format != FORMAT ||
        !read_choice(&lines, "state", states, &state) || !read_run(&lines, c->run) ||
        !read_count(&lines, "started", &started) || !read_position(&lines, "position", &c->position) ||
        !read_streams(&lines, c) || !read_position(&lines, "written-until", &c->written_until) ||
        !read_choice(&lines, "commands", commands_texts, &commands) || !read_shifted(&lines, &c->shifted) ||
        !read_import_id(&lines, &c->import_id) || !read_count(&lines, "failed", &c->failed) ||
        !read_count(&lines, "skipped", &c->skipped) || !read_dead_letter(&lines, c) ||
        !read_options(&lines, c) || !read_inputs(&lines, c))
        return false;
    c->state = (enum checkpoint_state)state;
    c->started = (int64_t)started;
    c->commands = (enum checkpoint_commands)commands;
    return true;
}

/* The position is not after what has been sent, and both are within the inputs. */
static bool is_consistent(const struct checkpoint *c)
{
    bool has_streams = c->stream_count == 0 || 2 * c->stream_count == c->input_count;
    return has_streams && c->position.input < c->input_count && c->written_until.input < c->input_count &&
           !rf_position_before(c->written_until, c->position);
}

/* Removes the last line. Returns false if it is not the checksum of the others. */
static bool verify_checksum(char *text, size_t size)
{
    enum { LINE = sizeof "checksum 01234567\n" - 1 };
    if (size < LINE)
        return false;
    char expected[LINE + 1];
    snprintf(expected, sizeof expected, "checksum %08lx\n", checksum(text, size - LINE));
    if (memcmp(text + size - LINE, expected, LINE) != 0 || memchr(text, '\0', size))
        return false;
    text[size - LINE] = '\0';
    return true;
}

/* Returns NULL, or what is wrong. */
static const char *read_text(char *text, size_t size, struct checkpoint *c)
{
    if (text[0] == '{')
        return "was written by an older version of rdbferry: finish its run with that version, or remove it "
               "and start again";
    if (strncmp(text, "rdbferry-checkpoint ", strlen("rdbferry-checkpoint ")) != 0)
        return "is not a valid checkpoint";
    if (!verify_checksum(text, size))
        return "is damaged: checksum mismatch";
    if (!read_lines(text, c))
        return "is not a checkpoint of a version supported by this rdbferry";
    return is_consistent(c) ? NULL : "is inconsistent: its position is after what has been written";
}

rf_code checkpoint_load(struct checkpoint *c, const char *path, bool *there, rf_error *error)
{
    *c = (struct checkpoint){.path = path, .lock = -1};
    *there = access(path, F_OK) == 0 || errno != ENOENT;
    if (!*there)
        return RF_OK;
    rf_error why;
    char *text;
    size_t size;
    if (slurp(path, FILE_MOST, &text, &size, &why) != RF_OK)
        return fail(error, RF_E_ARGUMENT, "cannot read the checkpoint: %s", why.message);
    const char *wrong = read_text(text, size, c);
    free(text);
    return wrong ? fail(error, RF_E_ARGUMENT, "'%.128s' %s", path, wrong) : RF_OK;
}
