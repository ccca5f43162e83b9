/* SPDX-License-Identifier: MIT */
/* The table of commands that no server is to execute for a log. */
#include "base/bytes.h"
#include <rdbferry/command.h>

static const struct {
    const char *command, *subcommand; /* NULL: any */
} forbidden[] = {
    /* the server itself */
    {"SHUTDOWN", NULL},
    {"DEBUG", NULL},
    {"CONFIG", NULL},
    {"MODULE", NULL},
    {"ACL", NULL},
    {"SAVE", NULL},
    {"BGSAVE", NULL},
    {"BGREWRITEAOF", NULL},
    {"LATENCY", NULL},
    {"SLOWLOG", NULL},
    {"SCRIPT", "KILL"},
    {"SCRIPT", "DEBUG"},
    {"FUNCTION", "KILL"},
    {"PFSELFTEST", NULL},
    {"KEYDB.CRON", NULL},
    /* replication, and data sent to other servers */
    {"REPLICAOF", NULL},
    {"SLAVEOF", NULL},
    {"FAILOVER", NULL},
    {"CLUSTER", NULL},
    {"SENTINEL", NULL},
    {"MIGRATE", NULL},
    {"TRIMSLOTS", NULL},
    {"SYNC", NULL},
    {"PSYNC", NULL},
    {"REPLCONF", NULL},
    {"RREPLAY", NULL},
    /* the connection */
    {"CLIENT", NULL},
    {"AUTH", NULL},
    {"HELLO", NULL},
    {"RESET", NULL},
    {"QUIT", NULL},
    {"MONITOR", NULL},
    {"SUBSCRIBE", NULL},
    {"PSUBSCRIBE", NULL},
    {"SSUBSCRIBE", NULL},
    {"UNSUBSCRIBE", NULL},
    {"PUNSUBSCRIBE", NULL},
    {"SUNSUBSCRIBE", NULL},
    {"WATCH", NULL},
    {"UNWATCH", NULL},
    {"ASKING", NULL},
    {"READONLY", NULL},
    {"READWRITE", NULL},
    /* blocking commands */
    {"WAIT", NULL},
    {"WAITAOF", NULL},
    {"BLPOP", NULL},
    {"BRPOP", NULL},
    {"BLMPOP", NULL},
    {"BLMOVE", NULL},
    {"BLMOVEM", NULL},
    {"BRPOPLPUSH", NULL},
    {"BZPOPMIN", NULL},
    {"BZPOPMAX", NULL},
    {"BZMPOP", NULL},
    {"BZMOVE", NULL},
    {"XREAD", NULL},
    {"XREADGROUP", NULL},
};

bool rf_command_is_forbidden(const rf_entry *command)
{
    const rf_slice *argv = command->argv;
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        if (slice_is_word(argv[0], forbidden[i].command) &&
            (!forbidden[i].subcommand ||
             (command->argc > 1 && slice_is_word(argv[1], forbidden[i].subcommand))))
            return true;
    return false;
}
