/* SPDX-License-Identifier: MIT */
/* The options of live servers as inputs. They are named as those of a target, with "source-" before them, in
 * every command: source and target often differ in their passwords and certificates. */
#ifndef CMD_OPTIONS_SOURCE_OPTIONS_H
#define CMD_OPTIONS_SOURCE_OPTIONS_H

#include "cmd/options/target_options.h"
#include <rdbferry/aofdir.h>

struct source_options {
    struct target_options connection;
    bool from_primary;
    bool scan;
    uint64_t scan_passes, scan_count, scan_rate;
};

/* Their values are in a struct source_options. */
extern const struct option_row source_rows[];

/* Adds the servers of a URL to the files, and overwrites the password in it. `alone`: the command has no live
 * target, so that the variables of redis-cli are those of the source. Returns false if the command should
 * exit with *status; the error has been printed. */
bool source_options_add(struct source_options *options, const char *url, bool alone, const char *command,
                        rf_files *files, int *status);

/* False if options are given although no input is a live server; the error has been printed. */
bool source_options_check(const struct source_options *options, bool has_live, const char *command);

void source_options_free(struct source_options *options);

#endif
