/* SPDX-License-Identifier: MIT */
/* The replies to CLUSTER SLOTS and CLUSTER SHARDS, and the nodes.json of `redis-cli --cluster backup`, as
 * rows of words: adds primaries and their slots to the builder.
 *
 *   SLOTS    first last node node ...   first last node ...           the primary first, then its replicas
 *   node     endpoint port id [name value ...]                        in 3.0 only endpoint and port
 *
 *   SHARDS   slots first last first last ...   nodes node node ...    slots ... nodes ...
 *   node     id ...  port ...  tls-port ...  ip ...  endpoint ...  hostname ...  role ...  health ...
 *
 *   backup   name id  host ...  port ...  replicate ...  slots first last first last ...  ...
 *            migrating slot id slot id ...  importing ...
 *
 * The end of a node is only indicated by what follows: in SLOTS a number is a node's port if an ID follows
 * it, and two numbers are a range if none does; in SHARDS a new node, or shard, begins with a word that the
 * last one already had, so that the order does not matter. After a failover a shard may have two masters, one
 * of which has failed.
 *
 * An endpoint that is nil, empty or "?" is unknown; the ip is used instead, or the hostname.
 *
 * (Valkey src/cluster.c: addNodeToNodeReply; src/cluster_legacy.c: clusterCommandShards) */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "cluster/topology_words.h"

/* --- words ahead ------------------------------------------------------------------------------------- */

static bool is_number(const rf_slice *word)
{
    uint64_t number;
    return word && number_parse_u64(*word, &number);
}

static bool is_id(const rf_slice *word)
{
    return word && topology_is_id(*word);
}

static bool at_word(const struct words *words, const char *text)
{
    const rf_slice *word = words_ahead(words, 0);
    return word && slice_equal(*word, slice_of(text, strlen(text)));
}

static bool at_end(const struct words *words)
{
    return !words_ahead(words, 0);
}

static rf_code take_range(struct words *words, rf_slot_range *range, rf_error *error)
{
    rf_slice first, last;
    TRY(words_take(words, &first, error));
    TRY(words_take(words, &last, error));
    return topology_read_range(&words->at, first, last, range, error);
}

/* The first host that is known. */
static rf_code choose_host(const struct words *words, const rf_slice *hosts, size_t count, rf_slice *host,
                           rf_error *error)
{
    *host = (rf_slice){0};
    for (size_t i = 0; i < count && host->len == 0; i++)
        TRY(topology_read_host(&words->at, hosts[i], host, error));
    return RF_OK;
}

/* --- CLUSTER SLOTS ----------------------------------------------------------------------------------- */

static bool at_range(const struct words *words)
{
    return is_number(words_ahead(words, 0)) && is_number(words_ahead(words, 1)) &&
           !is_id(words_ahead(words, 2));
}

static bool at_node(const struct words *words)
{
    return is_number(words_ahead(words, 1)) && is_id(words_ahead(words, 2));
}

/* The names and values after an ID; an empty list is one empty word, or nothing. */
static rf_code take_more(struct words *words, rf_slice *ip, rf_slice *hostname, rf_error *error)
{
    while (!at_end(words) && !at_range(words) && !at_node(words)) {
        rf_slice name, value;
        TRY(words_take(words, &name, error));
        if (name.len == 0)
            continue;
        TRY(words_take(words, &value, error));
        if (slice_equal(name, SLICE("ip")))
            *ip = value;
        else if (slice_equal(name, SLICE("hostname")))
            *hostname = value;
    }
    return RF_OK;
}

static rf_code take_node(struct words *words, struct topology_node *node, rf_error *error)
{
    enum { ENDPOINT, IP, HOSTNAME, HOSTS };
    rf_slice hosts[HOSTS] = {{0}}, port;
    *node = (struct topology_node){0};
    TRY(words_take(words, &hosts[ENDPOINT], error));
    TRY(words_take(words, &port, error));
    TRY(topology_read_port(&words->at, port, &node->port, error));
    if (is_id(words_ahead(words, 0))) {
        TRY(words_take(words, &node->id, error));
        TRY(take_more(words, &hosts[IP], &hosts[HOSTNAME], error));
    }
    return choose_host(words, hosts, HOSTS, &node->host, error);
}

static rf_code read_slots(struct words *words, struct topology_builder *builder, rf_error *error)
{
    bool have_ids = false;
    for (bool first = true; !at_end(words); first = false) {
        struct topology_node primary, node;
        rf_slot_range range;
        size_t shard;
        TRY(take_range(words, &range, error));
        TRY(take_node(words, &primary, error));
        have_ids = first ? primary.id.len > 0 : have_ids;
        if ((primary.id.len > 0) != have_ids)
            return topology_fault(&words->at, error, "some nodes have an ID and some do not");
        while (!at_end(words) && !at_range(words))
            TRY(take_node(words, &node, error));
        TRY(topology_builder_shard_of(builder, &primary, &shard, error));
        topology_builder_give(builder, shard, range.first, range.last);
    }
    return RF_OK;
}

/* --- CLUSTER SHARDS ---------------------------------------------------------------------------------- */

enum key { ID, PORT, TLS_PORT, ENDPOINT, IP, HOSTNAME, ROLE, HEALTH, KEYS };

static const char *const keys[KEYS] = {"id", "port",     "tls-port", "endpoint",
                                       "ip", "hostname", "role",     "health"};

struct node {
    rf_slice values[KEYS];
    bool has[KEYS];
};

struct shard {
    struct node node, primary;
    bool slots, nodes, has_primary;
    bool added; /* to the builder, as it has slots */
    size_t index;
};

/* "fail", as servers report, or "failed", as in their documentation. */
static bool has_failed(const struct node *node)
{
    rf_slice health = node->values[HEALTH];
    return slice_equal(health, SLICE("fail")) || slice_equal(health, SLICE("failed"));
}

static void end_node(struct shard *shard)
{
    const struct node *node = &shard->node;
    rf_slice role = node->values[ROLE];
    bool is_primary = slice_equal(role, SLICE("master")) || slice_equal(role, SLICE("primary"));
    if (is_primary && (!shard->has_primary || has_failed(&shard->primary))) {
        shard->primary = *node;
        shard->has_primary = true;
    }
    shard->node = (struct node){.has = {false}};
}

static rf_code end_shard(const struct words *words, struct shard *shard, struct topology_builder *builder,
                         rf_error *error)
{
    struct topology_node node = {0};
    const rf_slice *values = shard->primary.values;
    end_node(shard);
    if (shard->added && !shard->has_primary)
        return topology_fault(&words->at, error, "a shard has slots but no primary");
    if (shard->added) {
        rf_slice port = shard->primary.has[PORT] ? values[PORT] : values[TLS_PORT];
        if (!topology_is_id(values[ID]))
            return topology_fault(&words->at, error, "a primary without an ID");
        node.id = values[ID];
        TRY(topology_read_port(&words->at, port, &node.port, error));
        TRY(choose_host(words, values + ENDPOINT, HOSTNAME - ENDPOINT + 1, &node.host, error));
        TRY(topology_builder_describe(builder, shard->index, &node, error));
    }
    *shard = (struct shard){0};
    return RF_OK;
}

static rf_code take_ranges(struct words *words, struct shard *shard, struct topology_builder *builder,
                           rf_error *error)
{
    while (is_number(words_ahead(words, 0))) {
        rf_slot_range range;
        TRY(take_range(words, &range, error));
        if (!shard->added)
            TRY(topology_builder_add(builder, &shard->index, error));
        shard->added = true;
        topology_builder_give(builder, shard->index, range.first, range.last);
    }
    return RF_OK;
}

/* A name and its value; unknown names are skipped. */
static rf_code take_pair(struct words *words, struct shard *shard, rf_error *error)
{
    rf_slice name, value;
    TRY(words_take(words, &name, error));
    if (name.len == 0)
        return RF_OK;
    TRY(words_take(words, &value, error));
    for (int key = 0; key < KEYS; key++)
        if (slice_equal(name, slice_of(keys[key], strlen(keys[key])))) {
            if (shard->node.has[key])
                end_node(shard);
            shard->node.has[key] = true;
            shard->node.values[key] = value;
        }
    return RF_OK;
}

static rf_code read_shards(struct words *words, struct topology_builder *builder, rf_error *error)
{
    struct shard shard = {0};
    while (!at_end(words)) {
        rf_slice word;
        bool slots = at_word(words, "slots"), nodes = at_word(words, "nodes");
        if ((slots && shard.slots) || (nodes && shard.nodes))
            TRY(end_shard(words, &shard, builder, error));
        shard.slots |= slots;
        shard.nodes |= nodes;
        if (slots || nodes)
            TRY(words_take(words, &word, error));
        else
            TRY(take_pair(words, &shard, error));
        if (slots)
            TRY(take_ranges(words, &shard, builder, error));
    }
    return end_shard(words, &shard, builder, error);
}

/* --- nodes.json -------------------------------------------------------------------------------------- */

/* Skips the slots being moved, each with the other node's ID. */
static rf_code pass_moving(struct words *words, rf_error *error)
{
    rf_slice word;
    while (is_number(words_ahead(words, 0)) && is_id(words_ahead(words, 1))) {
        TRY(words_take(words, &word, error));
        TRY(words_take(words, &word, error));
    }
    return RF_OK;
}

static rf_code take_backup_slots(struct words *words, const struct topology_node *node,
                                 struct topology_builder *builder, rf_error *error)
{
    while (is_number(words_ahead(words, 0))) {
        rf_slot_range range;
        size_t shard;
        TRY(take_range(words, &range, error));
        TRY(topology_builder_shard_of(builder, node, &shard, error));
        topology_builder_give(builder, shard, range.first, range.last);
    }
    return RF_OK;
}

/* The members before the slots are known when the slots are reached. */
static rf_code take_backup_pair(struct words *words, struct topology_node *node,
                                struct topology_builder *builder, rf_error *error)
{
    rf_slice name, value;
    TRY(words_take(words, &name, error));
    if (slice_equal(name, SLICE("slots")))
        return take_backup_slots(words, node, builder, error);
    if (slice_equal(name, SLICE("migrating")) || slice_equal(name, SLICE("importing")))
        return pass_moving(words, error);
    if (name.len == 0)
        return RF_OK;
    TRY(words_take(words, &value, error));
    if (slice_equal(name, SLICE("host")))
        return topology_read_host(&words->at, value, &node->host, error);
    return slice_equal(name, SLICE("port")) ? topology_read_port(&words->at, value, &node->port, error)
                                            : RF_OK;
}

static rf_code read_backup(struct words *words, struct topology_builder *builder, rf_error *error)
{
    while (!at_end(words)) {
        struct topology_node node = {0};
        rf_slice name;
        TRY(words_take(words, &name, error));
        TRY(words_take(words, &node.id, error));
        if (!topology_is_id(node.id))
            return topology_fault(&words->at, error, "a node without an ID");
        while (!at_end(words) && !at_word(words, "name"))
            TRY(take_backup_pair(words, &node, builder, error));
    }
    return RF_OK;
}

/* --- either ------------------------------------------------------------------------------------------ */

rf_code topology_read_answer(struct topology_text *text, struct topology_builder *builder, rf_error *error)
{
    struct words words;
    char quoted[TOPOLOGY_QUOTED];
    rf_slice line, nothing;
    TRY(words_open(&words, text, error));
    while (at_word(&words, ""))
        TRY(words_take(&words, &nothing, error));
    if (at_end(&words) || at_range(&words))
        return read_slots(&words, builder, error);
    if (at_word(&words, "slots") || at_word(&words, "nodes"))
        return read_shards(&words, builder, error);
    if (at_word(&words, "name") && is_id(words_ahead(&words, 1)))
        return read_backup(&words, builder, error);
    topology_line(text, &line);
    return topology_fault(&words.at, error,
                          "not a nodes.conf, a nodes.json or a reply to CLUSTER NODES, SLOTS or SHARDS: %s",
                          topology_quote(line, quoted));
}
