/* SPDX-License-Identifier: MIT */
/* Maps error codes to exit statuses. */
#include "cmd/term/status.h"

enum status status_of(rf_code code)
{
    if (code == RF_OK || code == RF_END)
        return STATUS_DONE;
    if (code == RF_E_ARGUMENT)
        return STATUS_USAGE;
    if (code == RF_E_UNAVAILABLE)
        return STATUS_UNAVAILABLE;
    return rf_code_is_input(code) ? STATUS_INPUT : STATUS_OUTPUT;
}
