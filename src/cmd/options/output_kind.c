/* SPDX-License-Identifier: MIT */
/* Parses the names of outputs from their end. */
#include "cmd/options/output_kind.h"
#include <string.h>
#include <sys/stat.h>

struct ending {
    const char *text;
    int meaning;
};

static const struct ending compressions[] = {{".gz", RF_GZIP}, {".lz4", RF_LZ4}, {NULL, RF_PLAIN}};
static const struct ending kinds[] = {
    {".aof", TO_AOF}, {".rdb", TO_RDB}, {".jsonl", TO_JSONL}, {NULL, TO_UNSET}};

/* The row whose text the first `length` bytes of `path` end with, or the last row. */
static const struct ending *find_ending(const struct ending *row, const char *path, size_t length)
{
    for (; row->text; row++) {
        size_t size = strlen(row->text);
        if (length > size && memcmp(path + length - size, row->text, size) == 0)
            break;
    }
    return row;
}

static bool names_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct stat there;
    if (stat(path, &there) == 0 && S_ISDIR(there.st_mode))
        return true;
    return (slash && slash[1] == '\0') || !strchr(slash ? slash : path, '.');
}

enum output_kind output_kind_of(const char *path)
{
    const struct ending *compression;
    size_t length = strlen(path);
    if (names_directory(path))
        return TO_AOF_DIR;
    compression = find_ending(compressions, path, length);
    if (compression->text)
        length -= strlen(compression->text);
    return (enum output_kind)find_ending(kinds, path, length)->meaning;
}

rf_compression output_compression_of(const char *path)
{
    return (rf_compression)find_ending(compressions, path, strlen(path))->meaning;
}
