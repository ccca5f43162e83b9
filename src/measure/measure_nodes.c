/* SPDX-License-Identifier: MIT */
/* Lists and streams consist of listpacks. Those of a dump are distinguished by the window's position, which
 * is after the one whose elements are being reported; a list that is stored in one piece, or item by item, is
 * divided here as a server does that receives the items one by one. (Valkey src/quicklist.c:
 * _quicklistNodeAllowInsert, src/t_stream.c: streamAppendItem) */
#include "measure/measure_nodes.h"
#include "measure/memory_model.h"

enum {
    QUICKLIST_ZIPLIST = 14, /* type bytes of values that are stored in nodes */
    STREAM_1 = 15,
    QUICKLIST = 18,
    STREAM_2 = 19,
    STREAM_3 = 21,
    STREAM_4 = 26,
    STREAM_5,
    LIST_NODE_BYTES = 8192, /* list-max-listpack-size -2 */
    LIST_ITEM_EXTRA = 8,    /* overhead assumed for an item before it is inserted */
    LIST_NODE_STRUCT = 40,
    NODE_ID = 17, /* before each node of a stream */
};

void nodes_begin(struct shape *s)
{
    static const bool known_bounds[RDB_TYPE_COUNT] = {
        [QUICKLIST_ZIPLIST] = true, [QUICKLIST] = true, [STREAM_1] = true, [STREAM_2] = true,
        [STREAM_3] = true,          [STREAM_4] = true,  [STREAM_5] = true,
    };
    s->nodes.known_bounds = known_bounds[s->value->type->encoding.number];
    s->nodes.at = s->value->offset;
}

static void end_node(struct nodes *nodes)
{
    if (nodes->entries == 0)
        return;
    nodes->memory += memory_allocated(nodes->bytes > nodes->stored ? nodes->bytes : nodes->stored);
    nodes->entries = 0;
}

void nodes_end(struct shape *s)
{
    end_node(&s->nodes);
}

/* The size of the next node in the dump; 0 if it is still the same one. */
static uint64_t next_node(struct shape *s)
{
    uint64_t at = window_offset(s->value->stream), stored = at - s->nodes.at;
    s->nodes.at = at;
    return stored;
}

void nodes_add_item(struct shape *s, rf_slice item)
{
    struct nodes *nodes = &s->nodes;
    if (nodes->known_bounds ? next_node(s) > 0 : nodes->bytes + item.len + LIST_ITEM_EXTRA > LIST_NODE_BYTES)
        end_node(nodes);
    if (nodes->entries++ == 0) {
        nodes->bytes = LISTPACK_FRAME;
        nodes->memory += LIST_NODE_STRUCT;
    }
    nodes->bytes += packed_string_size(item);
}

/* --- streams ----------------------------------------------------------------------------------------- */

static uint64_t bytes_of_names(const rf_slice *fields_values, size_t pairs)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < pairs; i++)
        bytes += fields_values[2 * i].len;
    return bytes;
}

/* The node's first entry lists field names, which entries with the same fields do not repeat. Deleted entries
 * are not reported, but take space: so the node has at least its size in the dump. */
static void begin_stream_node(struct shape *s, uint64_t stored, rf_stream_id id,
                              const rf_slice *fields_values, size_t pairs)
{
    enum { COUNTS = 3 + 2 + 2 + 2 }; /* live, deleted, number of fields; and the terminator */
    struct nodes *nodes = &s->nodes;
    end_node(nodes);
    uint64_t before = NODE_ID + (stored <= NODE_ID + 64 ? 1 : stored <= NODE_ID + 16384 + 1 ? 2 : 5);
    nodes->stored = stored > before ? stored - before : 0;
    nodes->bytes = LISTPACK_FRAME + COUNTS;
    for (size_t i = 0; i < pairs; i++)
        nodes->bytes += packed_string_size(fields_values[2 * i]);
    s->master_id = id;
    s->master_pairs = pairs;
    s->master_names = bytes_of_names(fields_values, pairs);
    id_tree_add(&s->tree, id);
}

void nodes_add_entry(struct shape *s, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    enum { FLAGS_AND_COUNT = 2 + 2 };
    struct nodes *nodes = &s->nodes;
    uint64_t stored = next_node(s);
    if (stored > 0)
        begin_stream_node(s, stored, id, fields_values, pairs);
    bool same = pairs == s->master_pairs && bytes_of_names(fields_values, pairs) == s->master_names;
    nodes->entries++;
    nodes->bytes += FLAGS_AND_COUNT + packed_integer_size((int64_t)(id.ms - s->master_id.ms)) +
                    packed_integer_size((int64_t)(id.seq - s->master_id.seq)) +
                    (same ? 0 : packed_integer_size((int64_t)pairs));
    for (size_t i = same; i < 2 * pairs; i += 1 + same)
        nodes->bytes += packed_string_size(fields_values[i]);
}

/* --- the radix tree of ids ---------------------------------------------------------------------------- */

enum { ID_BYTES = 16 };

/* The number of equal leading bytes of the two, big-endian. */
static unsigned common_bytes(rf_stream_id a, rf_stream_id b)
{
    if (a.ms != b.ms)
        return (unsigned)__builtin_clzll(a.ms ^ b.ms) / 8;
    return a.seq == b.seq ? ID_BYTES : 8 + (unsigned)__builtin_clzll(a.seq ^ b.seq) / 8;
}

/* A leaf, and before it a chain of the bytes that only it has. */
static unsigned nodes_of_rest(unsigned from)
{
    return 1 + (from < ID_BYTES);
}

void id_tree_add(struct id_tree *tree, rf_stream_id id)
{
    unsigned depth = common_bytes(tree->last, id);
    if (tree->ids++ == 0) {
        tree->nodes = nodes_of_rest(0);
    } else if (depth < ID_BYTES) {
        uint32_t above = tree->branches & ((1u << depth) - 1), below = tree->branches & ~above;
        bool is_branch = below & 1u << depth;
        if (!is_branch) { /* it splits a chain, which may leave a part on either side */
            unsigned from = above ? 32 - (unsigned)__builtin_clz(above) : 0;
            unsigned to = below ? (unsigned)__builtin_ctz(below) : ID_BYTES;
            tree->nodes += (depth > from) + (to > depth + 1);
        }
        tree->nodes += nodes_of_rest(depth + 1);
        tree->branches = above | 1u << depth;
    }
    tree->last = id;
}
