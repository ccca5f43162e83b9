/* SPDX-License-Identifier: MIT */
/* What a user asks of `replay`. */
#ifndef CMD_REPLAY_OPTIONS_H
#define CMD_REPLAY_OPTIONS_H

#include "common_options.h"
#include "target_options.h"
#include "written_options.h"
#include <rdbferry/replay.h>

struct replay_options {
    struct common_options common; /* the inputs; the target is not among the operands */
    struct target_options target_options;
    rf_server target_version;       /* 0.0: as it says */
    rf_target target;               /* what came of it */
    char target_name[256];          /* where it is, without user and password */
    struct written_options written; /* what is done about collisions; all else is as it is left out */
    int on_exists;                  /* rf_on_exists */
    int mode;                       /* rf_replay_mode */
    uint64_t big_key;               /* these as in rf_replay_options: 0 where they are left out */
    uint64_t connections;
    uint64_t rate;
    int64_t retry_for_ms;
    bool drop_detail, fail_fast;
    const char *checkpoint; /* these are NULL where they are left out */
    bool resume;
    const char *dead_letter;
    const char *metrics_file;
    bool verify;
    bool dry_run;
};

extern const struct option_choice exists_choices[], mode_choices[];

/* False: leave with *status; the help or the error has been printed. In any case replay_options_free() frees
 * it. */
bool replay_options_read(int argc, char **argv, struct replay_options *options, int *status);
void replay_options_free(struct replay_options *options);

#endif
