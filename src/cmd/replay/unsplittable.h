/* SPDX-License-Identifier: MIT */
/* --on-unsplittable skip-and-report: commands that the target cannot take, such as those of keys of several
 * slots of a cluster, are left out, and are failures. */
#ifndef CMD_REPLAY_UNSPLITTABLE_H
#define CMD_REPLAY_UNSPLITTABLE_H

struct replay;

/* Called before anything is read. */
void unsplittable_begin(struct replay *replay);

#endif
