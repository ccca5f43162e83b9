/* SPDX-License-Identifier: MIT */
/* Several inputs with AOF commands as one data set: the nodes of a cluster. That is exact if no slot is in
 * two of them, since commands of different keys do not affect each other. */
#ifndef CMD_RUN_JOINED_LOGS_H
#define CMD_RUN_JOINED_LOGS_H

#include "base/buffer.h"
#include "cmd/options/common_options.h"
#include "cmd/run/key_set.h"
#include <rdbferry/slot.h>

struct joined_logs {
    uint32_t owners[RF_SLOTS]; /* the operand with keys of the slot, plus one; 0: none yet */
    struct key_set shared;     /* commands without keys of the first operand */
    struct buffer text;        /* of such a command */
};

/* Notes the slot of a key under its name in the input. RF_E_COLLISION: another operand has keys of this slot.
 */
rf_code joined_logs_key(struct joined_logs *logs, const struct common_options *common, size_t input,
                        int64_t db, rf_slice key, rf_error *error);

/* A command, before it is rewritten. *drop: it was in the first operand, too, as functions of a cluster are.
 * RF_E_INCOMPATIBLE: it would change keys of other operands, or is not in all of them. */
rf_code joined_logs_command(struct joined_logs *logs, const struct common_options *common, size_t input,
                            rf_entry *command, bool *drop, rf_error *error);

void joined_logs_free(struct joined_logs *logs); /* may be NULL */

#endif
