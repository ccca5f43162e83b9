/* SPDX-License-Identifier: MIT */
/* A scan: opened, run once, then a source of any number of readers. */
#include "base/fail.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_header.h"
#include "scan/internal.h"
#include "scan/scan_stream.h"
#include <stdlib.h>

static rf_code open_scan(rf_scan *scan, const rf_target *target, rf_error *error)
{
    TRY(scan_store_open(&scan->store, error));
    TRY(rf_live_open(target, &(rf_live_options){0}, &scan->live, error));
    scan_pass_init(scan);
    scan->live->capture = &scan->capture;
    return scan_check_rights(scan, error);
}

rf_code rf_scan_open(const rf_target *target, const rf_scan_options *options, rf_scan **out, rf_error *error)
{
    rf_scan *scan = calloc(1, sizeof *scan);
    *out = NULL;
    if (!scan)
        return fail(error, RF_E_MEMORY, "out of memory");
    scan->options = *options;
    scan->store.fd = -1;
    scan_keys_init(&scan->keys);
    rf_code code = open_scan(scan, target, error);
    if (code != RF_OK) {
        rf_scan_close(scan);
        return code;
    }
    *out = scan;
    return RF_OK;
}

static bool found_no_change(const rf_scan_pass *pass)
{
    return pass->number > 1 && pass->added + pass->changed + pass->removed == 0 && !pass->libraries &&
           !pass->moved;
}

/* Without any value the version is that of the server; libraries need one that has them. */
static void choose_version(rf_scan *scan)
{
    rf_server server = scan->live->map.primaries.server;
    int newest = rdb_newest_version(server.dialect), own = rf_server_rdb_version(server);
    if (scan->rdb_version == 0) {
        scan->dialect = server.dialect;
        scan->rdb_version = own == 0 ? newest : own;
    }
    if (scan->libraries.len > 0 && scan->rdb_version < RDB_FUNCTION_SINCE)
        scan->rdb_version = RDB_FUNCTION_SINCE;
}

rf_code rf_scan_run(rf_scan *scan, rf_error *error)
{
    unsigned passes = scan->options.passes ? scan->options.passes : RF_SCAN_PASSES;
    for (unsigned i = 0; i < passes && !scan->pass.settled; i++) {
        TRY(scan_pass_run(scan, error));
        scan->pass.settled = found_no_change(&scan->pass);
        scan->complete |= !scan->pass.moved;
        if (scan->options.on_pass)
            scan->options.on_pass(scan->options.ctx, &scan->pass);
    }
    choose_version(scan);
    if (!scan->complete)
        return fail(error, RF_E_UNAVAILABLE,
                    "%s: slots were moved between nodes during each pass (%u), so keys may have been missed: "
                    "try again when no slots are being moved",
                    scan->live->info.name, scan->pass.number);
    return RF_OK;
}

rf_code rf_scan_source(const rf_scan *scan, rf_source **out, rf_error *error)
{
    struct origin *origin;
    *out = NULL;
    TRY(scan_stream_open(scan, &origin, error));
    return source_over(origin, scan->live->info.name, out, error);
}

void rf_scan_close(rf_scan *scan)
{
    if (!scan)
        return;
    rf_live_close(scan->live);
    scan_keys_free(&scan->keys);
    scan_store_close(&scan->store);
    buffer_free(&scan->libraries);
    buffer_free(&scan->sized.bytes);
    free(scan);
}
