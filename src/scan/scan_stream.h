/* SPDX-License-Identifier: MIT */
/* The copy as an RDB, assembled while it is read:
 *
 *   header  AUX*  FUNCTION2*  (SELECTDB? EXPIRETIME_MS? record)*  EOF  CRC-64
 *
 * The records are read from the store in the order in which the keys were added. */
#ifndef SCAN_SCAN_STREAM_H
#define SCAN_SCAN_STREAM_H

#include "io/source.h"
#include "scan/internal.h"

/* `scan` must outlive the origin. */
rf_code scan_stream_open(const rf_scan *scan, struct origin **out, rf_error *error);

#endif
