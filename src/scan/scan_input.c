/* SPDX-License-Identifier: MIT */
/* A scanned server as an input. */
#include "aof/provided_files.h"
#include "base/fail.h"
#include "scan/internal.h"
#include <stdlib.h>

struct scan_input {
    rf_target target;
    rf_scan *scan;
    bool complete; /* the passes have been run */
};

static rf_code blame_input(rf_code code, rf_error *error)
{
    if (code == RF_E_TARGET)
        error->code = RF_E_READ;
    return code == RF_OK ? RF_OK : error->code;
}

static rf_code open_input(void *ctx, rf_source **out, rf_error *error)
{
    struct scan_input *input = ctx;
    *out = NULL;
    if (!input->complete)
        TRY(blame_input(rf_scan_run(input->scan, error), error));
    input->complete = true;
    return rf_scan_source(input->scan, out, error);
}

static void free_input(void *ctx)
{
    struct scan_input *input = ctx;
    rf_scan_close(input->scan);
    rf_target_free(&input->target);
    free(input);
}

rf_code rf_files_add_scan(rf_files *files, rf_target *source, const rf_scan_options *options, rf_error *error)
{
    struct scan_input *input = calloc(1, sizeof *input);
    if (!input) {
        rf_target_free(source);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    *input = (struct scan_input){.target = *source};
    *source = (rf_target){0};
    rf_code code = rf_scan_open(&input->target, options, &input->scan, error);
    if (code != RF_OK) {
        free_input(input);
        return blame_input(code, error);
    }
    const rf_live *live = input->scan->live;
    struct files_provider provider = {
        .open = open_input, .free = free_input, .ctx = input, .repeatable = true};
    if (!live->map.primaries.assumed)
        provider.server = live->map.primaries.server;
    return files_add_provided(files, live->info.name, provider, error);
}
