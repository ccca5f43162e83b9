/* SPDX-License-Identifier: MIT */
/* The dead-letter file. */
#include "cmd/replay/dead_letter.h"
#include "base/fail.h"
#include <errno.h>
#include <fcntl.h>
#include <rdbferry/sink.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Truncates the file to *kept: the bytes after it may be an incomplete command. `kept` is NULL if the file
 * does not belong to the run. */
static rf_code keep(struct dead_letter *dead, int fd, const uint64_t *kept, rf_error *error)
{
    struct stat found;
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))
        return RF_OK;
    dead->bytes = (uint64_t)found.st_size;
    if (!kept && dead->bytes > 0)
        return fail(error, RF_E_EXISTS,
                    "the dead-letter file '%.128s' exists, but does not belong to this checkpoint: move it "
                    "away, or use another name",
                    dead->path);
    if (!kept || dead->bytes <= *kept)
        return RF_OK;
    dead->bytes = *kept;
    if (ftruncate(fd, (off_t)*kept) == 0)
        return RF_OK;
    return fail(error, RF_E_WRITE, "cannot truncate the dead-letter file '%.128s': %s", dead->path,
                strerror(errno));
}

static rf_code cannot_make(const struct dead_letter *dead, rf_error *error)
{
    if (errno == EEXIST)
        return fail(error, RF_E_EXISTS,
                    "the dead-letter file '%.128s' already exists: move it away, or use another name",
                    dead->path);
    return fail(error, RF_E_WRITE, "cannot create the dead-letter file '%.128s': %s", dead->path,
                strerror(errno));
}

rf_code dead_letter_open(struct dead_letter *dead, const char *path, bool resume, const uint64_t *kept,
                         rf_error *error)
{
    *dead = (struct dead_letter){.path = path};
    if (!path)
        return RF_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (resume ? 0 : O_EXCL), 0600);
    rf_code code = fd >= 0 ? keep(dead, fd, kept, error) : cannot_make(dead, error);
    if (code == RF_OK && !resume) /* it is new, and no link */
        rf_file_give_to_owner(fd, path);
    if (code == RF_OK && !(dead->file = fdopen(fd, "a")))
        code = cannot_make(dead, error);
    if (code == RF_OK)
        return code;
    if (fd >= 0)
        close(fd);
    dead->path = NULL;
    return code;
}

void dead_letter_put(struct dead_letter *dead, rf_slice bytes)
{
    dead->unsynced = true;
    dead->bytes += bytes.len;
    if (fwrite(bytes.ptr, 1, bytes.len, dead->file) != bytes.len && dead->error == 0)
        dead->error = errno;
}

rf_code dead_letter_sync(struct dead_letter *dead, rf_error *error)
{
    if (!dead->unsynced)
        return RF_OK;
    if (dead->error == 0 && fflush(dead->file) != 0)
        dead->error = errno;
    if (dead->error == 0 && fsync(fileno(dead->file)) != 0 && errno != EINVAL) /* EINVAL: not supported */
        dead->error = errno;
    if (dead->error != 0)
        return fail(error, RF_E_WRITE, "cannot write the dead-letter file '%s': %s", dead->path,
                    strerror(dead->error));
    dead->unsynced = false;
    return RF_OK;
}

void dead_letter_close(struct dead_letter *dead)
{
    if (!dead->file)
        return;
    struct stat found;
    if (fstat(fileno(dead->file), &found) == 0 && S_ISREG(found.st_mode) && found.st_size == 0)
        unlink(dead->path);
    fclose(dead->file);
    dead->file = NULL;
}
