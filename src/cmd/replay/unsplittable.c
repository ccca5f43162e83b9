/* SPDX-License-Identifier: MIT */
#include "cmd/replay/unsplittable.h"
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include <stdio.h>
#include <string.h>

enum { KEYS_NAMED = 4, NAME_TEXT = 48, KEYS_TEXT = KEYS_NAMED * (NAME_TEXT + 4) + 24, REASON_TEXT = 768 };

/* "'a', 'b' and 3 more" */
static void format_keys(const rf_refused_command *refused, char *out, size_t size)
{
    size_t length = 0, named = refused->key_count < KEYS_NAMED ? refused->key_count : KEYS_NAMED;
    char name[NAME_TEXT];
    *out = '\0';
    for (size_t i = 0; i < named && length < size; i++) {
        escape_name(refused->keys[i].key, name, sizeof name);
        length += (size_t)snprintf(out + length, size - length, "%s'%s'", i ? ", " : "", name);
    }
    if (refused->key_count > named && length < size)
        snprintf(out + length, size - length, " and %zu more", refused->key_count - named);
}

/* "left out, of keys 'a', 'b': its keys are in slots 1 and 2: the first is 'b'". The message begins with the
 * command's name. */
static void format_reason(const rf_refused_command *refused, char *out, size_t size)
{
    const rf_error *why = refused->why;
    const char *name_end = strstr(why->message, ": ");
    char keys[KEYS_TEXT];
    format_keys(refused, keys, sizeof keys);
    snprintf(out, size, "left out, of keys %s: %.160s%s%s%s", keys, name_end ? name_end + 2 : why->message,
             *why->key ? " '" : "", why->key, *why->key ? "'" : "");
}

/* What an earlier run had done with was reported by it. */
static rf_code on_refused(void *ctx, size_t input, const rf_refused_command *refused, rf_error *error)
{
    struct replay *r = ctx;
    const rf_position position = {(uint32_t)input, refused->command->offset};
    char reason[REASON_TEXT];
    for (size_t i = 0; replay_options_compare(r->options) && i < refused->key_count; i++)
        key_set_add(&r->failed_keys, refused->keys[i].db, refused->keys[i].key);
    if (rf_position_before(position, r->position.start))
        return RF_OK;
    format_reason(refused, reason, sizeof reason);
    TRY(replay_reserve(r, position, true, error));
    r->counts.put++;
    return rf_replay_refuse(r->engine, position.input, refused->command, reason,
                            !r->options->common.keys.rewrite, error);
}

void unsplittable_begin(struct replay *r)
{
    if (r->options->skip_unsplittable)
        r->session.refused_commands = (struct refused_commands){on_refused, r};
}
