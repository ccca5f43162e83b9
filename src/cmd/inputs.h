/* SPDX-License-Identifier: MIT */
/* The inputs of a command: opening them in turn, and what is remembered of each for the report. */
#ifndef CMD_INPUTS_H
#define CMD_INPUTS_H

#include <rdbferry/aofdir.h>
#include <rdbferry/reader.h>
#include <stdbool.h>
#include <sys/stat.h>

struct input {
    const char *path; /* "-": stdin */
    const rf_files *files;
    size_t number;   /* in `files` */
    bool identified; /* `identity` is wanted, and known once it has been opened */
    rf_identity identity;
    rf_reader *reader; /* while it is open */
    /* From here on: once it has been opened. */
    bool opened;
    rf_reader_info info;
    char layers[64];
    int64_t size;     /* of the file; -1: a pipe */
    uint64_t read;    /* bytes of the file */
    uint64_t decoded; /* bytes after decompression */
};

/* The files behind all operands, in order; *of_first: so many are behind the first one. After an error there
 * are none. */
rf_code inputs_expand(char **operands, size_t count, rf_files *files, size_t *of_first, rf_error *error);

/* Not open yet. */
struct input input_of(const rf_files *files, size_t number);

/* Its path, or "stdin". */
const char *input_name(const struct input *input);

/* `resume`: see rf_reader_next(). */
rf_code input_open(struct input *input, bool resume, rf_notify notify, rf_error *error);

/* After an RF_E_READ or RF_E_TRUNCATED of it: where a server was at work in the AOF directory meanwhile, the
 * error tells that, and is RF_E_READ. Returns its code. */
rf_code input_blame(const struct input *input, rf_error *error);

/* What is known of it so far. */
const rf_reader_info *input_info(const struct input *input);

/* Takes down what is to be remembered and closes the reader. A closed input is let through. */
void input_close(struct input *input);

/* What it is, without reading it: fills `identity` of a file that has a name and is regular; of others *known
 * is false. */
rf_code input_identify(struct input *input, bool *known, rf_error *error);

/* What an input says before its data: who wrote it, and whether commands may be in it. */
struct input_head {
    rf_server writer; /* 0.0: unknown */
    bool may_hold_commands;
};

/* Reads a regular file up to its first entry that is no AUX field. Of what cannot be read twice nothing is
 * known. */
rf_code input_probe(const struct input *input, struct input_head *head, rf_error *error);

/* False: it is not there, or cannot be looked at. */
bool input_stat(const struct input *input, struct stat *stat);

/* Bytes of all inputs as they lie on disk; 0 if one of them is no regular file. */
uint64_t inputs_size(const struct input *inputs, size_t count);

#endif
