/* SPDX-License-Identifier: MIT */
/* The JSON report of a run, for CI: what was read, noticed and written, and how it ended. */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include "json.h"
#include "session.h"
#include <rdbferry/sink.h>

/* What a command adds to the report: members of its object. */
struct report_part {
    void (*put)(struct json *json, const void *ctx);
    const void *ctx;
};

struct report {
    const char *command;
    const struct session *session;
    const char *result;    /* how it ended; NULL: "ok", or "error" where there is one */
    const rf_error *error; /* NULL: all went well */
    const struct report_part *part;
};

/* null for 0.0, which is unknown. */
void report_put_server(struct json *json, const char *name, rf_server server);

/* Databases, types and encodings, each an array of objects, of which `put` puts the counts. */
typedef void report_put_tally(struct json *json, struct tally tally);
void report_put_tables(struct json *json, const struct tables *tables, report_put_tally *put,
                       report_put_tally *put_of_encoding);

/* The reasons of a kind of notice, as an array "reasons". */
void report_put_reasons(struct json *json, const struct notice_record *record);

/* What each rule did, as an object "rewritten". NULL: there are no rules, and no object. */
void report_put_rules(struct json *json, const rf_rewrite *rewrite);

/* The fields of an error, in an object. */
void report_put_error(struct json *json, const char *name, const rf_error *error);

/* What was stacked on an input, as rf_source_layers() tells it, as an array "layers". */
void report_put_layers(struct json *json, const char *layers);

/* `path` "-" is stdout; NULL is none. False: the message has been printed. */
bool report_write(const struct report *report, const char *path);

#endif
