/* SPDX-License-Identifier: MIT */
/* Staging keys: appending three letters to a name can produce any slot.
 *
 * CRC16 is linear: the CRC of a name and three letters is the CRC of the name and three zero bytes, xor the
 * CRC of the letters alone. So one table, from slots to letters with that CRC, serves all names. */
#include "replay/staging_key.h"

#include "base/bytes.h"
#include <pthread.h>
#include <rdbferry/replay.h>
#include <rdbferry/slot.h>
#include <stdio.h>

enum { LETTERS = 3 };

static uint8_t letters_of[RF_SLOTS][LETTERS];

static void make_table(void)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    enum { SIZE = sizeof alphabet - 1 };
    for (unsigned i = 0; i < SIZE * SIZE * SIZE; i++) {
        const uint8_t letters[LETTERS] = {(uint8_t)alphabet[i % SIZE], (uint8_t)alphabet[i / SIZE % SIZE],
                                          (uint8_t)alphabet[i / SIZE / SIZE]};
        memcpy(letters_of[rf_slot_of(slice_of(letters, LETTERS))], letters, LETTERS);
    }
}

static const char mark[] = ":rdbferry:";
enum { MARK = sizeof mark - 1 };

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* From the end: three letters, ":", the run, the mark. */
bool rf_replay_is_temporary(rf_slice name)
{
    size_t at = name.len, run;
    while (at > 0 && name.len - at < LETTERS && is_letter(name.ptr[at - 1]))
        at--;
    if (name.len - at != LETTERS || at == 0 || name.ptr[--at] != ':')
        return false;
    for (run = at; at > 0 && is_letter(name.ptr[at - 1]); at--)
        ;
    return at < run && at >= MARK && memcmp(name.ptr + at - MARK, mark, MARK) == 0;
}

/* Servers quote the beginning of a command that they reject. */
void staging_key_hide(char *text, const char *run)
{
    char suffix[64];
    int length = snprintf(suffix, sizeof suffix, "%s%.40s:", mark, run);
    for (char *at = text; (at = strstr(at, suffix));) {
        char *end = at + length;
        for (int i = 0; i < LETTERS && is_letter((uint8_t)*end); i++)
            end++;
        memmove(at, end, strlen(end) + 1);
    }
}

bool staging_key_make(rf_slice key, const char *run, struct buffer *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const uint8_t zeros[LETTERS];
    pthread_once(&once, make_table);
    out->len = 0;
    if (!buffer_append(out, key) || !buffer_append(out, slice_of(mark, MARK)) ||
        !buffer_append(out, slice_of(run, strlen(run))) || !buffer_append(out, SLICE(":")) ||
        !buffer_append(out, slice_of(zeros, LETTERS)))
        return false;
    unsigned slot = rf_slot_of(key) ^ rf_slot_of(buffer_slice(out));
    memcpy(out->data + out->len - LETTERS, letters_of[slot], LETTERS);
    return true;
}
