/* SPDX-License-Identifier: MIT */
/* Staging keys: appending three letters to a name can produce any slot.
 *
 * CRC16 is linear: the CRC of a name and three letters is the CRC of the name and three zero bytes, xor the
 * CRC of the letters alone. So one table, from slots to letters with that CRC, serves all names. */
#include "replay/staging_key.h"

#include "base/bytes.h"
#include "replay/position_key.h"
#include "replay/slot_letters.h"
#include <rdbferry/replay.h>
#include <rdbferry/slot.h>
#include <stdio.h>

static const char mark[] = ":rdbferry:";
enum { MARK = sizeof mark - 1 };

/* From the end: three letters, ":", the run, the mark. */
static bool is_staging_key(rf_slice name)
{
    size_t at = name.len, run;
    while (at > 0 && name.len - at < SLOT_LETTERS && is_slot_letter(name.ptr[at - 1]))
        at--;
    if (name.len - at != SLOT_LETTERS || at == 0 || name.ptr[--at] != ':')
        return false;
    for (run = at; at > 0 && is_slot_letter(name.ptr[at - 1]); at--)
        ;
    return at < run && at >= MARK && memcmp(name.ptr + at - MARK, mark, MARK) == 0;
}

bool rf_replay_is_temporary(rf_slice name)
{
    return is_staging_key(name) || is_position_key(name);
}

/* Servers quote the beginning of a command that they reject. */
void staging_key_hide(char *text, const char *run)
{
    char suffix[64];
    int length = snprintf(suffix, sizeof suffix, "%s%.40s:", mark, run);
    for (char *at = text; (at = strstr(at, suffix));) {
        char *end = at + length;
        for (int i = 0; i < SLOT_LETTERS && is_slot_letter((uint8_t)*end); i++)
            end++;
        memmove(at, end, strlen(end) + 1);
    }
}

bool staging_key_make(rf_slice key, const char *run, struct buffer *out)
{
    static const uint8_t zeros[SLOT_LETTERS];
    out->len = 0;
    if (!buffer_append(out, key) || !buffer_append(out, slice_of(mark, MARK)) ||
        !buffer_append(out, slice_of(run, strlen(run))) || !buffer_append(out, SLICE(":")) ||
        !buffer_append(out, slice_of(zeros, SLOT_LETTERS)))
        return false;
    unsigned slot = rf_slot_of(key) ^ rf_slot_of(buffer_slice(out));
    memcpy(out->data + out->len - SLOT_LETTERS, slot_letters(slot), SLOT_LETTERS);
    return true;
}
