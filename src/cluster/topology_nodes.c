/* SPDX-License-Identifier: MIT */
/* A nodes.conf, or the reply to CLUSTER NODES: a line for each node. Adds primaries that have slots to the
 * builder.
 *
 *   id address flags primary pinged ponged epoch link [slots ...]      words separated by blanks
 *   vars currentEpoch 6 lastVoteEpoch 0                                in the file only
 *
 *   id        40 hexadecimal digits
 *   address   host:port[@bus port][,[hostname][,name=value ...]]
 *             an IPv6 host contains colons; an unknown one is empty, or the port is 0
 *   flags     myself,master,slave,fail?,fail,handshake,noaddr,nofailover,noflags
 *   slots     7   0-5460              owned
 *             [7->-id]   [7-<-id]     migrating or importing: the owner also lists the slot
 *
 * (Valkey src/cluster_legacy.c: clusterGenNodeDescription, clusterLoadConfig) */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include "cluster/slot_range.h"
#include "cluster/topology_text.h"

/* Removes the next word from a line; false if there are no more. */
static bool next_word(rf_slice *line, rf_slice *word)
{
    size_t begin = 0, end;
    while (begin < line->len && line->ptr[begin] == ' ')
        begin++;
    for (end = begin; end < line->len && line->ptr[end] != ' ';)
        end++;
    *word = slice_of(line->ptr + begin, end - begin);
    *line = slice_of(line->ptr + end, line->len - end);
    return word->len > 0;
}

bool topology_is_nodes(rf_slice text)
{
    rf_slice line = text, word;
    const uint8_t *end = memchr(text.ptr, '\n', text.len);
    if (end)
        line.len = (size_t)(end - text.ptr);
    return next_word(&line, &word) && (topology_is_id(word) || slice_equal(word, SLICE("vars")));
}

/* --- one node ---------------------------------------------------------------------------------------- */

static rf_code read_address(const struct topology_text *text, rf_slice address, struct topology_node *node,
                            rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    rf_slice rest = address, ip, port, bus, hostname = {0};
    int bus_port;
    list_next(&rest, ',', &ip);
    list_next(&rest, ',', &hostname);
    rest = ip;
    list_next(&rest, '@', &ip);
    bus = rest;
    const uint8_t *colon = memrchr(ip.ptr, ':', ip.len);
    if (!colon)
        return topology_fault(text, error, "'%s' is not an address", topology_quote(address, quoted));
    port = slice_of(colon + 1, (size_t)(ip.ptr + ip.len - colon - 1));
    ip.len = (size_t)(colon - ip.ptr);
    TRY(topology_read_port(text, port, &node->port, error));
    if (bus.ptr)
        TRY(topology_read_port(text, bus, &bus_port, error));
    TRY(topology_read_host(text, hostname, &node->host, error));
    return topology_read_host(text, ip, &node->host, error);
}

static bool is_primary(rf_slice flags)
{
    for (rf_slice flag; list_next(&flags, ',', &flag);)
        if (slice_equal(flag, SLICE("master")) || slice_equal(flag, SLICE("primary")))
            return true;
    return false;
}

static rf_code read_slots(const struct topology_text *text, rf_slice line, const struct topology_node *node,
                          struct topology_builder *builder, rf_error *error)
{
    for (rf_slice word; next_word(&line, &word);) {
        char quoted[TOPOLOGY_QUOTED];
        unsigned first, last;
        size_t shard;
        if (word.ptr[0] == '[' && word.ptr[word.len - 1] == ']')
            continue;
        if (!slot_range_parse(word, &first, &last))
            return topology_fault(text, error, "'%s' is not a slot or a slot range",
                                  topology_quote(word, quoted));
        TRY(topology_builder_shard_of(builder, node, &shard, error));
        topology_builder_give(builder, shard, first, last);
    }
    return RF_OK;
}

static rf_code read_node(const struct topology_text *text, rf_slice line, struct topology_builder *builder,
                         rf_error *error)
{
    enum { ID, ADDRESS, FLAGS, WORDS = 8 };
    rf_slice words[WORDS];
    struct topology_node node = {0};
    for (int i = 0; i < WORDS; i++)
        if (!next_word(&line, &words[i]))
            return topology_fault(text, error, "a node's line must have at least %d words, not %d", WORDS, i);
    if (!topology_is_id(words[ID]))
        return topology_fault(text, error, "a node's line must begin with its ID of %d hexadecimal digits",
                              TOPOLOGY_ID);
    node.id = words[ID];
    TRY(read_address(text, words[ADDRESS], &node, error));
    return is_primary(words[FLAGS]) ? read_slots(text, line, &node, builder, error) : RF_OK;
}

rf_code topology_read_nodes(struct topology_text *text, struct topology_builder *builder, rf_error *error)
{
    struct topology_text at = *text;
    for (rf_slice line; topology_line(text, &line); at = *text) {
        rf_slice rest = line, first;
        if (next_word(&rest, &first) && !slice_equal(first, SLICE("vars")))
            TRY(read_node(&at, line, builder, error));
    }
    return RF_OK;
}
