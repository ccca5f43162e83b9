/* SPDX-License-Identifier: MIT */
/* `rdbferry version`: the program's version and commit, the formats that it knows, and the libraries in use.
 */
#include "base/libraries.h"
#include "cmd/command.h"
#include "cmd/options/output_options.h"
#include "cmd/term/status.h"
#include <rdbferry/version.h>
#include <stdio.h>

#ifndef RDBFERRY_COMMIT
#define RDBFERRY_COMMIT "" /* unknown */
#endif

enum { UNRELEASED = 4 }; /* the versions 3 to 5 are read all the same */

static void print_range(int start, int end)
{
    printf(start == end ? " %d" : " %d to %d", start, end);
}

/* "6 to 17 (Redis 2.8 to 8.12)", "11, 80 to 81 (Valkey 7.2 to 9.2)": the versions of the servers from
 * `oldest` on. */
static void print_rdb(const char *name, rf_dialect dialect, rf_server oldest)
{
    rf_server release, first = {0}, last = {0};
    int start = 0, version = 0; /* of a range without large gaps */
    for (size_t i = 0; rf_server_release(i, &release); i++) {
        if (release.dialect != dialect || !rf_server_at_least(release, oldest))
            continue;
        int next = rf_server_rdb_version(release);
        if (start > 0 && next > version + UNRELEASED) {
            print_range(start, version);
            putchar(',');
            start = 0;
        }
        start = start > 0 ? start : next;
        version = next;
        if (first.major == 0)
            first = release;
        last = release;
    }
    print_range(start, version);
    printf(" (%s %d.%d to %d.%d),", name, first.major, first.minor, last.major, last.minor);
}

enum { COLUMN = 11, LIBRARIES_PER_LINE = 4 };

static void print_formats(const char *verb, rf_server oldest, const char *others)
{
    printf("%-*sRDB", COLUMN, verb);
    print_rdb("Redis", RF_REDIS, oldest);
    print_rdb("Valkey", RF_VALKEY, oldest);
    printf("\n%*s%s\n", COLUMN, "", others);
}

int version_run(int argc, char **argv)
{
    const rf_server oldest_target = output_options_min_version(&(struct output_options){0});
    struct library library;
    (void)argc, (void)argv;
    puts(*RDBFERRY_COMMIT ? "rdbferry " RDBFERRY_VERSION " (commit " RDBFERRY_COMMIT ")"
                          : "rdbferry " RDBFERRY_VERSION);
    print_formats("reads:", (rf_server){RF_REDIS, 0, 0}, "AOF, AOF directories; gzip, lz4, zstd");
    print_formats("writes:", oldest_target, "AOF, AOF directories, JSON lines; gzip, lz4, zstd");
    fputs("libraries: ", stdout);
    for (size_t i = 0; library_at(i, &library); i++)
        printf("%s%*s%s %s",
               i == 0                   ? ""
               : i % LIBRARIES_PER_LINE ? ", "
                                        : ",\n",
               i > 0 && i % LIBRARIES_PER_LINE == 0 ? COLUMN : 0, "", library.name, library.version);
    putchar('\n');
    return STATUS_DONE;
}
