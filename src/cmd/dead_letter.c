/* SPDX-License-Identifier: MIT */
/* The file of dead letters. */
#include "dead_letter.h"
#include "failure.h"
#include "message.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *open_file(const char *path, bool append)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (append ? 0 : O_EXCL), 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "a") : NULL;

    if (fd >= 0 && !file)
        close(fd);
    return file;
}

bool dead_letter_open(struct dead_letter *dead, const char *path, bool append)
{
    *dead = (struct dead_letter){.path = path};
    if (!path)
        return true;
    dead->file = open_file(path, append);
    if (dead->file)
        return true;
    message_error("cannot make the file '%s' for dead letters: %s", path, strerror(errno));
    dead->path = NULL;
    return false;
}

void dead_letter_put(struct dead_letter *dead, rf_slice bytes)
{
    dead->unsynced = true;
    if (fwrite(bytes.ptr, 1, bytes.len, dead->file) != bytes.len && dead->error == 0)
        dead->error = errno;
}

/* EINVAL: it lies on none. */
static bool put_on_disk(FILE *file)
{
    return fflush(file) == 0 && (fsync(fileno(file)) == 0 || errno == EINVAL);
}

rf_code dead_letter_sync(struct dead_letter *dead, rf_error *error)
{
    if (!dead->unsynced)
        return RF_OK;
    if (dead->error == 0 && !put_on_disk(dead->file))
        dead->error = errno;
    if (dead->error != 0)
        return failure(error, RF_E_WRITE, "cannot write the dead letters '%s': %s", dead->path,
                       strerror(dead->error));
    dead->unsynced = false;
    return RF_OK;
}

void dead_letter_close(struct dead_letter *dead)
{
    struct stat found;

    if (!dead->file)
        return;
    if (fstat(fileno(dead->file), &found) == 0 && S_ISREG(found.st_mode) && found.st_size == 0)
        unlink(dead->path);
    fclose(dead->file);
    dead->file = NULL;
}
