/* SPDX-License-Identifier: MIT */
/* Opens readers for paths. */
#include "cmd/run/inputs.h"
#include "base/fail.h"
#include "cmd/run/paths.h"
#include <rdbferry/command_history.h>
#include <rdbferry/snapshot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LARGE_ARGUMENT = 1024 * 1024, /* of a command that is streamed */
    PROBE_BLOCK = 16 * 1024,      /* six of which are read ahead, although the first entry is enough */
};

const char *input_name(const struct input *input)
{
    return is_dash(input->path) ? "stdin" : input->path;
}

rf_code inputs_add(const char *operand, bool keep_failed, rf_files *files, rf_error *error)
{
    rf_code code = rf_files_add(files, operand, error);
    if (!keep_failed || !rf_code_is_input(code))
        return code;
    const rf_error why = *error;
    return rf_files_add_failed(files, operand, &why, error);
}

struct input input_of(const rf_files *files, size_t number)
{
    return (struct input){.path = files->paths[number],
                          .files = files,
                          .number = number,
                          .is_live = rf_files_is_live(files, number)};
}

bool input_can_rescan(const struct input *input)
{
    struct stat found;
    return !input->is_followed &&
           (input->is_live || (!is_dash(input->path) && input_stat(input, &found) && S_ISREG(found.st_mode)));
}

static rf_code open_source(const struct input *input, rf_source **source, rf_error *error)
{
    if (input->is_followed)
        return rf_follow_snapshot(input->follow, source, error);
    return is_dash(input->path) ? rf_source_open_fd(STDIN_FILENO, input_name(input), source, error)
                                : rf_files_open(input->files, input->number, source, error);
}

static rf_code open_reader(const struct input *input, const rf_reader_options *options, rf_identity *identity,
                           rf_reader **reader, rf_error *error)
{
    rf_source *source;
    rf_code code = open_source(input, &source, error);
    if (code == RF_OK && identity) {
        code = rf_source_identity(source, identity, error);
        if (code != RF_OK)
            rf_source_close(source);
    }
    return code == RF_OK ? rf_reader_open(source, options, reader, error) : code;
}

rf_code input_identify(struct input *input, bool *known, rf_error *error)
{
    struct stat found;
    rf_source *source;
    *known = !is_dash(input->path) && !input->is_live &&
             (!input_stat(input, &found) || S_ISREG(found.st_mode));
    if (!*known)
        return RF_OK;
    TRY(open_source(input, &source, error));
    rf_code code = rf_source_identity(source, &input->identity, error);
    rf_source_close(source);
    return code;
}

/* For tests: records must be read wherever blocks end. */
static size_t block_size(void)
{
    const char *size = getenv("RDBFERRY_TEST_BLOCK_SIZE");
    return size ? strtoul(size, NULL, 10) : 0;
}

rf_code input_open(struct input *input, bool resume, rf_notify notify, rf_error *error)
{
    const rf_reader_options options = {.notify = notify,
                                       .resume = resume,
                                       .stream_from = input->streams ? LARGE_ARGUMENT : 0,
                                       .batches = input->batches,
                                       .key_batches = input->key_batches,
                                       .block_size = block_size()};
    rf_identity *identity = input->identified ? &input->identity : NULL;
    TRY(open_reader(input, &options, identity, &input->reader, error));
    const rf_source *source = rf_reader_source(input->reader);
    input->opened = true;
    input->size = rf_source_size(source);
    snprintf(input->layers, sizeof input->layers, "%s", rf_source_layers(source));
    return RF_OK;
}

rf_code input_poll(struct input *input, rf_entry *entry, bool *there, rf_error *error)
{
    input->settled = input->at;
    TRY(rf_follow_poll(input->follow, input->stream_db, there, entry, &input->at, error));
    if (!*there)
        input->settled = input->at;
    return RF_OK;
}

void input_close(struct input *input)
{
    if (!input->reader)
        return;
    input->info = *rf_reader_info_get(input->reader);
    rf_reader_position(input->reader, &input->decoded, &input->read);
    rf_reader_close(input->reader);
    input->reader = NULL;
}

const rf_reader_info *input_info(const struct input *input)
{
    return input->reader ? rf_reader_info_get(input->reader) : &input->info;
}

rf_code input_blame(const struct input *input, rf_error *error)
{
    char reason[sizeof error->message];
    if (!rf_files_changed(input->files, input->number))
        return error->code;
    snprintf(reason, sizeof reason, "%s", error->message);
    error->code = RF_E_READ;
    snprintf(error->message, sizeof error->message,
             "the input changed while it was read: try again, read a copy, or use --truncated drop (%.160s)",
             reason);
    return error->code;
}

bool input_stat(const struct input *input, struct stat *stat_)
{
    int held = rf_files_descriptor(input->files, input->number);
    if (is_dash(input->path))
        held = STDIN_FILENO;
    return (held >= 0 ? fstat(held, stat_) : stat(input->path, stat_)) == 0;
}

static bool says_preamble(const rf_entry *entry)
{
    static const char name[] = "aof-preamble";
    return entry->name.len == sizeof name - 1 && memcmp(entry->name.ptr, name, sizeof name - 1) == 0 &&
           entry->text.len == 1 && *entry->text.ptr == '1';
}

static rf_code read_head(rf_reader *reader, struct input_head *head, rf_error *error)
{
    rf_entry entry;
    rf_code code;
    while ((code = rf_reader_next(reader, &entry, error)) == RF_OK && entry.kind == RF_ENTRY_AUX)
        head->may_hold_commands |= says_preamble(&entry);
    head->writer = rf_reader_info_get(reader)->writer;
    head->saved_at = rf_reader_info_get(reader)->saved_at;
    head->may_hold_commands |= strncmp(rf_reader_info_get(reader)->format, "aof", 3) == 0;
    return code == RF_END ? RF_OK : code;
}

rf_code input_probe(const struct input *input, struct input_head *head, rf_error *error)
{
    struct stat found;
    rf_reader *reader;
    *head = (struct input_head){.saved_at = -1};
    if (input->is_live) { /* a snapshot that begins now */
        head->writer = rf_files_server(input->files, input->number);
        return RF_OK;
    }
    if (is_dash(input->path) || (input_stat(input, &found) && !S_ISREG(found.st_mode)))
        return RF_OK;
    const rf_reader_options options = {.stream_from = LARGE_ARGUMENT, .block_size = PROBE_BLOCK};
    TRY(open_reader(input, &options, NULL, &reader, error));
    rf_code code = read_head(reader, head, error);
    rf_reader_close(reader);
    return code;
}

rf_code input_scan_history(const struct input *input, bool *found, rf_error *error)
{
    rf_source *source;
    TRY(open_source(input, &source, error));
    rf_code code = rf_command_history_scan(source, found, error);
    rf_source_close(source);
    return code;
}

uint64_t inputs_size(const struct input *inputs, size_t count)
{
    uint64_t total = 0;
    struct stat found;
    for (size_t i = 0; i < count; i++) {
        if (!input_stat(&inputs[i], &found) || !S_ISREG(found.st_mode))
            return 0;
        total += (uint64_t)found.st_size;
    }
    return total;
}
