/* SPDX-License-Identifier: MIT */
/* The options of `replay`. */
#ifndef CMD_REPLAY_REPLAY_OPTIONS_H
#define CMD_REPLAY_REPLAY_OPTIONS_H

#include "cmd/options/common_options.h"
#include "cmd/options/output_options.h"
#include "cmd/options/target_options.h"
#include <rdbferry/replay.h>

struct replay_options {
    struct common_options common; /* the inputs; the target is not among the operands */
    struct target_options target_options;
    rf_server target_version;      /* 0.0: detected */
    rf_target target;              /* resolved from target_options and the URL */
    char target_name[256];         /* address, without user and password */
    struct output_options written; /* collision handling; the other members have their defaults */
    int on_exists;                 /* rf_on_exists */
    const char *since;             /* a snapshot; NULL if not given */
    bool delete_extra, force_delete;
    int mode;         /* rf_replay_mode */
    uint64_t big_key; /* these as in rf_replay_options: 0 if not given */
    uint64_t connections;
    uint64_t shard_index, shards; /* OPT_UNSET: not given */
    uint64_t rate;
    bool drop_detail, fail_fast, no_transactions;
    int skip_unsplittable;  /* --on-unsplittable: whether such commands are left out */
    const char *checkpoint; /* NULL if not given */
    bool resume;
    const char *dead_letter;
    const char *metrics_file;
    bool verify;
    bool dry_run;
    bool follow;
    int64_t exit_when_in_step_ms; /* 0: not given */
    int64_t cutover_ms;           /* 0: not given */
    const char *cutover_command;  /* NULL: none */
    bool cutover_unverified;
    const char *spool_dir; /* NULL: $TMPDIR */
    uint64_t spool_limit;  /* 0: none */
};

/* How many of the inputs are not files of the snapshot of --since, which follow them. */
static inline size_t replay_own_inputs(const struct replay_options *options)
{
    return options->common.operand_ends[options->common.operand_count - 1];
}

/* Whether keys are deleted. */
static inline bool replay_options_deletes(const struct replay_options *options)
{
    return options->since || options->delete_extra;
}

/* Whether the target is compared with the inputs. */
static inline bool replay_options_compare(const struct replay_options *options)
{
    return options->verify || (options->cutover_ms > 0 && !options->cutover_unverified);
}

extern const struct option_choice exists_choices[];

/* Returns false if the command should exit with *status; the help or the error has been printed. The caller
 * frees the options with replay_options_free() in any case. */
bool replay_options_read(int argc, char **argv, struct replay_options *options, int *status);
void replay_options_free(struct replay_options *options);

extern const struct option_table *const replay_options_table;
#endif
