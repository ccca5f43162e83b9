/* SPDX-License-Identifier: MIT */
/* Reading a topology from a text: functions shared by the parsers. Their errors are RF_E_FORMAT and include
 * the line. */
#ifndef CLUSTER_TOPOLOGY_TEXT_H
#define CLUSTER_TOPOLOGY_TEXT_H

#include "cluster/topology_builder.h"

struct topology_text {
    const char *name;
    rf_slice rest;
    size_t line; /* of the start of `rest`; the first one is 1 */
};

/* "nodes.conf: line 3: ..." */
rf_code topology_fault(const struct topology_text *text, rf_error *error, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

/* For a text of another format: says which formats can be read. */
rf_code topology_unknown(const struct topology_text *text, rf_error *error) __attribute__((cold));

enum { TOPOLOGY_QUOTED = 64 };

/* A piece of the text for messages: its first line, shortened, with '?' for unprintable characters. Returns
 * `out`. */
const char *topology_quote(rf_slice piece, char out[TOPOLOGY_QUOTED]);

/* Removes n bytes from the front. */
void topology_skip(struct topology_text *text, size_t n);

/* Removes blanks and line ends from the front. */
void topology_skip_blanks(struct topology_text *text);

/* Removes a line from the front, and its LF or CRLF; false if there are no more. */
bool topology_line(struct topology_text *text, rf_slice *line);

/* 40 hexadecimal digits. */
bool topology_is_id(rf_slice word);

/* Stays empty for "" and "?", which mean unknown. */
rf_code topology_read_host(const struct topology_text *text, rf_slice word, rf_slice *host, rf_error *error);

rf_code topology_read_port(const struct topology_text *text, rf_slice word, int *port, rf_error *error);

/* "5461" and "10922", which may be the same. */
rf_code topology_read_range(const struct topology_text *text, rf_slice first, rf_slice last,
                            rf_slot_range *range, rf_error *error);

/* --- topology_nodes.c --- */

/* True if the text begins like a nodes.conf. */
bool topology_is_nodes(rf_slice text);

rf_code topology_read_nodes(struct topology_text *text, struct topology_builder *builder, rf_error *error);

/* --- topology_backup.c --- */

rf_code topology_read_backup(struct topology_text *text, struct topology_builder *builder, rf_error *error);

#endif
