/* SPDX-License-Identifier: MIT */
/* Marks the functions that the shared library exports; all others are hidden. In C++ they have C linkage. */
#ifndef RDBFERRY_API_H
#define RDBFERRY_API_H

#ifdef __cplusplus
#define RF_API extern "C" __attribute__((visibility("default")))
#else
#define RF_API __attribute__((visibility("default")))
#endif

#endif
