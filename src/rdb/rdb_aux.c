/* SPDX-License-Identifier: MIT */
/* What the AUX fields of a file tell of its writer. */
#include "rdb/rdb_aux.h"
#include "base/bytes.h"
#include "base/number.h"
#include "rdb/product.h"

/* Used if it is consistent with the RDB version: development builds have the version 255.255.255, release
 * candidates that of the release before. */
static void learn_writer(struct rdb_reader *r, rf_dialect dialect, rf_slice version)
{
    char text[32];
    rf_server writer;
    if (version.len >= sizeof text)
        return;
    memcpy(text, version.ptr, version.len);
    text[version.len] = '\0';
    if (!rf_server_parse(text, &writer))
        return;
    writer.dialect = dialect;
    bool fits = dialect == RF_DRAGONFLY ? writer.major > 0
                                        : rf_server_rdb_version(writer) == r->info->rdb_version;
    r->info->writer = fits ? writer : rf_server_of_rdb(dialect, r->info->rdb_version);
}

/* "v1.36.0", "1.2", "dev-1234": from here on types and opcodes are those of Dragonfly, unless there were
 * keys. It writes no checksums. */
static void learn_dragonfly(struct rdb_reader *r, rf_slice version)
{
    rf_server *writer = &r->info->writer;
    if (r->info->dialect != RF_REDIS || r->value.key.ptr)
        return;
    rdb_reader_enter_dialect(r, RF_DRAGONFLY);
    r->value.unguarded = !r->has_other_checksum;
    while (version.len > 0 && (*version.ptr < '0' || *version.ptr > '9'))
        version = (rf_slice){version.ptr + 1, version.len - 1};
    learn_writer(r, RF_DRAGONFLY, version);
    if (writer->dialect != RF_DRAGONFLY || writer->major == 0)
        *writer = (rf_server){RF_DRAGONFLY, 1, 0};
}

/* Ignored unless the seconds can be represented in milliseconds. */
static void learn_save_time(struct rdb_reader *r, rf_slice text)
{
    int64_t seconds;
    if (number_parse_i64(text, &seconds) && seconds >= 0 && seconds <= INT64_MAX / 1000)
        r->info->saved_at = seconds;
}

void rdb_aux_learn_product(struct rdb_reader *r, const char *product)
{
    if (product && !r->info->product)
        r->info->product = product;
}

void rdb_aux_learn(struct rdb_reader *r, const rf_entry *entry)
{
    rdb_aux_learn_product(r, product_of_aux(entry->name));
    if (slice_equal(entry->name, SLICE("redis-ver")))
        learn_writer(r, RF_REDIS, entry->text);
    else if (slice_equal(entry->name, SLICE("valkey-ver")))
        learn_writer(r, RF_VALKEY, entry->text);
    else if (slice_equal(entry->name, SLICE("df-ver")))
        learn_dragonfly(r, entry->text);
    else if (slice_equal(entry->name, SLICE("ctime")))
        learn_save_time(r, entry->text);
    else if (slice_equal(entry->name, SLICE("aof-preamble")))
        r->is_preamble = slice_equal(entry->text, SLICE("1"));
    else if (slice_equal(entry->name, SLICE("lua")))
        rdb_reader_notice(r, RF_NOTICE_SCRIPT_DROPPED, "cached Lua script");
}
