/* SPDX-License-Identifier: MIT */
/* Reading a topology out of a text: what the readers share. Their errors are RF_E_FORMAT and name the line.
 */
#ifndef CLUSTER_TOPOLOGY_TEXT_H
#define CLUSTER_TOPOLOGY_TEXT_H

#include "cluster/topology_builder.h"

struct topology_text {
    const char *name;
    rf_slice rest;
    size_t line; /* where `rest` begins; the first one is 1 */
};

/* "nodes.conf: line 3: ..." */
rf_code topology_fault(const struct topology_text *text, rf_error *error, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

/* For a text of another format: says which formats can be read. */
rf_code topology_unknown(const struct topology_text *text, rf_error *error) __attribute__((cold));

enum { TOPOLOGY_QUOTED = 64 };

/* A piece of the text as messages show it: its first line, cut to fit, and what is not printable as '?'.
 * Returns `out`. */
const char *topology_quote(rf_slice piece, char out[TOPOLOGY_QUOTED]);

/* Takes n bytes off the front. */
void topology_skip(struct topology_text *text, size_t n);

/* Takes blanks and ends of lines off the front. */
void topology_skip_blanks(struct topology_text *text);

/* Takes a line off the front, without the LF or CRLF at its end; false when there are no more. */
bool topology_line(struct topology_text *text, rf_slice *line);

/* 40 hexadecimal digits. */
bool topology_is_id(rf_slice word);

/* Stays empty for "" and "?", which name nobody. */
rf_code topology_read_host(const struct topology_text *text, rf_slice word, rf_slice *host, rf_error *error);

rf_code topology_read_port(const struct topology_text *text, rf_slice word, int *port, rf_error *error);

/* "5461" and "10922", which may be the same. */
rf_code topology_read_range(const struct topology_text *text, rf_slice first, rf_slice last,
                            rf_slot_range *range, rf_error *error);

/* --- topology_nodes.c --- */

/* True for what begins as a nodes.conf does. */
bool topology_is_nodes(rf_slice text);

rf_code topology_read_nodes(struct topology_text *text, struct topology_builder *builder, rf_error *error);

/* --- topology_backup.c --- */

rf_code topology_read_backup(struct topology_text *text, struct topology_builder *builder, rf_error *error);

#endif
