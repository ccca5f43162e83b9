/* SPDX-License-Identifier: MIT */
#include "replay/send_window.h"

/* A round trip is noticed late, as the loop waits for more than one reply. */
enum { DELAY_US = 1000 };

bool send_window_has_room(struct send_window *w, uint64_t kept, uint64_t most)
{
    w->size = w->size < SEND_WINDOW_MIN ? SEND_WINDOW_MIN : w->size < most ? w->size : most;
    w->full = kept >= (w->full ? w->size / 2 : w->size);
    return !w->full;
}

void send_window_sent(struct send_window *w, uint64_t position, int64_t now_us)
{
    if (w->measured)
        return;
    w->measured = position;
    w->sent_us = now_us;
}

void send_window_released(struct send_window *w, uint64_t position, int64_t now_us)
{
    if (w->measured == 0 || position < w->measured)
        return;
    int64_t us = now_us - w->sent_us;
    w->measured = 0;
    if (w->shortest_us == 0 || us < w->shortest_us)
        w->shortest_us = us;
    else if (w->full && us < w->shortest_us * 3 / 2 + DELAY_US)
        w->size *= 2;
}
