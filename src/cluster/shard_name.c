/* SPDX-License-Identifier: MIT */
/* Names from addresses, and from patterns. */
#include "cluster/shard_name.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include <stdio.h>

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

void shard_name_of_address(const char *host, int port, char out[SHARD_NAME_MAX])
{
    snprintf(out, SHARD_NAME_MAX, "%.*s-%d", SHARD_NAME_HOST, host, port);
    for (char *c = out; *c; c++)
        if (!is_plain(*c))
            *c = '_';
}

static bool is_pattern(rf_slice pattern)
{
    size_t numbers = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        bool number = pattern.ptr[i] == '%' && i + 1 < pattern.len && pattern.ptr[i + 1] == 'd';
        if (!number && !is_plain((char)pattern.ptr[i]))
            return false;
        numbers += number;
        i += number;
    }
    return numbers == 1 && pattern.len <= SHARD_NAME_HOST && *pattern.ptr != '.' && *pattern.ptr != '-';
}

rf_code shard_name_check_pattern(rf_slice pattern, rf_error *error)
{
    if (is_pattern(pattern))
        return RF_OK;
    return fail(
        error, RF_E_ARGUMENT,
        "'%.*s%s': a name must be letters, digits, '-', '.' and '_' with one %%d for the number, as in "
        "redis-cluster-%%d",
        QUOTED(pattern));
}

void shard_name_by_pattern(const char *pattern, size_t number, char out[SHARD_NAME_MAX])
{
    const char *at = strstr(pattern, "%d");
    snprintf(out, SHARD_NAME_MAX, "%.*s%zu%s", (int)(at - pattern), pattern, number, at + strlen("%d"));
}
