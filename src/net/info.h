/* SPDX-License-Identifier: MIT */
/* What INFO answers: lines "name:value", of which some are wanted. */
#ifndef NET_INFO_H
#define NET_INFO_H

#include <rdbferry/slice.h>
#include <rdbferry/version.h>
#include <stdbool.h>

/* The value on the line of this name; false if there is none. */
bool info_field(rf_slice info, const char *name, rf_slice *value);

/* The version at the beginning of a text, "7.0.15" or "7.0.15-debug"; 0.0 where there is none. */
rf_server info_version(rf_slice text, rf_dialect dialect);

/* Who answers; 0.0 where the version is none that can be read. */
rf_server info_server(rf_slice info);

/* "standalone", "sentinel", "cluster". */
rf_slice info_mode(rf_slice info);

/* Takes the next line, without its end, off the front; false at the end. */
bool info_line(rf_slice *info, rf_slice *line);

#endif
