/* SPDX-License-Identifier: MIT */
/* Maps error codes to exit statuses: the codes of one decade share a status. */
#include "cmd/term/status.h"

enum status status_of(rf_code code)
{
    static const enum status by_family[] = {STATUS_DONE,   STATUS_INPUT,  STATUS_INPUT,
                                            STATUS_OUTPUT, STATUS_OUTPUT, STATUS_OUTPUT};
    if (code == RF_E_ARGUMENT)
        return STATUS_USAGE;
    return by_family[code / 10];
}
