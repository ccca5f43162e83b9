/* SPDX-License-Identifier: MIT */
#include "replay/slot_letters.h"

#include "base/bytes.h"
#include <pthread.h>
#include <rdbferry/slot.h>

static uint8_t letters_of[RF_SLOTS][SLOT_LETTERS];

static void make_table(void)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    enum { SIZE = sizeof alphabet - 1 };
    for (unsigned i = 0; i < SIZE * SIZE * SIZE; i++) {
        const uint8_t letters[SLOT_LETTERS] = {(uint8_t)alphabet[i % SIZE],
                                               (uint8_t)alphabet[i / SIZE % SIZE],
                                               (uint8_t)alphabet[i / SIZE / SIZE]};
        memcpy(letters_of[rf_slot_of(slice_of(letters, SLOT_LETTERS))], letters, SLOT_LETTERS);
    }
}

const uint8_t *slot_letters(unsigned slot)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_table);
    return letters_of[slot];
}

bool is_slot_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
