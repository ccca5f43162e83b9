/* SPDX-License-Identifier: MIT */
/* Commands, perhaps behind an RDB: what comes out can be read, and commands alone then come out the
 * same. */
#include "fuzz/convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct encoder_options options = {.target = {RF_REDIS, 8, 10}, .drop_unsupported = true};
    struct buffer once = {0}, twice = {0};
    rf_code code = convert_encode(data, size, &options, &once);
    if (code == RF_OK && once.len > 0) {
        bool commands_only = *data == '*' || *data == '#';
        if (convert_encode(once.data, once.len, &options, &twice) != RF_OK)
            abort();
        if (commands_only && !slice_equal(buffer_slice(&once), buffer_slice(&twice)))
            abort();
    }
    buffer_free(&once);
    buffer_free(&twice);
    return 0;
}
