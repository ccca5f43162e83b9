/* SPDX-License-Identifier: MIT */
/* Faults: defects of the inputs. All are counted, the first ones printed and kept. */
#ifndef CMD_COMPARE_FAULTS_H
#define CMD_COMPARE_FAULTS_H

#include "base/json.h"
#include <rdbferry/error.h>
#include <stdint.h>
#include <stdio.h>

struct fault {
    rf_error error;
    size_t input; /* index of the input */
};

struct faults {
    FILE *out;
    uint64_t limit; /* limit of faults printed and kept; 0: all */
    uint64_t count;
    struct fault last; /* valid if count > 0 */
    struct fault *kept;
    size_t kept_count;
};

/* Returns RF_E_WRITE if writing to `out` fails. */
rf_code faults_add(struct faults *faults, size_t input, const rf_error *fault, rf_error *error);

/* Whether the last fault added is this one: the same input, position and message. */
bool faults_last_is(const struct faults *faults, size_t input, const rf_error *fault);

/* Adds the members "fault_count" and "faults". */
void faults_report(struct json *json, const struct faults *faults);

void faults_free(struct faults *faults);

#endif
