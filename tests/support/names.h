/* SPDX-License-Identifier: MIT */
/* A name server as slow as a test wants it. */
#ifndef TESTS_NAMES_H
#define TESTS_NAMES_H

/* Names that end with ".test" are those of 127.0.0.1: after this has returned, where it is set. It is called
 * in the thread that looks the name up. */
extern void (*names_hook)(const char *port);

#endif
