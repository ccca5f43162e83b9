/* SPDX-License-Identifier: MIT */
/* Faults of an input, and what cannot be verified. */
#include "base/fail.h"
#include "cmd/verify/verify.h"
#include <stdio.h>

bool verify_is_fault(rf_code code)
{
    return rf_code_is_input(code) && code != RF_E_READ && code != RF_E_UNSUPPORTED;
}

rf_code verify_fault(struct verification *v, const struct input *input, const rf_error *fault,
                     rf_error *error)
{
    rf_error named = *fault;
    if (!*named.input)
        snprintf(named.input, sizeof named.input, "%s", input_name(input));
    v->states[input - v->session.inputs].faults++;
    return faults_add(&v->faults, (size_t)(input - v->session.inputs), &named, error);
}

rf_code verify_reject_commands(rf_error *error)
{
    return fail(error, RF_E_UNSUPPORTED,
                "the result of AOF commands is not known: use --server to evaluate them");
}
