/* SPDX-License-Identifier: MIT */
/* Faults: what is wrong with the inputs. All are counted, the first ones printed and kept. */
#ifndef CMD_FAULTS_H
#define CMD_FAULTS_H

#include "json.h"
#include <rdbferry/error.h>
#include <stdint.h>
#include <stdio.h>

struct fault {
    rf_error error;
    size_t input; /* the number of the input */
};

struct faults {
    FILE *out;
    uint64_t limit; /* how many are printed and kept; 0: all */
    uint64_t count;
    struct fault last; /* once there is one */
    struct fault *kept;
    size_t kept_count;
};

/* RF_E_WRITE where `out` takes no more. */
rf_code faults_add(struct faults *faults, size_t input, const rf_error *fault, rf_error *error);

/* The last one that was added is this one: the same input and place, the same words. */
bool faults_last_is(const struct faults *faults, size_t input, const rf_error *fault);

/* Members "fault_count" and "faults". */
void faults_report(struct json *json, const struct faults *faults);

void faults_free(struct faults *faults);

#endif
