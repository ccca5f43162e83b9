/* SPDX-License-Identifier: MIT */
/* Joins the words of a name. */
#include "command/command_name.h"
#include <string.h>

static bool is_word(rf_slice text)
{
    return text.len > 0 && !memchr(text.ptr, '\0', text.len) && !memchr(text.ptr, ' ', text.len);
}

bool command_name_of(const rf_entry *command, size_t words, char out[COMMAND_NAME_SIZE])
{
    size_t length = 0;
    if (command->argc < words)
        return false;
    for (size_t i = 0; i < words; i++) {
        rf_slice word = command->argv[i];
        if (!is_word(word) || length + word.len + 2 > COMMAND_NAME_SIZE)
            return false;
        if (i > 0)
            out[length++] = ' ';
        memcpy(out + length, word.ptr, word.len);
        length += word.len;
    }
    out[length] = '\0';
    return true;
}
