/* SPDX-License-Identifier: MIT */
/* Limits the size of the reply to each command. */
#include "base/bytes.h"
#include "net/reply.h"
#include <strings.h>

#define MIB (UINT64_C(1) << 20)

static const struct {
    const char *command, *subcommand; /* NULL: any */
    uint64_t limit;
} limits[] = {
    {"DUMP", NULL, REPLY_MAX},
    {"FUNCTION", "LIST", REPLY_MAX},
    {"SCAN", NULL, 1024 * MIB}, /* key names may be long, too */
    {"CLIENT", "LIST", 64 * MIB},
    {"CLUSTER", NULL, 32 * MIB}, /* 16,384 slot ranges, each with its replicas */
    {"SENTINEL", NULL, 16 * MIB},
    {"INFO", NULL, 4 * MIB},
    {"MODULE", NULL, MIB},
    {"CONFIG", "GET", MIB},
    {"COMMAND", NULL, 4 * MIB},
    {"ACL", NULL, MIB},
};

static bool is_word(rf_slice word, const char *text)
{
    return strlen(text) == word.len && strncasecmp((const char *)word.ptr, text, word.len) == 0;
}

uint64_t reply_limit(const rf_slice *argv, size_t argc)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (is_word(argv[0], limits[i].command) &&
            (!limits[i].subcommand || (argc > 1 && is_word(argv[1], limits[i].subcommand))))
            return limits[i].limit;
    return REPLY_MAX_STATUS;
}
