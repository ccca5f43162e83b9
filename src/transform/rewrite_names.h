/* SPDX-License-Identifier: MIT */
/* Renaming the keys of plain commands. */
#ifndef TRANSFORM_REWRITE_NAMES_H
#define TRANSFORM_REWRITE_NAMES_H

#include <rdbferry/plain_commands.h>
#include <rdbferry/rewrite.h>

/* The same as rf_rewrite_strings() for the keys of commands, whose slots are left as they are. */
size_t rewrite_plain_commands(rf_rewrite *rewrite, int64_t db, rf_plain_command *commands, size_t count);

#endif
