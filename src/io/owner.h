/* SPDX-License-Identifier: MIT */
/* The owner of outputs. A server that runs as another user than rdbferry must be able to write to them: it
 * keeps on appending to an AOF, and replaces an RDB. So outputs of root get the owner and the group of the
 * directory that they are in, which a server's directory shows. That holds too for a file that replaces
 * another: if an earlier run left it to root, it should not remain so. Other users cannot give files away. */
#ifndef IO_OWNER_H
#define IO_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

struct owner {
    bool is_other; /* than that of the process; false: there is nothing to be done */
    uid_t uid;
    gid_t gid;
};

/* Of what is in an open directory. */
struct owner owner_in(int dir);

/* Gives an open file to its owner. Failures, as without CAP_CHOWN, are only counted, see
 * rf_outputs_ownership(). */
void owner_give(struct owner owner, int fd);

/* The same for an open directory that has just been created in `parent`, and that the process goes on to
 * write to: it gets its owner back if that would be impossible. Successes are not counted: its files are. */
void owner_give_directory(int parent, int fd);

/* Whether what has this owner, in this directory, may be from an earlier run of this user. */
bool owner_is_ours(int dir, uid_t uid);

#endif
