/* SPDX-License-Identifier: MIT */
/* Marks for the functions that the shared library exports; everything else is hidden. */
#ifndef RDBFERRY_API_H
#define RDBFERRY_API_H

#define RF_API __attribute__((visibility("default")))

#endif
