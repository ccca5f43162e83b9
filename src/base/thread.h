/* SPDX-License-Identifier: MIT */
/* Starting the threads of a pipeline. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* Starts a thread with every signal blocked: signals are delivered to the program's own threads, and a write
 * to a closed pipe is an error instead of terminating the process. Returns 0 or an errno value. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
