/* SPDX-License-Identifier: MIT */
/* The inputs of a command: opens them in turn, and keeps facts about each for the report. */
#ifndef CMD_RUN_INPUTS_H
#define CMD_RUN_INPUTS_H

#include <rdbferry/aofdir.h>
#include <rdbferry/follow.h>
#include <rdbferry/reader.h>
#include <stdbool.h>
#include <sys/stat.h>

struct input {
    const char *path; /* "-": stdin */
    const rf_files *files;
    size_t number;    /* in `files` */
    bool is_live;     /* a live server: it can be opened once; after rf_files_capture() any number of times */
    bool is_followed; /* a live server: its snapshot, or with is_stream its stream; */
    bool is_stream;
    struct input *stream;           /* of a snapshot that is followed */
    rf_follow *follow;              /* set before it is opened */
    int64_t stream_db;              /* that is selected at its start */
    rf_follow_position at, settled; /* in the stream: after the last command read, and before it */
    bool identified;                /* `identity` is wanted; it is known after opening */
    rf_identity identity;
    bool streams;      /* commands with a large argument are streamed */
    size_t batches;    /* number of batches that are taken from it at the same time, */
    bool key_batches;  /* of keys alone */
    rf_reader *reader; /* while open */
    /* Valid after opening: */
    bool opened;
    rf_reader_info info;
    char layers[64];
    int64_t size;     /* of the file; -1: a pipe */
    uint64_t read;    /* bytes of the file */
    uint64_t decoded; /* bytes after decompression */
};

/* Reads the next command of the stream, if *there is one now. */
rf_code input_poll(struct input *input, rf_entry *entry, bool *there, rf_error *error);

/* Adds the files of an operand. `keep_failed`: if they cannot be determined, an input that fails when it is
 * opened. */
rf_code inputs_add(const char *operand, bool keep_failed, rf_files *files, rf_error *error);

/* Returns an input that is not open yet. */
struct input input_of(const rf_files *files, size_t number);

/* Its path, or "stdin". */
const char *input_name(const struct input *input);

/* Whether it can be read more than once: a regular file, or a live server that is captured. */
bool input_can_rescan(const struct input *input);

/* `resume`: see rf_reader_next(). */
rf_code input_open(struct input *input, bool resume, rf_notify notify, rf_error *error);

/* After RF_E_READ or RF_E_TRUNCATED: if a server has changed the AOF directory meanwhile, the error is
 * replaced by one that says so, RF_E_READ. Returns its code. */
rf_code input_blame(const struct input *input, rf_error *error);

/* What is known so far. */
const rf_reader_info *input_info(const struct input *input);

/* Stores the facts for the report and closes the reader. The input may already be closed. */
void input_close(struct input *input);

/* Fills `identity` of a named regular file without reading it; otherwise *known is false. */
rf_code input_identify(struct input *input, bool *known, rf_error *error);

/* Facts that precede an input's data: its writer, and whether it may contain commands. */
struct input_head {
    rf_server writer; /* 0.0: unknown */
    int64_t saved_at; /* Unix seconds; -1: unknown */
    bool may_hold_commands;
};

/* Reads a regular file up to its first entry that is not an AUX field. Nothing is known about inputs that
 * cannot be read twice. */
rf_code input_probe(const struct input *input, struct input_head *head, rf_error *error);

/* See rf_command_history_scan(). */
rf_code input_scan_history(const struct input *input, bool *found, rf_error *error);

/* False: it does not exist, or stat failed. */
bool input_stat(const struct input *input, struct stat *stat);

/* Size of all inputs on disk in bytes; 0 if one of them is not a regular file. */
uint64_t inputs_size(const struct input *inputs, size_t count);

#endif
