/* SPDX-License-Identifier: MIT */
/* Function libraries, as records of an RDB:
 *
 *     FUNCTION2 opcode  code */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_write.h"
#include "scan/internal.h"

/* The order in which they are listed does not matter. */
static rf_code add_library(void *ctx, rf_slice name, rf_slice code, rf_error *error)
{
    static const uint8_t opcode = RDB_FUNCTION2;
    rf_scan *scan = ctx;
    rf_digest digest = rf_digest_keyed(code);
    (void)name;
    scan->library_sum.low += digest.low;
    scan->library_sum.high += digest.high;
    bool added = buffer_append(&scan->libraries, slice_of(&opcode, 1)) &&
                 rdb_append_string(&scan->libraries, code);
    return added ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code load(rf_scan *scan, rf_error *error)
{
    scan->libraries.len = 0;
    scan->library_sum = (rf_digest){0};
    return live_list_libraries(scan->live, add_library, scan, error);
}

rf_code scan_load_libraries(rf_scan *scan, bool *changed, rf_error *error)
{
    rf_digest before = scan->library_sum;
    int64_t since_ms = clock_monotonic_ms();
    rf_code code;
    while ((code = load(scan, error)) == RF_E_UNAVAILABLE)
        TRY(live_await(scan->live, since_ms, error));
    TRY(code);
    *changed = before.low != scan->library_sum.low || before.high != scan->library_sum.high;
    return RF_OK;
}
