/* SPDX-License-Identifier: MIT */
/* The reply to INFO: lines of the form "name:value". */
#ifndef NET_INFO_H
#define NET_INFO_H

#include <rdbferry/slice.h>
#include <rdbferry/version.h>
#include <stdbool.h>

/* Gets the value of a field; returns false if it is missing. */
bool info_field(rf_slice info, const char *name, rf_slice *value);

/* Parses the version at the start of a text, "7.0.15" or "7.0.15-debug"; 0.0 if there is none. */
rf_server info_version(rf_slice text, rf_dialect dialect);

/* The server and its version; 0.0 if it cannot be parsed. */
rf_server info_server(rf_slice info);

/* "standalone", "sentinel", "cluster". */
rf_slice info_mode(rf_slice info);

/* Takes the next line, without its end, off `info`; returns false at the end. */
bool info_line(rf_slice *info, rf_slice *line);

#endif
