/* SPDX-License-Identifier: MIT */
/* Three letters for every slot: as a key, or as its hash tag, they are in that slot. */
#ifndef REPLAY_SLOT_LETTERS_H
#define REPLAY_SLOT_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

enum { SLOT_LETTERS = 3 };

/* Not terminated. */
const uint8_t *slot_letters(unsigned slot);

/* Whether a byte is a letter or a digit. */
bool is_slot_letter(uint8_t c);

#endif
