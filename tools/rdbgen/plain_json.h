/* SPDX-License-Identifier: MIT */
/* What a `types` file holds, as JSON, for tests to hold against what a reader or a server says of it.
 *
 *   {"server": "rdbgen ...", "keys": n, "left_out": [], "functions": [code, ...], "data": [key, ...]}
 *
 * Keys come in the order of the file: {"db", "key", "type", "value"} and, where there is one, "expire_ms",
 * "idle", "freq", "field_expire_ms". Strings are in base64. Values:
 *
 *   string  text            list, set  [text, ...]         zset  {member: score as "%.17g" prints it}
 *   path-hash  [[path, field, text], ...]
 *   hash    {field: text}   array      [[index, text], ...], beside it "len", "count", "insert_index"
 *   stream  [[id, [field, text, ...]], ...], beside it "info", what XINFO STREAM FULL says but for the radix
 *           tree, the entries and the lag, names as they are; and "idmp", [[producer, iid, entry id], ...]
 *   a module's value is not told; its type is the module's */
#ifndef RDBGEN_PLAIN_JSON_H
#define RDBGEN_PLAIN_JSON_H

#include "content.h"

struct plain_json {
    struct buffer functions, data; /* the elements of the two lists, each after a comma */
    size_t keys;
};

/* What comes before the type byte. */
struct key_facts {
    rf_slice name;
    unsigned db;
    int64_t expire_ms;  /* -1: none */
    int64_t idle, freq; /* -1: none */
    bool no_evict;
};

void json_function(struct plain_json *json, rf_slice code);
void json_key(struct plain_json *json, const struct key_facts *key, const char *type,
              const struct content *content);

/* Writes the file and empties the rest. */
void json_write(struct plain_json *json, const struct options *options);

#endif
