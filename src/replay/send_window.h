/* SPDX-License-Identifier: MIT */
/* How many bytes a pipeline may keep: enough for the connection never to be idle, and not many more. What
 * waits in the server's buffers makes nothing faster; but it takes memory, and the caches of processors that
 * the server may share. So the window is small until it proves to be the limit: as long as the bytes of a
 * full window take hardly longer from being sent to being answered than few bytes took, the server waits for
 * more. */
#ifndef REPLAY_SEND_WINDOW_H
#define REPLAY_SEND_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum { SEND_WINDOW_MIN = 256 * 1024 }; /* bytes that every pipeline may keep */

struct send_window {
    uint64_t size;       /* in bytes */
    uint64_t measured;   /* the position whose round trip is measured; 0: none */
    int64_t sent_us;     /* when it was sent */
    int64_t shortest_us; /* the shortest round trip; 0: none */
    bool full;           /* more was kept than the window allows, and not much less since */
};

/* Whether a pipeline that keeps so many bytes may write more. A full one may not until it is half empty, so
 * that work is not done in small pieces. `most`: how large the window may ever be. */
bool send_window_has_room(struct send_window *window, uint64_t kept, uint64_t most);

/* Everything before this position was sent. */
void send_window_sent(struct send_window *window, uint64_t position, int64_t now_us);

/* Everything before this position was released. */
void send_window_released(struct send_window *window, uint64_t position, int64_t now_us);

#endif
