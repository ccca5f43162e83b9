/* SPDX-License-Identifier: MIT */
/* Faults go to stdout as they are found: they are what was asked for. */
#include "faults.h"
#include "report.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool keep(struct faults *faults, const rf_error *fault)
{
    rf_error *kept = realloc(faults->kept, (faults->kept_count + 1) * sizeof *kept);

    if (!kept)
        return false;
    faults->kept = kept;
    kept[faults->kept_count++] = *fault;
    return true;
}

static rf_code fail(rf_error *error, rf_code code, const char *text)
{
    *error = (rf_error){.code = code, .offset = -1, .file_offset = -1, .db = -1};
    snprintf(error->message, sizeof error->message, "%s", text);
    return code;
}

static bool print(FILE *out, const rf_error *fault)
{
    char text[1024];

    rf_error_format(fault, text, sizeof text);
    return fprintf(out, "%s\n", text) >= 0;
}

rf_code faults_add(struct faults *faults, const rf_error *fault, rf_error *error)
{
    faults->count++;
    faults->last = *fault;
    if (faults->limit > 0 && faults->count > faults->limit)
        return RF_OK;
    if (!keep(faults, fault))
        return fail(error, RF_E_MEMORY, "");
    return print(faults->out, fault) ? RF_OK : fail(error, RF_E_WRITE, strerror(errno));
}

bool faults_last_is(const struct faults *faults, const rf_error *fault)
{
    return faults->count > 0 && faults->last.offset == fault->offset &&
           strcmp(faults->last.message, fault->message) == 0 && strcmp(faults->last.input, fault->input) == 0;
}

void faults_report(struct json *json, const struct faults *faults)
{
    json_number(json, "fault_count", faults->count);
    json_array(json, "faults");
    for (size_t i = 0; i < faults->kept_count; i++)
        report_put_error(json, NULL, &faults->kept[i]);
    json_end_array(json);
}

void faults_free(struct faults *faults)
{
    free(faults->kept);
}
