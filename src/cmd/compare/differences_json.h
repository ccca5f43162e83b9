/* SPDX-License-Identifier: MIT */
/* A difference as a JSON object on one line. */
#ifndef CMD_COMPARE_DIFFERENCES_JSON_H
#define CMD_COMPARE_DIFFERENCES_JSON_H

#include "cmd/compare/differences.h"

enum { CHANGED_VALUE = 1, CHANGED_TYPE = 2, CHANGED_EXPIRY = 4, CHANGED_NO_EVICT = 8 };

/* `changes`: of an RF_CHANGED, the CHANGED_... flags. */
void differences_print_json(const struct differences *differences, const rf_difference *difference,
                            unsigned changes);

/* Adds an array "changes" of the names of CHANGED_... flags. */
void differences_put_changes(struct json *json, unsigned changes);

/* The name of the input that a record comes from. */
const char *differences_input(const struct differences *differences, const rf_key_record *record);

#endif
