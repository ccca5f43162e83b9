/* SPDX-License-Identifier: MIT */
/* What has to be known of an AOF before its first command is written: where it is cut, and what its FLUSHDB
 * and SWAPDB amount to. */
#ifndef CMD_RUN_LOG_SURVEY_H
#define CMD_RUN_LOG_SURVEY_H

#include "cmd/options/log_options.h"
#include "cmd/run/log_repair.h"
#include <rdbferry/command_history.h>

struct log_survey {
    rf_command_history *history; /* NULL: not needed, or not known */
    bool may_assume;             /* set before the survey: the run can be repeated with another one, */
    bool assumes;                /* so the log is assumed to have no FLUSHDB and SWAPDB: one is an error */
    bool cut;                    /* commands from this place on are left out */
    size_t cut_input;
    uint64_t cut_offset;
    uint64_t before, after; /* commands before the cut, and after it as far as they can be read */
    uint64_t dropped;       /* by --drop-command and --drop-at */
    struct log_repair repair;
};

struct session;

/* Called before anything is read: reads the commands in advance, as far as that is needed. */
rf_code log_survey(struct session *session, rf_error *error);

/* Whether the log ends before this place. */
static inline bool log_survey_ends(const struct log_survey *log, size_t input, uint64_t offset)
{
    return log->cut && (input > log->cut_input || (input == log->cut_input && offset >= log->cut_offset));
}

void log_survey_free(struct log_survey *log);

#endif
