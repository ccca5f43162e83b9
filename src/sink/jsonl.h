/* SPDX-License-Identifier: MIT */
/* The internals of the JSON lines sink: the writers of values. */
#ifndef SINK_JSONL_H
#define SINK_JSONL_H

#include "base/json_text.h"
#include <rdbferry/entry.h>
#include <rdbferry/value.h>

/* The list of a stream that is being written; STREAM: none. */
enum stream_level { STREAM, ENTRIES, GROUPS, CONSUMERS, PENDING, UNOWNED, RECORDS };

struct jsonl {
    struct outbuf *out;
    bool base64;         /* strings that are not valid UTF-8 as their base64 */
    char before;         /* the bracket of the current list before its first element, then a comma */
    const rf_entry *due; /* a collection of which nothing has been written before its first element; NULL:
                            none */
    bool elements_expire;
    enum stream_level level;
};

/* In sink_jsonl.c: the members before a key's value. */
void jsonl_put_head(struct jsonl *j, const rf_entry *entry);

/* `: value`, and the members of the key after it; for a collection also its head, and nothing if it is empty:
 * then j->due is still the entry. */
rf_code jsonl_put_value(struct jsonl *j, rf_entry *entry, rf_error *error);
rf_code jsonl_put_stream(struct jsonl *j, rf_entry *entry, rf_error *error);

/* "1-2" */
void jsonl_put_id(struct outbuf *out, char before, rf_stream_id id);

static inline void jsonl_put_text(struct jsonl *j, char before, rf_slice text)
{
    json_put_text(j->out, before, text, j->base64);
}

/* Begins a list; its bracket is written with the first element, or at the end. */
static inline void jsonl_open(struct jsonl *j, char before, char bracket)
{
    json_put_char(j->out, before);
    j->before = bracket;
}

static inline bool jsonl_is_collection(rf_type type)
{
    return type == RF_LIST || type == RF_SET || type == RF_ZSET || type == RF_HASH || type == RF_PATH_HASH;
}

/* Writes the head of the current collection before its first element. */
static inline void jsonl_begin_due(struct jsonl *j)
{
    jsonl_put_head(j, j->due);
    j->due = NULL;
    json_put_char(j->out, ':');
}

/* The bracket or the comma before an element. */
static inline char jsonl_next(struct jsonl *j)
{
    if (UNLIKELY(j->due != NULL))
        jsonl_begin_due(j);
    char before = j->before;
    j->before = ',';
    return before;
}

static inline void jsonl_close(struct jsonl *j, char bracket)
{
    if (j->before != ',')
        json_put_char(j->out, j->before);
    json_put_char(j->out, bracket);
    j->before = ',';
}

/* A list of strings. */
static inline void jsonl_put_texts(struct jsonl *j, char before, const rf_slice *texts, size_t count)
{
    jsonl_open(j, before, '[');
    for (size_t i = 0; i < count; i++)
        jsonl_put_text(j, jsonl_next(j), texts[i]);
    jsonl_close(j, ']');
}

#endif
