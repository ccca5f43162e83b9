/* SPDX-License-Identifier: MIT */
/* What lies where an output is to go, and would be damaged by it, or would keep a server from reading it. */
#ifndef SINK_SURROUNDINGS_H
#define SINK_SURROUNDINGS_H

#include <rdbferry/error.h>
#include <rdbferry/sink.h>
#include <stdbool.h>

/* RF_E_EXISTS for a directory that is no place for an AOF: it is where a server works, with an AOF directory
 * or a dump.rdb in it; or, unless it holds the manifest of that AOF, it holds anything else but what hides
 * ("."), "lost+found" in a directory called appendonlydir, what a server was writing ("temp-") and files of
 * an AOF of that name. */
rf_code surroundings_check_directory(const char *path, const char *appendfilename, bool has_manifest,
                                     rf_error *error);

/* RF_E_EXISTS for a file that a manifest beside it names, so that its AOF would be of two runs; and for one
 * that servers do not read, as the AOF of its name is in the directory "appendonlydir" beside it. All is well
 * with options->unsafe, and for stdout. */
rf_code surroundings_check_file(const char *path, const rf_sink_options *options, rf_error *error);

#endif
