/* SPDX-License-Identifier: MIT */
/* Server versions: the releases, and the RDB version that each writes. */
#include <rdbferry/version.h>
#include <stdio.h>
#include <string.h>

/* Oldest first within each dialect, one line per RDB version. */
/* clang-format off */
static const struct release {
    rf_server server;
    int rdb_version;
} releases[] = {
    {{RF_REDIS, 1, 0}, 1}, {{RF_REDIS, 1, 2}, 1}, {{RF_REDIS, 2, 0}, 1}, {{RF_REDIS, 2, 2}, 1},
    {{RF_REDIS, 2, 4}, 2},
    {{RF_REDIS, 2, 6}, 6}, {{RF_REDIS, 2, 8}, 6}, {{RF_REDIS, 3, 0}, 6},
    {{RF_REDIS, 3, 2}, 7},
    {{RF_REDIS, 4, 0}, 8},
    {{RF_REDIS, 5, 0}, 9}, {{RF_REDIS, 6, 0}, 9}, {{RF_REDIS, 6, 2}, 9},
    {{RF_REDIS, 7, 0}, 10},
    {{RF_REDIS, 7, 2}, 11},
    {{RF_REDIS, 7, 4}, 12}, {{RF_REDIS, 8, 0}, 12}, {{RF_REDIS, 8, 2}, 12}, {{RF_REDIS, 8, 4}, 12},
    {{RF_REDIS, 8, 6}, 13},
    {{RF_REDIS, 8, 8}, 14},
    {{RF_REDIS, 8, 10}, 15},
    {{RF_REDIS, 8, 12}, 17},
    {{RF_VALKEY, 7, 2}, 11}, {{RF_VALKEY, 8, 0}, 11}, {{RF_VALKEY, 8, 1}, 11},
    {{RF_VALKEY, 9, 0}, 80}, {{RF_VALKEY, 9, 1}, 80},
    {{RF_VALKEY, 9, 2}, 81},
    {{RF_DRAGONFLY, 1, 0}, 12}, /* reads 5 to 12, writes 9 (Dragonfly src/redis/rdb.h) */
};
/* clang-format on */
enum { RELEASES = sizeof releases / sizeof *releases };

static const char *const dialect_names[RF_DIALECTS] = {
    [RF_REDIS] = "redis", [RF_VALKEY] = "valkey", [RF_DRAGONFLY] = "dragonfly"};

/* Digits of a number below 1000; *text is advanced past them. */
static bool parse_part(const char **text, int *out)
{
    const char *start = *text;
    int n = 0;
    for (; **text >= '0' && **text <= '9' && *text - start < 3; ++*text)
        n = n * 10 + (**text - '0');
    *out = n;
    return *text > start;
}

static bool skip_dot(const char **text)
{
    bool dot = **text == '.';
    *text += dot;
    return dot;
}

bool rf_server_parse(const char *text, rf_server *out)
{
    rf_server server = {RF_REDIS, 0, 0};
    int patch;
    if (strcmp(text, dialect_names[RF_DRAGONFLY]) == 0) {
        *out = (rf_server){RF_DRAGONFLY, 1, 0};
        return true;
    }
    for (rf_dialect d = RF_REDIS; d < RF_DIALECTS; d++) {
        size_t length = strlen(dialect_names[d]);
        if (strncmp(text, dialect_names[d], length) == 0 && text[length] == '-') {
            server.dialect = d;
            text += length + 1;
            break;
        }
    }
    if (!parse_part(&text, &server.major) || !skip_dot(&text) || !parse_part(&text, &server.minor))
        return false;
    if (skip_dot(&text) && !parse_part(&text, &patch))
        return false;
    if (*text)
        return false;
    *out = server;
    return true;
}

bool rf_server_release(size_t index, rf_server *out)
{
    if (index < RELEASES)
        *out = releases[index].server;
    return index < RELEASES;
}

size_t rf_server_format(rf_server server, char *out, size_t size)
{
    int length = snprintf(out, size, "%s %d.%d", dialect_names[server.dialect], server.major, server.minor);
    return length < 0 ? 0 : (size_t)length;
}

static bool not_older(rf_server a, rf_server b)
{
    return a.major != b.major ? a.major > b.major : a.minor >= b.minor;
}

bool rf_server_at_least(rf_server a, rf_server b)
{
    static const rf_server parting = {RF_REDIS, 7, 2}, claimed = {RF_REDIS, 6, 2};
    if (a.dialect == RF_DRAGONFLY && b.dialect != RF_DRAGONFLY)
        a = claimed;
    return not_older(a, b) && (a.dialect == b.dialect || not_older(parting, b));
}

int rf_server_rdb_version(rf_server server)
{
    int version = 0;
    for (size_t i = 0; i < RELEASES; i++)
        if (releases[i].server.dialect == server.dialect && not_older(server, releases[i].server))
            version = releases[i].rdb_version;
    return version;
}

/* After version 11 the versions of Redis and Valkey are unrelated. (Dragonfly src/server/rdb_load.cc:
 * RdbLoader::Load) */
bool rf_server_reads_version(rf_server server, rf_dialect dialect, int rdb_version)
{
    enum { DRAGONFLY_FIRST = 5, LAST_COMMON = 11 };
    bool dragonfly = server.dialect == RF_DRAGONFLY;
    bool is_own = dialect == server.dialect || (dragonfly && dialect == RF_REDIS);
    return rdb_version <= rf_server_rdb_version(server) && (!dragonfly || rdb_version >= DRAGONFLY_FIRST) &&
           (rdb_version <= LAST_COMMON || is_own);
}

rf_server rf_server_of_rdb(rf_dialect dialect, int rdb_version)
{
    const struct release *found = NULL;
    for (size_t i = 0; i < RELEASES; i++) {
        const struct release *r = &releases[i];
        /* Versions 3 to 5 were never released: they are read by the servers that write the next one. */
        if (r->server.dialect == dialect && r->rdb_version >= rdb_version &&
            (!found || r->rdb_version == found->rdb_version))
            found = r;
    }
    return found ? found->server : (rf_server){dialect, 0, 0};
}
