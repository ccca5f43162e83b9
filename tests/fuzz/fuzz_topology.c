/* SPDX-License-Identifier: MIT */
/* Topologies out of any text: what is read makes sense, and its ranges read as the same slots. */
#include "base/buffer.h"
#include "base/bytes.h"
#include "support/exact.h"
#include <rdbferry/topology.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct buffer *out, const char *text)
{
    if (!buffer_append(out, slice_of(text, strlen(text))))
        abort();
}

/* The ranges of each shard, and nothing else of it. */
static void print_nodes(const rf_topology *topology, struct buffer *out)
{
    for (size_t i = 0; i < rf_topology_shards(topology); i++) {
        const rf_shard *shard = rf_topology_shard(topology, i);
        char text[128];
        snprintf(text, sizeof text, "%040zx h:1 master - 0 0 0 connected", i);
        put(out, text);
        for (size_t r = 0; r < shard->range_count; r++) {
            snprintf(text, sizeof text, " %u-%u", shard->ranges[r].first, shard->ranges[r].last);
            put(out, text);
        }
        put(out, "\n");
    }
}

/* The ranges say the same as the slots. */
static void read_again(const rf_topology *topology)
{
    struct buffer text = {0};
    rf_topology *again;
    rf_error error;
    print_nodes(topology, &text);
    if (rf_topology_parse(buffer_slice(&text), "again", &again, &error) != RF_OK)
        abort();
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        if (rf_topology_of_slot(topology, slot) != rf_topology_of_slot(again, slot))
            abort();
    rf_topology_free(again);
    buffer_free(&text);
}

static void check_names(const rf_topology *topology)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    for (size_t i = 0; i < rf_topology_shards(topology); i++) {
        const char *name = rf_topology_shard(topology, i)->name;
        if (!*name || name[strspn(name, plain)])
            abort();
        for (size_t j = 0; j < i; j++)
            if (strcmp(name, rf_topology_shard(topology, j)->name) == 0)
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rf_topology *topology;
    rf_error error;
    rf_slice text = exact_copy(data, size);
    rf_code code = rf_topology_parse(text, "fuzz", &topology, &error);
    if (code == RF_OK) {
        check_names(topology);
        read_again(topology);
        rf_topology_free(topology);
    } else if ((code != RF_E_FORMAT && code != RF_E_ARGUMENT) || error.code != code || !error.message[0]) {
        abort();
    }
    exact_free(text);
    return 0;
}
