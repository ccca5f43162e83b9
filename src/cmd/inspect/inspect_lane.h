/* SPDX-License-Identifier: MIT */
/* The work of an inspection with keys, in lanes and in order. */
#ifndef CMD_INSPECT_INSPECT_LANE_H
#define CMD_INSPECT_INSPECT_LANE_H

#include "cmd/run/lane.h"

/* Its context is the inspection. */
extern const struct lane_work inspect_work;

#endif
