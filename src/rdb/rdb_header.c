/* SPDX-License-Identifier: MIT */
/* The first nine bytes: "REDIS" and four digits, or "VALKEY" and three. The dialect is determined only here.
 *
 * Redis numbers its versions 1 to 79, Valkey its own from 80 on. (Valkey src/rdb.c: rdbLoadRio) */
#include "rdb/rdb_header.h"

#include "base/fail.h"

static const struct {
    rf_dialect dialect;
    const char *name, *magic;
    size_t letters;
    int lowest, highest;      /* of the supported versions */
    const char *last_release; /* the one that writes `highest` */
} headers[] = {
    {RF_REDIS, "Redis", "REDIS", 5, 1, 17, "Redis 8.12"},
    {RF_VALKEY, "Valkey", "VALKEY", 6, 80, 81, "Valkey 9.2"},
};

static const size_t header_count = sizeof headers / sizeof *headers;

bool rdb_recognises(const uint8_t *head, size_t n)
{
    for (size_t i = 0; i < header_count; i++)
        if (n >= headers[i].letters && memcmp(head, headers[i].magic, headers[i].letters) == 0)
            return true;
    return false;
}

int rdb_newest_version(rf_dialect dialect)
{
    size_t i = 0;
    while (i + 1 < header_count && headers[i].dialect != dialect)
        i++;
    return headers[i].highest;
}

static bool parse_digits(const uint8_t *p, size_t n, int *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *out = 10 * *out + (p[i] - '0');
    }
    return true;
}

static rf_code check_version(struct window *w, size_t i, int version)
{
    if (version < headers[i].lowest)
        return window_fail(w, RF_E_FORMAT, "unsupported RDB version %d of %s", version, headers[i].name);
    if (version > headers[i].highest)
        return window_fail(
            w, RF_E_UNSUPPORTED,
            "written by a newer server than this program knows (RDB version %d; known up to %d, %s)", version,
            headers[i].highest, headers[i].last_release);
    return RF_OK;
}

rf_code rdb_header_read(struct window *w, rf_dialect *dialect, int *version)
{
    TRY(window_need(w, RDB_MAGIC_SIZE));
    size_t i = w->pos[0] == headers[0].magic[0] ? 0 : 1;
    if (!parse_digits(w->pos + headers[i].letters, RDB_MAGIC_SIZE - headers[i].letters, version))
        return window_fail(w, RF_E_FORMAT, "RDB header: invalid version number");
    TRY(check_version(w, i, *version));
    *dialect = headers[i].dialect;
    w->pos += RDB_MAGIC_SIZE;
    return RF_OK;
}
