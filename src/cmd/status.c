/* SPDX-License-Identifier: MIT */
/* From error codes to exit statuses: a family of ten shares one. */
#include "status.h"

enum status status_of(rf_code code)
{
    static const enum status by_family[] = {STATUS_DONE,   STATUS_INPUT,  STATUS_INPUT,
                                            STATUS_OUTPUT, STATUS_OUTPUT, STATUS_OUTPUT};

    if (code == RF_E_ARGUMENT)
        return STATUS_USAGE;
    return by_family[code / 10];
}
