/* SPDX-License-Identifier: MIT */
/* The JSON report of a run: what was read, notices, what was written, and the result. */
#ifndef CMD_RUN_REPORT_H
#define CMD_RUN_REPORT_H

#include "base/json.h"
#include "cmd/run/session.h"
#include <rdbferry/sink.h>

/* The members that a command adds to the report's object. */
struct report_part {
    void (*put)(struct json *json, const void *ctx);
    const void *ctx;
};

struct report {
    const char *command;
    const struct session *session;
    const char *result;    /* the result; NULL: "ok", or "error" if there is one */
    const rf_error *error; /* NULL: no error */
    const struct report_part *part;
};

/* null for 0.0, which is unknown. */
void report_put_server(struct json *json, const char *name, rf_server server);

/* The version of the server that has saved an input, and its vendor if that is known. */
void report_put_writer(struct json *json, const rf_reader_info *info);

/* Adds databases, types and encodings, each an array of objects whose counts `put` adds. */
typedef void report_put_tally(struct json *json, struct key_totals totals);
void report_put_tables(struct json *json, const struct tables *tables, report_put_tally *put,
                       report_put_tally *put_of_encoding);

/* Adds the member "db" of the counters in this place, see tables_place_of_db(). */
void report_put_db(struct json *json, size_t place);

/* Adds the reasons of a kind of notice, as an array "reasons". */
void report_put_reasons(struct json *json, const struct notice_record *record);

/* Adds the effect of each rule, as an object "rewritten". NULL: there are no rules, nothing is added. */
void report_put_rules(struct json *json, const rf_rewrite *rewrite);

/* Adds the fields of an error, as an object. */
void report_put_error(struct json *json, const char *name, const rf_error *error);

/* Adds the compression layers of an input, as returned by rf_source_layers(), as an array "layers". */
void report_put_layers(struct json *json, const char *layers);

/* Adds the report as an object. */
void report_put(struct json *json, const struct report *report);

/* `path` "-" is stdout; NULL: no report. A report that cannot be written is an error message, and does not
 * change the exit status. */
void report_write(const struct report *report, const char *path);

#endif
