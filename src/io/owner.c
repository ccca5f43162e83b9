/* SPDX-License-Identifier: MIT */
/* fchown() of outputs, on their descriptors, and its results. */
#include "io/owner.h"
#include "io/temp_path.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rdbferry/sink.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for: */
static rf_ownership known;

struct owner owner_in(int dir)
{
    struct stat st;
    if (geteuid() != 0 || fstat(dir, &st) < 0 || (st.st_uid == geteuid() && st.st_gid == getegid()))
        return (struct owner){.is_other = false};
    return (struct owner){.is_other = true, .uid = st.st_uid, .gid = st.st_gid};
}

static void note(struct owner owner, int failure)
{
    pthread_mutex_lock(&lock);
    uint64_t *count = failure ? &known.failed : &known.given;
    if (failure ? known.failed == 0 : known.given + known.failed == 0) {
        known.uid = owner.uid;
        known.gid = owner.gid;
        known.failure = failure;
    }
    *count += 1;
    pthread_mutex_unlock(&lock);
}

/* EINVAL: an owner that does not exist in this user namespace. */
static int give(struct owner owner, int fd)
{
    return fchown(fd, owner.uid, owner.gid) == 0 ? 0 : errno;
}

void owner_give(struct owner owner, int fd)
{
    int failure = owner.is_other ? give(owner, fd) : EINVAL;
    if (failure != EINVAL)
        note(owner, failure);
}

void owner_give_directory(int parent, int fd)
{
    struct owner owner = owner_in(parent);
    struct stat before;
    if (!owner.is_other || fstat(fd, &before) < 0)
        return;
    int failure = give(owner, fd);
    if (failure == 0 && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
        failure = errno;
        give((struct owner){.uid = before.st_uid, .gid = before.st_gid}, fd);
    }
    if (failure != 0 && failure != EINVAL)
        note(owner, failure);
}

bool owner_is_ours(int dir, uid_t uid)
{
    struct owner owner = owner_in(dir);
    return uid == geteuid() || (owner.is_other && uid == owner.uid);
}

rf_ownership rf_outputs_ownership(void)
{
    pthread_mutex_lock(&lock);
    rf_ownership now = known;
    pthread_mutex_unlock(&lock);
    return now;
}

void rf_file_give_to_owner(int fd, const char *path)
{
    struct temp_path temp_path;
    rf_error ignored;
    if (temp_path_open(path, &temp_path, &ignored) != RF_OK)
        return;
    owner_give(owner_in(temp_path.dir), fd);
    temp_path_close(&temp_path);
}
