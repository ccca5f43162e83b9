/* SPDX-License-Identifier: MIT */
/* A cluster at random, as nodes.conf and nodes.json would tell of it: what is read is what it was. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/shards.h"
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { MOST = 40, REPLICAS = 2 };

struct machine {
    char ip[48], hostname[48], id[41];
    int port;
};

struct cluster {
    unsigned shards;
    struct machine primaries[MOST], replicas[MOST][REPLICAS];
    unsigned replica_count[MOST];
    uint8_t owner[RF_SLOTS];
};

/* --- making one -------------------------------------------------------------------------------------- */

static unsigned pick(uint64_t *random, unsigned n)
{
    return (unsigned)(next_random(random) % n);
}

/* Some are alike. */
static void make_ip(char *ip, size_t size, uint64_t *random)
{
    static const char *const nets[] = {"10.0.0.", "fe80::1:", "::ffff:10.0.0.", "192.168.100."};
    snprintf(ip, size, "%s%u", nets[pick(random, 4)], pick(random, 4));
}

/* Names that look like something else. */
static void make_hostname(char *hostname, size_t size, unsigned number, uint64_t *random)
{
    static const char *const others[] = {"", "", "slots", "nodes", "ip", "0", "16383"};
    unsigned i = pick(random, 12);
    if (i < sizeof others / sizeof *others)
        snprintf(hostname, size, "%s", others[i]);
    else
        snprintf(hostname, size, "node-%u.example.net", number);
}

static void make_machine(struct machine *machine, unsigned number, uint64_t *random)
{
    *machine = (struct machine){.port = pick(random, 8) > 0 ? 1 + (int)pick(random, 65535) : 7000};
    make_ip(machine->ip, sizeof machine->ip, random);
    make_hostname(machine->hostname, sizeof machine->hostname, number, random);
    for (int i = 0; i < 40; i++)
        machine->id[i] = "0123456789abcdef"[pick(random, 16)];
}

static void make_cluster(struct cluster *cluster, uint64_t *random)
{
    *cluster = (struct cluster){.shards = 1 + pick(random, MOST)};
    for (unsigned i = 0; i < cluster->shards; i++) {
        make_machine(&cluster->primaries[i], i, random);
        cluster->replica_count[i] = pick(random, REPLICAS + 1);
        for (unsigned r = 0; r < cluster->replica_count[i]; r++)
            make_machine(&cluster->replicas[i][r], 100 + i, random);
    }
    unsigned run = 1 + pick(random, 500), owner = 0;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++) {
        if (pick(random, run) == 0)
            owner = pick(random, cluster->shards);
        cluster->owner[slot] = (uint8_t)owner;
    }
}

static bool next_range(const struct cluster *cluster, unsigned from, unsigned *first, unsigned *last)
{
    if (from >= RF_SLOTS)
        return false;
    *first = *last = from;
    while (*last + 1 < RF_SLOTS && cluster->owner[*last + 1] == cluster->owner[from])
        ++*last;
    return true;
}

/* --- what has to come out ----------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void put(struct buffer *out, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cr_assert(length < (int)sizeof text && buffer_append(out, slice_of(text, (size_t)length)));
}

/* Names in the order of the shards; `taken` has those before. */
static void make_name(char *name, size_t size, const char *host, int port, char (*taken)[64], unsigned count)
{
    char plain[64];
    snprintf(plain, sizeof plain, "%s-%d", host, port);
    for (char *c = plain; *c; c++)
        if (*c == ':')
            *c = '_';
    snprintf(name, size, "%s", plain);
    for (unsigned n = 2, i = 0; i < count; i++)
        if (strcmp(taken[i], name) == 0) {
            snprintf(name, size, "%.40s-%u", plain, n++);
            i = UINT32_MAX; /* from the start */
        }
}

static void expect_shards(const struct cluster *cluster, struct buffer *out)
{
    static char names[MOST][64];
    bool told[MOST] = {false};
    for (unsigned slot = 0, count = 0; slot < RF_SLOTS; slot++) {
        unsigned owner = cluster->owner[slot], first, last;
        if (told[owner])
            continue;
        told[owner] = true;
        const struct machine *machine = &cluster->primaries[owner];
        make_name(names[count], sizeof names[count], machine->ip, machine->port, names, count);
        put(out, "%s %s %d %s", names[count++], machine->ip, machine->port, machine->id);
        for (unsigned at = 0; next_range(cluster, at, &first, &last); at = last + 1)
            if (cluster->owner[at] == owner)
                put(out, " %u-%u", first, last);
        put(out, "\n");
    }
}

/* --- what is said of it -------------------------------------------------------------------------------- */

static void put_slots(const struct cluster *cluster, int owner, struct buffer *out)
{
    unsigned first, last;
    for (unsigned at = 0; next_range(cluster, at, &first, &last); at = last + 1)
        if (cluster->owner[at] == owner) {
            put(out, " %u", first);
            if (first < last)
                put(out, "-%u", last);
        }
}

/* With or without the bus port, a hostname, more names and values. */
static void put_address(const struct machine *machine, uint64_t *random, struct buffer *out)
{
    put(out, "%s:%d", machine->ip, machine->port);
    if (pick(random, 3) > 0)
        put(out, "@%d", machine->port / 2);
    if (!*machine->hostname && pick(random, 2))
        return;
    put(out, ",%s", machine->hostname);
    if (pick(random, 2))
        put(out, ",shard-id=69bc080733d1355567173199cff4a6a039a2f024,tls-port=0,nodename=a:b-1");
}

static void put_line(const struct cluster *cluster, const struct machine *machine, int owner,
                     const char *primary, uint64_t *random, struct buffer *out)
{
    static const char *const troubles[] = {"", "", ",fail", ",fail?", ",nofailover"};
    static const char *const ends[] = {"\n", "\n", "\r\n", "\n\n"};
    put(out, "%s ", machine->id);
    put_address(machine, random, out);
    put(out, " %s%s%s %s 0 1795266959000 %d connected", owner == 0 ? "myself," : "",
        primary ? "slave" : "master", troubles[pick(random, 5)], primary ? primary : "-", owner);
    if (!primary)
        put_slots(cluster, owner, out);
    if (owner == 0 && pick(random, 2))
        put(out, " [%u->-%s] [%u-<-%s]", pick(random, RF_SLOTS), machine->id, pick(random, RF_SLOTS),
            machine->id);
    put(out, "%s", ends[pick(random, 4)]);
}

static void print_nodes(const struct cluster *cluster, uint64_t *random, struct buffer *out)
{
    for (unsigned i = 0; i < cluster->shards; i++) {
        for (unsigned r = 0; r < cluster->replica_count[i]; r++)
            put_line(cluster, &cluster->replicas[i][r], (int)i, cluster->primaries[i].id, random, out);
        put_line(cluster, &cluster->primaries[i], (int)i, NULL, random, out);
    }
    put(out, "%s", pick(random, 2) ? "vars currentEpoch 6 lastVoteEpoch 0\n" : "");
}

/* Members in any order, and some that do not matter. */
static void put_object(const struct cluster *cluster, const struct machine *machine, int owner,
                       const char *primary, uint64_t *random, struct buffer *out)
{
    unsigned first, last, order = pick(random, 6);
    const char *separator = "";
    put(out, "  {\n");
    for (unsigned i = 0; i < 6; i++)
        switch ((i + order) % 6) {
        case 0: put(out, "    \"name\": \"%s\"%s\n", machine->id, i < 5 ? "," : ""); break;
        case 1: put(out, "    \"host\": \"%s\"%s\n", machine->ip, i < 5 ? "," : ""); break;
        case 2: put(out, "\"port\":%d%s", machine->port, i < 5 ? "," : ""); break;
        case 3: put(out, "\"replicate\": %s%s\n", primary ? "\"slots\"" : "null", i < 5 ? "," : ""); break;
        case 4: put(out, "\"migrating\": {\"%u\": \"%s\"}%s", order, machine->id, i < 5 ? "," : ""); break;
        case 5:
            put(out, "    \"slots\": [");
            for (unsigned at = 0; !primary && next_range(cluster, at, &first, &last); at = last + 1) {
                if (cluster->owner[at] != owner)
                    continue;
                put(out, first < last ? "%s[%u,%u]" : "%s[%u]", separator, first, last);
                separator = ",";
            }
            put(out, "]%s\n", i < 5 ? "," : "");
        }
    put(out, "  }");
}

static void print_backup(const struct cluster *cluster, uint64_t *random, struct buffer *out)
{
    for (unsigned i = 0; i < cluster->shards; i++) {
        put(out, i > 0 ? ",\n" : "[\n");
        put_object(cluster, &cluster->primaries[i], (int)i, NULL, random, out);
        for (unsigned r = 0; r < cluster->replica_count[i]; r++) {
            put(out, ",\n");
            put_object(cluster, &cluster->replicas[i][r], (int)i, cluster->primaries[i].id, random, out);
        }
    }
    put(out, "\n]\n");
}

/* --- together ---------------------------------------------------------------------------------------- */

static void expect_read(const struct buffer *text, const struct buffer *expected)
{
    struct buffer read = {0};
    rf_topology *topology;
    rf_error error;
    rf_slice exact = exact_copy(text->data, text->len);
    rf_code code = rf_topology_parse(exact, "text", &topology, &error);
    cr_assert_eq(code, RF_OK, "%s\n%.*s", error.message, (int)text->len, (const char *)text->data);
    exact_free(exact);
    const char *fault = shards_fault(topology);
    cr_expect_null(fault, "%s", fault);
    shards_print(topology, &read);
    cr_assert(slice_equal(buffer_slice(&read), buffer_slice(expected)), "expected:\n%.*sread:\n%.*sof:\n%.*s",
              (int)expected->len, (const char *)expected->data, (int)read.len, (const char *)read.data,
              (int)text->len, (const char *)text->data);
    rf_topology_free(topology);
    buffer_free(&read);
}

static void round_trip(uint64_t *random)
{
    static struct cluster cluster;
    struct buffer expected = {0}, nodes = {0}, backup = {0};
    make_cluster(&cluster, random);
    expect_shards(&cluster, &expected);
    print_nodes(&cluster, random, &nodes);
    expect_read(&nodes, &expected);
    print_backup(&cluster, random, &backup);
    expect_read(&backup, &expected);
    buffer_free(&expected);
    buffer_free(&nodes);
    buffer_free(&backup);
}

Test(topology, of_random_clusters)
{
    uint64_t random = (uint64_t)time(NULL) * 2654435761u | 1;
    printf("seed %llu\n", (unsigned long long)random);
    for (int i = 0; i < 60; i++)
        round_trip(&random);
}
