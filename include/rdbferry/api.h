/* SPDX-License-Identifier: MIT */
/* Marks the functions that the shared library exports; all others are hidden. */
#ifndef RDBFERRY_API_H
#define RDBFERRY_API_H

#define RF_API __attribute__((visibility("default")))

#endif
