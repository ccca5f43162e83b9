/* SPDX-License-Identifier: MIT */
/* The window of a pipeline against servers that take so long for a round trip, and so long for each byte. */
#include "replay/send_window.h"

#include <criterion/criterion.h>

enum { MOST = 4 * 1024 * 1024, BLOCK = 16 * 1024 };

TestSuite(send_window);

/* Writes as much as there is room for, sends it, and releases a block when it is answered. Returns for how
 * many of the blocks the server had to wait. */
static unsigned idle_blocks(struct send_window *w, uint64_t most, int64_t trip_us, int64_t block_us)
{
    enum { BLOCKS = 4000 };
    static int64_t arrives_us[BLOCKS];
    uint64_t sent = 0, released = 0;
    int64_t now_us = 1, served_us = 0;
    unsigned idle = 0;
    for (; released < BLOCKS; released++) {
        while (sent < BLOCKS && send_window_has_room(w, (sent - released) * BLOCK, most)) {
            arrives_us[sent++] = now_us + trip_us / 2;
            send_window_sent(w, sent * BLOCK, now_us);
        }
        if (released > BLOCKS / 2 && released < BLOCKS - MOST / BLOCK)
            idle += served_us < arrives_us[released];
        served_us = (served_us < arrives_us[released] ? arrives_us[released] : served_us) + block_us;
        now_us = served_us + trip_us / 2;
        send_window_released(w, (released + 1) * BLOCK, now_us);
    }
    return idle;
}

Test(send_window, of_a_near_server_stays_small)
{
    struct send_window w = {0};
    cr_assert_eq(idle_blocks(&w, MOST, 50, 500), 0);
    cr_assert_eq(w.size, SEND_WINDOW_MIN);
}

Test(send_window, of_a_distant_server_grows_until_it_is_busy)
{
    struct send_window w = {0};
    cr_assert_eq(idle_blocks(&w, MOST, 20000, 500), 0);
    cr_assert_gt(w.size, 20000 / 500 * BLOCK);
}

Test(send_window, never_grows_beyond_its_limit)
{
    struct send_window w = {0};
    cr_assert_gt(idle_blocks(&w, MOST, 1000000, 500), 0);
    cr_assert_eq(w.size, MOST);
    w = (struct send_window){0};
    idle_blocks(&w, SEND_WINDOW_MIN, 1000000, 500);
    cr_assert_eq(w.size, SEND_WINDOW_MIN);
}

/* Half of it has to be released before more may be written. */
Test(send_window, is_full_until_it_is_half_empty)
{
    struct send_window w = {0};
    cr_assert(send_window_has_room(&w, SEND_WINDOW_MIN - 1, MOST));
    cr_assert_not(send_window_has_room(&w, SEND_WINDOW_MIN, MOST));
    cr_assert_not(send_window_has_room(&w, SEND_WINDOW_MIN / 2, MOST));
    cr_assert(send_window_has_room(&w, SEND_WINDOW_MIN / 2 - 1, MOST));
}

/* A window that is never full says nothing about the server. */
Test(send_window, does_not_grow_where_it_is_no_limit)
{
    struct send_window w = {0};
    for (uint64_t position = 1; position < 100; position++) {
        cr_assert(send_window_has_room(&w, 1, MOST));
        send_window_sent(&w, position, (int64_t)position);
        send_window_released(&w, position, (int64_t)position);
    }
    cr_assert_eq(w.size, SEND_WINDOW_MIN);
}
