/* SPDX-License-Identifier: MIT */
/* Faults are printed as they are found: they are the output. */
#include "cmd/compare/faults.h"
#include "base/fail.h"
#include "cmd/run/report.h"
#include "cmd/term/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

rf_code faults_add(struct faults *faults, size_t input, const rf_error *fault, rf_error *error)
{
    faults->count++;
    faults->last = (struct fault){*fault, input};
    if (faults->limit > 0 && faults->count > faults->limit)
        return RF_OK;
    struct fault *kept = realloc(faults->kept, (faults->kept_count + 1) * sizeof *kept);
    if (!kept)
        return fail(error, RF_E_MEMORY, "out of memory");
    faults->kept = kept;
    kept[faults->kept_count++] = faults->last;
    char text[1024];
    rf_error_format(fault, text, sizeof text);
    text_put(faults->out, text);
    putc('\n', faults->out);
    return ferror(faults->out) ? fail(error, RF_E_WRITE, "%s", strerror(errno)) : RF_OK;
}

bool faults_last_is(const struct faults *faults, size_t input, const rf_error *fault)
{
    const struct fault *last = &faults->last;
    return faults->count > 0 && last->input == input && last->error.offset == fault->offset &&
           strcmp(last->error.message, fault->message) == 0;
}

void faults_report(struct json *json, const struct faults *faults)
{
    json_number(json, "fault_count", faults->count);
    json_array(json, "faults");
    for (size_t i = 0; i < faults->kept_count; i++)
        report_put_error(json, NULL, &faults->kept[i].error);
    json_end_array(json);
}

void faults_free(struct faults *faults)
{
    free(faults->kept);
}
