/* SPDX-License-Identifier: MIT */
/* Reads and writes small files. While one is written, signals are blocked: the signal thread, if it runs,
 * removes the temporary file and ends the process. */
#include "cmd/run/files.h"
#include "base/fail.h"
#include "cmd/run/paths.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <rdbferry/sink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- reading ------------------------------------------------------------------------------------------ */

static rf_code read_text(FILE *file, const char *path, size_t most, char *text, size_t *size, rf_error *error)
{
    *size = fread(text, 1, most + 1, file);
    if (ferror(file))
        return fail(error, RF_E_READ, "%s: %s", path, strerror(errno));
    if (*size > most)
        return fail(error, RF_E_ARGUMENT, "%s: longer than %zu bytes", path, most);
    text[*size] = '\0';
    return RF_OK;
}

rf_code slurp(const char *path, size_t most, char **text, size_t *size, rf_error *error)
{
    bool dash = is_dash(path);
    FILE *file = dash ? stdin : fopen(path, "re");
    if (!file)
        return fail(error, RF_E_READ, "%s: %s", path, strerror(errno));
    *text = malloc(most + 1);
    rf_code code = *text ? read_text(file, dash ? "stdin" : path, most, *text, size, error)
                         : fail(error, RF_E_MEMORY, "out of memory");
    if (!dash)
        fclose(file);
    if (code != RF_OK)
        free(*text);
    return code;
}

/* --- writing ------------------------------------------------------------------------------------------ */

bool save_file(const char *path, unsigned flags, const char *data, size_t size)
{
    sigset_t all, before;
    rf_error ignored;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    rf_code code = rf_file_save(path, (rf_slice){(const uint8_t *)data, size}, flags, &ignored);
    int reason = errno;
    while (code != RF_OK && reason == ECANCELED)
        pause(); /* the signal thread is ending the process */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return code == RF_OK;
}

void remove_leftovers(const char *path, const char *appendfilename)
{
    rf_leftovers removed = {0};
    char size[SIZE_TEXT];
    if (path && !is_dash(path))
        removed = rf_remove_leftovers(path, appendfilename);
    if (removed.count > 0)
        message_summary("removed %" PRIu64 " temporary file%s of an earlier run (%s)", removed.count,
                        text_plural(removed.count), text_size(removed.bytes, size));
}

/* The error is found when stdout is closed. */
static bool deliver(const char *path, unsigned flags, const char *data, size_t size)
{
    if (!is_dash(path))
        return save_file(path, flags, data, size);
    fwrite(data, 1, size, stdout);
    return true;
}

static bool is_writable(const char *path)
{
    struct stat found;
    bool exists = stat(path, &found) == 0;
    if (exists && S_ISDIR(found.st_mode))
        errno = EISDIR;
    if (exists && !S_ISDIR(found.st_mode) && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
        return true;
    return (!exists || S_ISREG(found.st_mode)) && directory_is_writable(path);
}

bool save_check(const char *path, const char *what)
{
    if (!path || is_dash(path) || is_writable(path))
        return true;
    message_error("cannot write %s '%s': %s", what, path, strerror(errno));
    return false;
}

bool save_made(const char *path, const char *what, unsigned flags, bool (*make)(FILE *out, const void *ctx),
               const void *ctx)
{
    char *data = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&data, &size);
    bool good = out && make(out, ctx) && !ferror(out);
    if (out)
        good = fclose(out) == 0 && good;
    good = good && deliver(path, flags, data, size);
    if (!good)
        message_error("cannot write %s '%s': %s", what, path, strerror(errno));
    free(data);
    return good;
}
