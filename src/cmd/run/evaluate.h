/* SPDX-License-Identifier: MIT */
/* --server: inputs with AOF commands become the data sets that these amount to, before the command reads
 * them. */
#ifndef CMD_RUN_EVALUATE_H
#define CMD_RUN_EVALUATE_H

#include "cmd/options/common_options.h"

/* With --server, replaces the files of each operand that may have AOF commands, and those after the last
 * operand, called `rest` (NULL: there are none), by one: an RDB without a name, saved by a private server. It
 * keeps the operand's name in messages. Options that cut the log or leave out commands are applied by it;
 * keys are filtered and rewritten when the RDB is read, which is exact for every option, as no command has to
 * be narrowed. An operand that cannot be evaluated becomes an input that fails with the reason when it is
 * opened. False: out of memory; the error has been printed. */
bool evaluate_inputs(struct common_options *common, const char *rest);

/* The same for a command that does something else before it reads the inputs, as waiting for a target: it
 * ends with *status if an operand cannot be evaluated; the error has been printed. */
bool evaluate_inputs_first(struct common_options *common, int *status);

#endif
