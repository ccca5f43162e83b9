/* SPDX-License-Identifier: MIT */
/* The lanes of a transfer: each is a transfer of its own, into a part of the output. */
#ifndef CMD_RUN_TRANSFER_LANE_H
#define CMD_RUN_TRANSFER_LANE_H

#include "cmd/run/lane.h"
#include "cmd/run/transfer.h"

/* Its context. */
struct transfer_work {
    struct transfer *transfer;
    const struct transfer_steps *steps;
};

extern const struct lane_work transfer_work;

#endif
