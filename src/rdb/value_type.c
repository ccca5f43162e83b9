/* SPDX-License-Identifier: MIT */
/* types.def as tables, one for each dialect, indexed by the type byte. */
#include "rdb/rdb_format.h"
#include "rdb/walk.h"

/* Hashes with a template are copied as a type that needs none. */
enum { PLAIN_HASH = 4, TEMPLATE_LISTPACK = 30, TEMPLATE_HASHTABLE = 32 };
#define COPIED(number, whose)                                                                              \
    ((whose) == RF_REDIS && ((number) == TEMPLATE_LISTPACK || (number) == TEMPLATE_HASHTABLE) ? PLAIN_HASH \
                                                                                              : (number))

#define ROW(number, since, name, logical, walk, whose) \
    [number] = {{name, RF_##logical, number, since, whose}, walk, COPIED(number, whose)},

#define TYPE(number, dialect, since, name, logical, walk) ROW_##dialect(number, since, name, logical, walk)

#define ROW_COMMON(number, since, name, logical, walk) ROW(number, since, name, logical, walk, RF_REDIS)
#define ROW_REDIS(...)                                 ROW_COMMON(__VA_ARGS__)
#define ROW_VALKEY(...)
#define ROW_DRAGONFLY(...)
static const struct rdb_type redis_types[RDB_TYPE_COUNT] = {
#include "rdb/types.def"
};

#undef ROW_REDIS
#undef ROW_VALKEY
#define ROW_REDIS(...)
#define ROW_VALKEY(number, since, name, logical, walk) ROW(number, since, name, logical, walk, RF_VALKEY)
static const struct rdb_type valkey_types[RDB_TYPE_COUNT] = {
#include "rdb/types.def"
};

#undef ROW_VALKEY
#undef ROW_DRAGONFLY
#define ROW_VALKEY(...)
#define ROW_DRAGONFLY(number, since, name, logical, walk) \
    ROW(number, since, name, logical, walk, RF_DRAGONFLY)
static const struct rdb_type dragonfly_types[RDB_TYPE_COUNT] = {
#include "rdb/types.def"
};

const struct rdb_type *rdb_types(rf_dialect dialect)
{
    static const struct rdb_type *const types[RF_DIALECTS] = {
        [RF_REDIS] = redis_types, [RF_VALKEY] = valkey_types, [RF_DRAGONFLY] = dragonfly_types};
    return types[dialect];
}

bool rf_server_reads(rf_server server, const rf_encoding *encoding)
{
    return rdb_known_to(server.dialect, rf_server_rdb_version(server), encoding->since, encoding->dialect);
}
