/* SPDX-License-Identifier: MIT */
/* The nodes.json that `redis-cli --cluster backup` writes: a list of nodes. Those that have slots go into the
 * builder.
 *
 *   [{
 *       "name": "e02a...",                 the id
 *       "host": "127.0.0.1",
 *       "port": 7000,
 *       "slots": [[0,5460],[7]],           the first and the last slot of a range, or a single slot
 *       "replicate": null, "slots_count": 5462, "flags": "master", "migrating": {"5": "07c3..."}, ...
 *   }, ...]
 *
 * The order of the members does not matter, and the others are skipped. Strings are taken as they stand:
 * escapes in them are not decoded.
 *
 * (Valkey src/valkey-cli.c: clusterManagerNodeGetJSON, clusterManagerNodeSlotsString) */
#include "base/bytes.h"
#include "base/fail.h"
#include "cluster/topology_text.h"
#include <ctype.h>

enum { DEPTH_MAX = 16 }; /* of lists and objects in each other */

/* --- JSON -------------------------------------------------------------------------------------------- */

/* The next byte that is not blank; -1 at the end. */
static int next_byte(struct topology_text *text)
{
    topology_skip_blanks(text);
    return text->rest.len > 0 ? *text->rest.ptr : -1;
}

static rf_code unexpected(struct topology_text *text, const char *expected, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    if (next_byte(text) < 0)
        return topology_fault(text, error, "unexpected end, expected %s", expected);
    return topology_fault(text, error, "expected %s, found '%s'", expected,
                          topology_quote(text->rest, quoted));
}

static rf_code take(struct topology_text *text, char byte, rf_error *error)
{
    if (next_byte(text) != byte)
        return unexpected(text, (const char[]){'\'', byte, '\'', '\0'}, error);
    topology_skip(text, 1);
    return RF_OK;
}

static rf_code take_string(struct topology_text *text, rf_slice *string, rf_error *error)
{
    size_t n = 1;
    if (next_byte(text) != '"')
        return unexpected(text, "a string", error);
    for (; n < text->rest.len && !memchr("\"\n", text->rest.ptr[n], 2); n++)
        n += text->rest.ptr[n] == '\\';
    if (n >= text->rest.len || text->rest.ptr[n] != '"')
        return topology_fault(text, error, "unterminated string");
    *string = slice_of(text->rest.ptr + 1, n - 1);
    topology_skip(text, n + 1);
    return RF_OK;
}

/* A number, true, false or null. */
static rf_code next_word(struct topology_text *text, rf_slice *word, rf_error *error)
{
    size_t n = 0;
    topology_skip_blanks(text);
    while (n < text->rest.len && (isalnum(text->rest.ptr[n]) || memchr("+-.", text->rest.ptr[n], 3)))
        n++;
    if (n == 0)
        return unexpected(text, "a value", error);
    *word = slice_of(text->rest.ptr, n);
    topology_skip(text, n);
    return RF_OK;
}

/* Takes what stands before the next item of a list or an object; RF_END when its end is taken instead. */
static rf_code next_item(struct topology_text *text, bool first, char end, rf_error *error)
{
    if (next_byte(text) != end)
        return first ? RF_OK : take(text, ',', error);
    topology_skip(text, 1);
    return RF_END;
}

static rf_code take_name(struct topology_text *text, rf_slice *name, rf_error *error)
{
    TRY(take_string(text, name, error));
    return take(text, ':', error);
}

static rf_code skip_value(struct topology_text *text, unsigned depth, rf_error *error)
{
    rf_slice ignored;
    int byte = next_byte(text);
    rf_code code;
    if (byte != '{' && byte != '[')
        return byte == '"' ? take_string(text, &ignored, error) : next_word(text, &ignored, error);
    if (depth == DEPTH_MAX)
        return topology_fault(text, error, "nested too deeply");
    topology_skip(text, 1);
    for (bool first = true; (code = next_item(text, first, byte == '{' ? '}' : ']', error)) == RF_OK;
         first = false) {
        if (byte == '{')
            TRY(take_name(text, &ignored, error));
        TRY(skip_value(text, depth + 1, error));
    }
    return code == RF_END ? RF_OK : code;
}

/* --- nodes ------------------------------------------------------------------------------------------- */

enum { NAME, HOST, PORT, SLOTS, MEMBERS };

static const char *const members[MEMBERS] = {"name", "host", "port", "slots"};

/* Takes a node, and notes in `at` where its members have their values. */
static rf_code find_members(struct topology_text *text, struct topology_text at[MEMBERS], rf_error *error)
{
    struct topology_text begin = *text;
    rf_slice name;
    rf_code code;
    TRY(take(text, '{', error));
    for (bool first = true; (code = next_item(text, first, '}', error)) == RF_OK; first = false) {
        TRY(take_name(text, &name, error));
        for (int i = 0; i < MEMBERS; i++) {
            if (!slice_equal(name, slice_of(members[i], strlen(members[i]))))
                continue;
            if (at[i].name)
                return topology_fault(text, error, "a node with \"%s\" twice", members[i]);
            at[i] = *text;
        }
        TRY(skip_value(text, 0, error));
    }
    if (code == RF_END && !at[NAME].name) /* CLUSTER SHARDS has objects, too */
        return topology_unknown(&begin, error);
    for (int i = 0; i < MEMBERS && code == RF_END; i++)
        if (!at[i].name)
            return topology_fault(text, error, "a node without \"%s\"", members[i]);
    return code == RF_END ? RF_OK : code;
}

static rf_code read_range(struct topology_text *text, rf_slot_range *range, rf_error *error)
{
    rf_slice first, last;
    TRY(take(text, '[', error));
    TRY(next_word(text, &first, error));
    last = first;
    if (next_byte(text) == ',') {
        topology_skip(text, 1);
        TRY(next_word(text, &last, error));
    }
    TRY(take(text, ']', error));
    return topology_read_range(text, first, last, range, error);
}

static rf_code read_slots(struct topology_text *text, const struct topology_node *node,
                          struct topology_builder *builder, rf_error *error)
{
    rf_code code;
    TRY(take(text, '[', error));
    for (bool first = true; (code = next_item(text, first, ']', error)) == RF_OK; first = false) {
        rf_slot_range range;
        size_t shard;
        TRY(read_range(text, &range, error));
        TRY(topology_builder_shard_of(builder, node, &shard, error));
        topology_builder_give(builder, shard, range.first, range.last);
    }
    return code == RF_END ? RF_OK : code;
}

static rf_code read_node(struct topology_text *text, struct topology_builder *builder, rf_error *error)
{
    struct topology_text at[MEMBERS] = {{0}};
    struct topology_node node = {0};
    rf_slice host, port;
    TRY(find_members(text, at, error));
    TRY(take_string(&at[NAME], &node.id, error));
    if (!topology_is_id(node.id))
        return topology_fault(&at[NAME], error, "a node without an id");
    TRY(take_string(&at[HOST], &host, error));
    TRY(topology_read_host(&at[HOST], host, &node.host, error));
    TRY(next_word(&at[PORT], &port, error));
    TRY(topology_read_port(&at[PORT], port, &node.port, error));
    return read_slots(&at[SLOTS], &node, builder, error);
}

rf_code topology_read_backup(struct topology_text *text, struct topology_builder *builder, rf_error *error)
{
    struct topology_text begin = *text;
    rf_code code;
    TRY(take(text, '[', error));
    if (next_byte(text) == '[') /* CLUSTER SLOTS has lists */
        return topology_unknown(&begin, error);
    for (bool first = true; (code = next_item(text, first, ']', error)) == RF_OK; first = false)
        TRY(read_node(text, builder, error));
    if (code == RF_END && next_byte(text) >= 0)
        return unexpected(text, "nothing more", error);
    return code == RF_END ? RF_OK : code;
}
