/* SPDX-License-Identifier: MIT */
/* What servers report: INFO, lines of the form "name:value", and MODULE LIST. */
#ifndef NET_INFO_H
#define NET_INFO_H

#include "base/buffer.h"
#include "net/reply.h"
#include <rdbferry/slice.h>
#include <rdbferry/version.h>
#include <stdbool.h>

/* Gets the value of a field; returns false if it is missing. */
bool info_field(rf_slice info, const char *name, rf_slice *value);

/* Parses the version at the start of a text, "7.0.15" or "7.0.15-debug"; 0.0 if there is none. */
rf_server info_version(rf_slice text, rf_dialect dialect);

/* The server and its version; 0.0 if it cannot be parsed. */
rf_server info_server(rf_slice info);

/* Which says that it is Redis, but restores strings only, and counts their time to live in seconds. */
bool info_is_garnet(rf_slice info);

/* The replicas that are online, as INFO replication lists them: "slave0:ip=...,port=...,state=online,...". A
 * program that reads the stream has no port, unless it tells one: it counts only if `all`. */
unsigned info_count_replicas(rf_slice info, bool all);

/* "standalone", "sentinel", "cluster". */
rf_slice info_mode(rf_slice info);

/* Takes the next line, without its end, off `info`; returns false at the end. */
bool info_line(rf_slice *info, rf_slice *line);

/* The reply to MODULE LIST: [["name", name, "ver", number, ...], ...]. It does not show which value versions
 * a module supports. Appends the names in an array reply, each terminated by a NUL, and an empty name at the
 * end. Returns false if out of memory. */
bool module_list_names(struct reply list, rf_slice rest, struct buffer *names);

#endif
